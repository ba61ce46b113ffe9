/** What a caller hears of one uid: packets into frames, and how far it has listened. */
import { openOpusDecoder, readRtp, Receiver, type OpusDecoder } from "@parley/media";

/** Hertz of what is heard. */
export const EAR_RATE = 24_000;

/** 20 ms of somebody's voice as the caller hears it. */
export interface HeardFrame {
  readonly uid: string;
  /** Of the first sample, on the `performance.now()` clock. Frames of one uid follow each other without holes. */
  readonly at: number;
  /** 480 samples at {@link EAR_RATE}. */
  readonly pcm: Int16Array;
  /** Made up where nothing came. */
  readonly concealed: boolean;
}

/** Where listening has got to, as a `played` report says it. */
export interface Position {
  readonly rtpTimestamp: number;
  /** When that sample was heard, on the `performance.now()` clock. */
  readonly atMs: number;
}

export class Ear implements Disposable {
  readonly #uid: string;
  readonly #decoder: OpusDecoder;
  readonly #receiver: Receiver;
  readonly #onFrame: (frame: HeardFrame) => void;
  #position: Position | undefined;

  private constructor(
    uid: string,
    decoder: OpusDecoder,
    codecs: { opus: number; red: number | null },
    onFrame: (frame: HeardFrame) => void,
  ) {
    this.#uid = uid;
    this.#decoder = decoder;
    this.#receiver = new Receiver({ decoder, ...codecs });
    this.#onFrame = onFrame;
  }

  static async open(uid: string, codecs: { opus: number; red: number | null }, onFrame: (frame: HeardFrame) => void): Promise<Ear> {
    return new Ear(uid, await openOpusDecoder(EAR_RATE), codecs, onFrame);
  }

  /** This caller's loudspeaker plays at once what arrives. */
  get position(): Position | undefined {
    return this.#position;
  }

  packet(bytes: Uint8Array, at: number): void {
    const packet = readRtp(bytes);
    if (packet === null) return;
    this.#position = { rtpTimestamp: packet.timestamp, atMs: at };
    this.#pass(this.#receiver.packet(packet, at));
  }

  /** Time has passed: holes are given up. */
  time(at: number): void {
    this.#pass(this.#receiver.time(at));
  }

  [Symbol.dispose](): void {
    this.#decoder[Symbol.dispose]();
  }

  #pass(frames: ReturnType<Receiver["time"]>): void {
    for (const { at, pcm, concealed } of frames) this.#onFrame({ uid: this.#uid, at, pcm, concealed });
  }
}
