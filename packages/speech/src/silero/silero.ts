/** Silero VAD v6: the probability of voice in 32 ms of audio, for many streams in one run. */
import * as ort from "onnxruntime-node";

/** Samples in one step, at 16 kHz. */
export const STEP_SAMPLES = 512;
/** Samples of the step before that the model sees again. Without them its errors double. */
const CONTEXT_SAMPLES = 64;
const INPUT_SAMPLES = CONTEXT_SAMPLES + STEP_SAMPLES;
/** Width of each of the two recurrent states. */
const STATE = 128;

/** What the model remembers of one stream. */
interface Memory {
  readonly context: Float32Array;
  readonly state: Float32Array;
}

export interface Silero {
  /** One step for each stream named; a stream is named once. Unknown streams begin. Answers in the same order. */
  step(streams: readonly number[], pcm: Int16Array): Promise<Float32Array>;
  forget(stream: number): void;
}

export function createSilero(session: ort.InferenceSession): Silero {
  const memories = new Map<number, Memory>();
  const rate = new ort.Tensor("int64", BigInt64Array.of(16_000n), []);

  return {
    async step(streams, pcm) {
      const batch = streams.length;
      const input = new Float32Array(batch * INPUT_SAMPLES);
      const state = new Float32Array(2 * batch * STATE);
      const remembered = streams.map((stream) => {
        const memory = memories.get(stream) ?? { context: new Float32Array(CONTEXT_SAMPLES), state: new Float32Array(2 * STATE) };
        memories.set(stream, memory);
        return memory;
      });
      remembered.forEach((memory, index) => {
        const at = index * INPUT_SAMPLES;
        input.set(memory.context, at);
        for (let sample = 0; sample < STEP_SAMPLES; sample++) {
          input[at + CONTEXT_SAMPLES + sample] = (pcm[index * STEP_SAMPLES + sample] ?? 0) / 32_768;
        }
        memory.context.set(input.subarray(at + STEP_SAMPLES, at + INPUT_SAMPLES));
        for (const layer of [0, 1]) state.set(memory.state.subarray(layer * STATE, (layer + 1) * STATE), (layer * batch + index) * STATE);
      });
      const result = await session.run({
        input: new ort.Tensor("float32", input, [batch, INPUT_SAMPLES]),
        state: new ort.Tensor("float32", state, [2, batch, STATE]),
        sr: rate,
      });
      const next = floats(result["stateN"]);
      remembered.forEach((memory, index) => {
        for (const layer of [0, 1]) {
          const from = (layer * batch + index) * STATE;
          memory.state.set(next.subarray(from, from + STATE), layer * STATE);
        }
      });
      return floats(result["output"]);
    },
    forget(stream) {
      memories.delete(stream);
    },
  };
}

function floats(tensor: ort.Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError("The VAD model answered with something other than floats");
  return tensor.data;
}
