/** Samples to bytes and back, in the formats that the wire knows. */

export type Encoding = "audio/pcm" | "audio/pcmu" | "audio/pcma";

/** The bytes of samples (16 bits, little-endian, as every platform with a JavaScript engine stores them), or bytes as they are. */
export function bytesOf(audio: Int16Array | Uint8Array): Uint8Array {
  return audio instanceof Uint8Array ? audio : new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength);
}

/** Samples of a chunk in this encoding. An odd last byte of PCM, which no server sends, is left out. */
export function samplesOf(bytes: Uint8Array<ArrayBuffer>, encoding: Encoding): Int16Array<ArrayBuffer> {
  if (encoding === "audio/pcm") return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
  return Int16Array.from(bytes, encoding === "audio/pcmu" ? fromMuLaw : fromALaw);
}

// ITU-T G.711, table 2a: sign, exponent and mantissa, all bits inverted.
function fromMuLaw(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 0x0f) << 3) + 0x84) << ((inverted >> 4) & 0x07)) - 0x84;
  return (inverted & 0x80) === 0 ? magnitude : -magnitude;
}

// ITU-T G.711, table 1a: even bits inverted.
function fromALaw(code: number): number {
  const inverted = code ^ 0x55;
  const exponent = (inverted >> 4) & 0x07;
  const mantissa = ((inverted & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (inverted & 0x80) === 0 ? -magnitude : magnitude;
}
