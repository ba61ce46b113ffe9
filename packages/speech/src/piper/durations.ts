/** Makes the exported voice tell how long it speaks each symbol, which it works out but keeps to itself. */

/** Tensor of the exported graph: frames of 256 samples for each input symbol, float32 [1, 1, T]. */
export const DURATIONS = "/Ceil_output_0";

// ONNX is protobuf, where a message followed by another of its kind is the two merged: what is repeated is appended.
// So these few bytes, ModelProto.graph (7) { output (12) { name (1), type (2) { tensor_type (1) { elem_type (1) = FLOAT } } } },
// behind the model add one output to its graph (onnx.proto3; protobuf.dev/programming-guides/encoding, "Last One Wins").
const GRAPH = 7;
const OUTPUT = 12;
const FLOAT = 1;

/** The model with the durations among its outputs: to be loaded in place of `model` itself. */
export function withDurations(model: Uint8Array): Uint8Array {
  const type = field(2, field(1, Uint8Array.of(1 << 3, FLOAT)));
  const output = concat(field(1, new TextEncoder().encode(DURATIONS)), type);
  return concat(model, field(GRAPH, field(OUTPUT, output)));
}

/** A length-delimited field of fewer than 128 bytes. */
function field(number: number, content: Uint8Array): Uint8Array {
  return concat(Uint8Array.of((number << 3) | 2, content.length), content);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
