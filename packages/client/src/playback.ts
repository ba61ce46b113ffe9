/** One person's voice at the loudspeaker, and what of it has been played. */

/** Level of a voice that sounds, of an `RTCRtpSynchronizationSource`: 0 to 1, −50 dBFS. */
const soundingLevel = 0.003;

/** How long a voice counts as sounding after its last sound, in milliseconds: reports cover the pauses between words. */
const soundingHoldMs = 1_000;

export interface PlayedPosition {
  readonly rtpTimestamp: number;
  /** When that was played, and now, in milliseconds on one clock. */
  readonly atMs: number;
  readonly nowMs: number;
}

export class Playback {
  readonly uid: string;
  readonly receiver: RTCRtpReceiver;
  readonly stream: MediaStream;
  readonly element: HTMLAudioElement;
  #playing = false;
  #lastSoundMs = -Infinity;

  constructor(uid: string, receiver: RTCRtpReceiver, element: HTMLAudioElement) {
    this.uid = uid;
    this.receiver = receiver;
    this.element = element;
    this.stream = new MediaStream([receiver.track]);
    element.srcObject = this.stream;
  }

  get playing(): boolean {
    return this.#playing;
  }

  /** Resolves with false where the browser wants a gesture of the person's first. */
  async play(): Promise<boolean> {
    try {
      await this.element.play();
      this.#playing = true;
    } catch (error) {
      // AbortError: the element was closed or took another stream meanwhile.
      if (error instanceof Error && error.name === "AbortError") return true;
      return false;
    }
    return true;
  }

  /** Whether the voice sounds, or did a moment ago. Always, where the browser tells no level. */
  sounding(nowMs: number): boolean {
    const [source] = this.receiver.getSynchronizationSources();
    if (source !== undefined && (source.audioLevel ?? 1) > soundingLevel) this.#lastSoundMs = nowMs;
    return nowMs - this.#lastSoundMs < soundingHoldMs;
  }

  /** The latest RTP timestamp that reached the loudspeaker; undefined before the first. */
  position(): PlayedPosition | undefined {
    const [source] = this.receiver.getSynchronizationSources();
    if (source === undefined) return undefined;
    // Browsers have counted this from the page's start and from 1970; its size tells which.
    const sinceEpoch = source.timestamp > 1e11;
    const nowMs = performance.now() + (sinceEpoch ? performance.timeOrigin : 0);
    return { rtpTimestamp: source.rtpTimestamp, atMs: Math.max(0, source.timestamp), nowMs };
  }

  close(): void {
    this.#playing = false;
    this.element.pause();
    this.element.srcObject = null;
  }
}
