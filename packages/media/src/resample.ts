/** Streaming change of sample rate, on the Speex resampler (WASM): in place with the input, without clicks between chunks. */
import loadSpeex from "@echogarden/speex-resampler-wasm/simd";

/** Of 0 to 10. Measured on sines up to .42 of the lower rate: 89 dB, as much as 16 bits hold. */
const QUALITY = 5;
/** Samples that go in, and come out, of the native code at once. */
const BLOCK = 4096;

// Compiled on import (15 ms), so that everything from here on is synchronous.
const speex = await loadSpeex();
const input = speex._malloc(BLOCK * 2);
const output = speex._malloc(BLOCK * 2);
const lengths = speex._malloc(8);

export interface Resampler extends Disposable {
  /** Takes samples, returns those that are ready: 2 to 4 ms of sound stay inside. */
  process(pcm: Int16Array): Int16Array;
  /** Ends the stream and returns the rest: all in all as many samples as the input's duration asks for. */
  flush(): Int16Array;
}

/** Mono, 16 bits. Rates in hertz, 1000 to 384,000. Flush it or dispose of it: its memory is native. */
export function createResampler(fromRate: number, toRate: number): Resampler {
  for (const rate of [fromRate, toRate]) {
    if (!Number.isInteger(rate) || rate < 1000 || rate > 384_000) throw new RangeError(`The sample rate ${rate} is not 1000 to 384000 Hz`);
  }
  return fromRate === toRate ? new Unchanged() : new SpeexStream(fromRate, toRate);
}

/** Resamples a whole recording. */
export function resample(pcm: Int16Array, fromRate: number, toRate: number): Int16Array {
  using resampler = createResampler(fromRate, toRate);
  return concatenate([resampler.process(pcm), resampler.flush()]);
}

class Unchanged implements Resampler {
  process(pcm: Int16Array): Int16Array {
    return pcm.slice();
  }

  flush(): Int16Array {
    return new Int16Array(0);
  }

  [Symbol.dispose](): void {}
}

class SpeexStream implements Resampler {
  readonly #ratio: number;
  /** Pointer; 0 once it is freed. */
  #native: number;
  #taken = 0;
  #given = 0;

  constructor(fromRate: number, toRate: number) {
    this.#ratio = toRate / fromRate;
    this.#native = speex._speex_resampler_init(1, fromRate, toRate, QUALITY, lengths);
    if (this.#native === 0)
      throw new Error(`The resampler from ${fromRate} to ${toRate} Hz was not made: code ${speex.HEAPU32[lengths >> 2]}`);
    speex._speex_resampler_skip_zeros(this.#native);
  }

  process(pcm: Int16Array): Int16Array {
    if (this.#native === 0) throw new Error("The resampler was flushed or disposed of");
    const parts: Int16Array[] = [];
    for (let offset = 0; offset < pcm.length;) {
      const block = pcm.subarray(offset, offset + BLOCK);
      speex.HEAP16.set(block, input >> 1);
      speex.HEAPU32.set([block.length, BLOCK], lengths >> 2);
      const code = speex._speex_resampler_process_int(this.#native, 0, input, lengths, output, lengths + 4);
      const [taken = 0, given = 0] = speex.HEAPU32.subarray(lengths >> 2);
      if (code !== 0 || (taken === 0 && given === 0)) throw new Error(`The resampler failed: code ${code}`);
      parts.push(speex.HEAP16.slice(output >> 1, (output >> 1) + given));
      offset += taken;
      this.#given += given;
    }
    this.#taken += pcm.length;
    return concatenate(parts);
  }

  flush(): Int16Array {
    if (this.#native === 0) return new Int16Array(0);
    const missing = Math.max(0, Math.round(this.#taken * this.#ratio) - this.#given);
    const rest = this.process(new Int16Array(2 * speex._speex_resampler_get_input_latency(this.#native)));
    this[Symbol.dispose]();
    return rest.slice(0, missing);
  }

  [Symbol.dispose](): void {
    if (this.#native !== 0) speex._speex_resampler_destroy(this.#native);
    this.#native = 0;
  }
}

function concatenate(parts: readonly Int16Array[]): Int16Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
