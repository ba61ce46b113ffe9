/** A caller's microphone: recorded speech in real time, silence in between, 20 ms Opus packets out. */
import { openOpusEncoder, RTP_UNITS_PER_FRAME, writeRtp, type OpusEncoder } from "@parley/media";

/** Hertz of what is played into the microphone. */
export const MICROPHONE_RATE = 16_000;
const FRAME_MS = 20;
const FRAME_SAMPLES = (MICROPHONE_RATE * FRAME_MS) / 1000;
/** How often the pacer looks, in milliseconds. */
const STEP_MS = 5;
/** A stall longer than this is not made up for: a microphone does not burst either. */
const MAX_CATCH_UP_MS = 200;

/** When something was said, on the `performance.now()` clock: its first sample and the end of its last. */
export interface Said {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Somebody else's sound in place of recordings: asked for 20 ms each time they are due. */
export interface VoiceSource {
  /** Hertz. */
  readonly sampleRate: 16_000 | 24_000;
  /** The next 20 ms; `due` is on the `performance.now()` clock. */
  take(due: number): Int16Array;
}

export interface MicrophoneOptions {
  readonly ssrc: number;
  /** Without one, recordings are said, and silence between them. */
  readonly source?: VoiceSource;
  /** Sends one RTP packet; it may go nowhere while there is no connection. */
  send(packet: Buffer): void;
  payloadType(): number | undefined;
}

interface Recording {
  readonly pcm: Int16Array;
  offset: number;
  startedAt: number;
  readonly done: PromiseWithResolvers<Said>;
}

export class Microphone implements Disposable {
  readonly #options: MicrophoneOptions;
  readonly #encoder: OpusEncoder;
  readonly #timer: NodeJS.Timeout;
  #queue: Recording[] = [];
  #due = performance.now();
  #sequenceNumber = Math.floor(Math.random() * 0x8000);
  #timestamp = Math.floor(Math.random() * 0x8000_0000);
  #closed = false;

  private constructor(options: MicrophoneOptions, encoder: OpusEncoder) {
    this.#options = options;
    this.#encoder = encoder;
    this.#timer = setInterval(() => this.#pace(), STEP_MS);
  }

  static async open(options: MicrophoneOptions): Promise<Microphone> {
    return new Microphone(options, await openOpusEncoder(options.source?.sampleRate ?? MICROPHONE_RATE));
  }

  /** Says this after what is queued, at its own pace; resolves when its last sample has been sent, or the microphone was closed. */
  say(pcm: Int16Array): Promise<Said> {
    const recording: Recording = { pcm, offset: 0, startedAt: 0, done: Promise.withResolvers() };
    if (this.#closed || pcm.length === 0) recording.done.resolve({ startedAt: performance.now(), endedAt: performance.now() });
    else this.#queue.push(recording);
    return recording.done.promise;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { startedAt, done } of this.#queue) done.resolve({ startedAt, endedAt: performance.now() });
    this.#queue = [];
    this.#encoder[Symbol.dispose]();
  }

  #pace(): void {
    const now = performance.now();
    if (now - this.#due > MAX_CATCH_UP_MS) this.#due = now;
    while (this.#due <= now) {
      this.#frame(this.#due);
      this.#due += FRAME_MS;
    }
  }

  /** The frame that a microphone would have filled by `due`. */
  #frame(due: number): void {
    this.#send(this.#options.source?.take(due) ?? this.#recorded(due));
  }

  #recorded(due: number): Int16Array {
    const pcm = new Int16Array(FRAME_SAMPLES);
    const [recording] = this.#queue;
    if (recording !== undefined) {
      if (recording.offset === 0) recording.startedAt = due - FRAME_MS;
      const part = recording.pcm.subarray(recording.offset, recording.offset + FRAME_SAMPLES);
      pcm.set(part);
      recording.offset += part.length;
      if (recording.offset >= recording.pcm.length) {
        this.#queue.shift();
        const endedAt = due - FRAME_MS + (part.length * 1000) / MICROPHONE_RATE;
        recording.done.resolve({ startedAt: recording.startedAt, endedAt });
      }
    }
    return pcm;
  }

  #send(pcm: Int16Array): void {
    this.#timestamp = (this.#timestamp + RTP_UNITS_PER_FRAME) >>> 0;
    const payloadType = this.#options.payloadType();
    if (payloadType === undefined) return;
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    const packet = writeRtp({
      payloadType,
      marker: false,
      sequenceNumber: this.#sequenceNumber,
      timestamp: this.#timestamp,
      ssrc: this.#options.ssrc,
      extensions: [],
      payload: this.#encoder.encode(pcm),
    });
    this.#options.send(packet);
  }
}
