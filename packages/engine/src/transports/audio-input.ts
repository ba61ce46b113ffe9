/** A client's audio on its way in: base64 chunks of an agreed format become samples of 16 kHz, or an error that says why not. Pure. */
import { createResampler, decodeG711, type Resampler } from "@parley/media";
import { INPUT_RATE } from "../core/frame.ts";
import { foreignHeader, isFloat32 } from "./audio-input-foreign.ts";
import { Bucket, RateWatch, type RateMismatch } from "./audio-input-pace.ts";

/** Mono. PCM is of 16 bits, little-endian; µ-law and A-law are G.711. */
export type AudioFormat =
  | { readonly encoding: "audio/pcm"; readonly sampleRate: 8000 | 16_000 | 24_000 | 48_000 }
  | { readonly encoding: "audio/pcmu" | "audio/pcma"; readonly sampleRate: 8000 };

export interface AudioProblem {
  /** Chunk dropped; surplus dropped; nothing dropped, but it is being misheard. */
  readonly code: "invalid-audio" | "audio-rate-violation" | "audio-rate-mismatch";
  readonly message: string;
}

export interface HeardAudio {
  /** At {@link INPUT_RATE}: what the chunk has completed. 2 to 4 ms of it may still be inside the resampler. */
  readonly pcm: Int16Array;
  readonly problems: readonly AudioProblem[];
}

/** The same problem is not told again sooner than this, in milliseconds: chunks come up to 200 times a second. */
const violationMs = 1000;
const invalidMs = 1000;
const foreignMs = 10_000;
/** Samples below this, root mean square, are a quiet room in any format. */
const quietRms = 500;
/** Neighbouring samples of sound resemble each other this much at least; of compressed audio they do not at all. */
const leastLikeness = 0.5;
const minSamples = 32;

export class AudioInput implements Disposable {
  readonly #bucket = new Bucket();
  #format: AudioFormat;
  #watch: RateWatch;
  #resampler: Resampler;
  /** The first byte of a sample whose second comes with the next chunk. */
  #odd: number | undefined;
  /** Compressed audio or floats have come: chunks are dropped until one sounds like the agreed format. */
  #foreign = false;
  readonly #toldAt = new Map<string, number>();
  #droppedMs = 0;
  #takenMs = 0;

  constructor(format: AudioFormat) {
    this.#format = format;
    this.#watch = new RateWatch(format.sampleRate);
    this.#resampler = createResampler(format.sampleRate, INPUT_RATE);
  }

  get format(): AudioFormat {
    return this.#format;
  }

  /** Audio that was taken until now, in milliseconds. */
  get takenMs(): number {
    return this.#takenMs;
  }

  /** The next chunk has this format; returns the rest of what came in the old one. */
  change(format: AudioFormat): Int16Array {
    if (format.encoding === this.#format.encoding && format.sampleRate === this.#format.sampleRate) return new Int16Array();
    const rest = this.#resampler.flush();
    this.#format = format;
    this.#watch = new RateWatch(format.sampleRate);
    this.#resampler = createResampler(format.sampleRate, INPUT_RATE);
    this.#odd = undefined;
    this.#foreign = false;
    return rest;
  }

  /** The client has fallen silent: returns what the resampler still had of the last chunk. */
  rest(): Int16Array {
    const rest = this.#resampler.flush();
    this.#resampler = createResampler(this.#format.sampleRate, INPUT_RATE);
    return rest;
  }

  /** One chunk at session time `at`. `roomMs`: more than this cannot be kept and counts as sent too fast. */
  take(base64: string, at: number, roomMs = Number.POSITIVE_INFINITY): HeardAudio {
    const bytes = Buffer.from(base64, "base64");
    if (bytes.length === 0 || bytes.toString("base64") !== base64) return this.#invalid(base64Fault(base64), at);
    const foreign = foreignHeader(bytes);
    if (foreign !== undefined) {
      this.#foreign = !foreign.holdsPcm;
      return this.#unexpected(foreign.name, at);
    }
    if (this.#format.encoding === "audio/pcm" && isFloat32(bytes)) {
      this.#foreign = true;
      return this.#unexpected("samples of 32-bit floats", at);
    }
    if (this.#foreign && !soundsRight(this.#samples(bytes))) return nothing;
    this.#foreign = false;
    return this.#hear(bytes, at, roomMs);
  }

  [Symbol.dispose](): void {
    this.#resampler[Symbol.dispose]();
  }

  #hear(bytes: Buffer, at: number, roomMs: number): HeardAudio {
    const samples = this.#whole(bytes);
    const perMs = this.#format.sampleRate / 1000;
    const ms = samples.length / perMs;
    const problems: AudioProblem[] = [];
    const mismatch = this.#watch.take(
      ms,
      at,
      samples.some((sample) => Math.abs(sample) > 8),
    );
    if (mismatch !== undefined) problems.push({ code: "audio-rate-mismatch", message: this.#describe(mismatch) });

    const allowed = Math.floor(Math.min(this.#bucket.take(ms, at), Math.max(0, roomMs)) * perMs + 1e-6);
    const taken = samples.subarray(0, allowed);
    this.#takenMs += taken.length / perMs;
    this.#droppedMs += (samples.length - taken.length) / perMs;
    if (taken.length < samples.length && this.#mayTell("violation", at, violationMs)) {
      problems.push({
        code: "audio-rate-violation",
        message: `${Math.round(this.#droppedMs)} ms of audio were dropped: it comes faster than real time (1.25 times for long, 10 s at once)`,
      });
      this.#droppedMs = 0;
    }
    return { pcm: this.#resampler.process(taken), problems };
  }

  /** The chunk's samples, with the byte that was left over and without the one that is now. */
  #whole(bytes: Buffer): Int16Array {
    if (this.#format.encoding !== "audio/pcm") return this.#samples(bytes);
    const joined = this.#odd === undefined ? bytes : Buffer.concat([Uint8Array.of(this.#odd), bytes]);
    this.#odd = joined.length % 2 === 0 ? undefined : joined.at(-1);
    return this.#samples(joined);
  }

  #samples(bytes: Buffer): Int16Array {
    switch (this.#format.encoding) {
      case "audio/pcmu":
        return decodeG711(bytes, "µ-law");
      case "audio/pcma":
        return decodeG711(bytes, "A-law");
      case "audio/pcm": {
        const samples = new Int16Array(bytes.length >> 1);
        for (let index = 0; index < samples.length; index += 1) samples[index] = bytes.readInt16LE(index * 2);
        return samples;
      }
    }
  }

  #invalid(message: string, at: number): HeardAudio {
    return this.#mayTell("invalid", at, invalidMs) ? { ...nothing, problems: [{ code: "invalid-audio", message }] } : nothing;
  }

  #unexpected(found: string, at: number): HeardAudio {
    // Whatever half sample there was, it does not go with what comes after this.
    this.#odd = undefined;
    if (!this.#mayTell(found, at, foreignMs)) return nothing;
    const message = `The audio is ${found}; ${described(this.#format)} without any header was expected. What came is dropped.`;
    return { ...nothing, problems: [{ code: "invalid-audio", message }] };
  }

  #mayTell(what: string, at: number, everyMs: number): boolean {
    const told = this.#toldAt.get(what);
    if (told !== undefined && at - told < everyMs) return false;
    this.#toldAt.set(what, at);
    return true;
  }

  #describe({ ratio, actualRate, overMs }: RateMismatch): string {
    const { sampleRate } = this.#format;
    const channels = actualRate === sampleRate * 2 ? ", or two channels," : "";
    return (
      `For ${Math.round(overMs / 1000)} s the audio has come at ${ratio.toFixed(2)} times real time: ` +
      `${actualRate} Hz${channels} seem to be sent as ${sampleRate} Hz. It is misheard. ` +
      `Send ${described(this.#format)}, or declare the format that is sent.`
    );
  }
}

const nothing: HeardAudio = { pcm: new Int16Array(), problems: [] };

function described({ encoding, sampleRate }: AudioFormat): string {
  switch (encoding) {
    case "audio/pcm":
      return `audio/pcm (16-bit signed little-endian, mono) at ${sampleRate} Hz`;
    case "audio/pcmu":
      return "audio/pcmu (G.711 µ-law, mono) at 8000 Hz";
    case "audio/pcma":
      return "audio/pcma (G.711 A-law, mono) at 8000 Hz";
  }
}

/** What is wrong with text that is not base64 as RFC 4648, section 4, has it. */
function base64Fault(text: string): string {
  if (text === "") return "The audio is empty";
  if (text.startsWith("data:")) return "The audio is a data URL; the base64 after its comma alone was expected";
  const at = text.search(/[^A-Za-z0-9+/]/);
  const character = text[at];
  if (character !== undefined && character !== "=") {
    const hint = character === "-" || character === "_" ? " (that is base64url)" : "";
    return `The audio is not base64: character ${at} is ${JSON.stringify(character)}${hint}`;
  }
  if (text.length % 4 !== 0) return `The audio is not base64: its length of ${text.length} is no multiple of 4, padding counted`;
  return "The audio is not base64: its end or its padding cannot be";
}

/** Sound, or silence: the samples follow each other smoothly, as those of compressed audio and of floats do not. */
function soundsRight(samples: Int16Array): boolean {
  if (samples.length < minSamples) return false;
  let energy = 0;
  let product = 0;
  let last = 0;
  for (const sample of samples) {
    energy += sample * sample;
    product += sample * last;
    last = sample;
  }
  return Math.sqrt(energy / samples.length) < quietRms || product / energy > leastLikeness;
}
