/** The brain's voice on its way to the channel: it comes in bursts, reply by reply, and goes out by the clock. Pure. */

/** Rate of everything here, in hertz. */
export const VOICE_RATE = 24_000;
const FRAME_MS = 20;
const FRAME_SAMPLES = (VOICE_RATE * FRAME_MS) / 1000;
/** Audio that must wait before a reply sounds, or this long after its first has come, in milliseconds: the network stalls now and then. */
const cushionMs = 60;
/** Audio of all replies that may wait, in milliseconds; what is more is lost. Endpoints that send a whole reply at once send a minute or two. */
const maxWaitingMs = 300_000;
/** Fade at a cut, in samples: 5 ms. */
const fadeSamples = VOICE_RATE / 200;

interface Part {
  readonly id: string;
  chunks: Int16Array[];
  offset: number;
  /** Samples that wait. */
  queued: number;
  /** Samples that went out. */
  played: number;
  /** No more will come. */
  ended: boolean;
  /** It sounds: it has its cushion. */
  flowing: boolean;
  waitedMs: number;
}

/** One frame, and what began or ended with it. */
export interface VoiceTaken {
  /** 20 ms at {@link VOICE_RATE}; silence where nothing waits. */
  readonly pcm: Int16Array;
  /** The reply whose first sound is in it. */
  readonly began: string | undefined;
  /** Replies of which nothing is left. */
  readonly ended: readonly PlayedReply[];
}

export interface PlayedReply {
  readonly id: string;
  /** Milliseconds of it that went out. */
  readonly playedMs: number;
}

export class Voice {
  #parts: Part[] = [];
  /** The end of what was cut, fading. */
  #fading: Int16Array | undefined;

  /** Samples of a reply; false when there is no room for them. */
  push(id: string, pcm: Int16Array): boolean {
    const waiting = this.#parts.reduce((sum, { queued }) => sum + queued, 0);
    if (((waiting + pcm.length) * 1000) / VOICE_RATE > maxWaitingMs) return false;
    const part = this.#find(id);
    if (part.ended || pcm.length === 0) return true;
    part.chunks.push(pcm);
    part.queued += pcm.length;
    return true;
  }

  /** All of the reply is here: it is over when it has been played. */
  end(id: string): void {
    this.#find(id).ended = true;
  }

  /** Drops what waits, of every reply; each is over. */
  clear(): readonly PlayedReply[] {
    const [sounding] = this.#parts;
    if (sounding !== undefined && sounding.played > 0 && sounding.queued > 0) this.#fading = fadeOut(dequeue(sounding, fadeSamples));
    const dropped = this.#parts.map(playedReply);
    this.#parts = [];
    return dropped;
  }

  /** The next 20 ms. */
  take(): VoiceTaken {
    const pcm = new Int16Array(FRAME_SAMPLES);
    if (this.#fading !== undefined) pcm.set(this.#fading);
    const faded = this.#fading !== undefined;
    this.#fading = undefined;
    const ended: PlayedReply[] = [];
    for (let part = this.#parts[0]; part !== undefined && part.ended && part.queued === 0; part = this.#parts[0]) {
      ended.push(playedReply(part));
      this.#parts.shift();
    }
    const [part] = this.#parts;
    if (part === undefined || faded || !this.#flows(part)) return { pcm, began: undefined, ended };
    const began = part.played === 0 ? part.id : undefined;
    pcm.set(dequeue(part, FRAME_SAMPLES));
    return { pcm, began, ended };
  }

  #flows(part: Part): boolean {
    if (part.queued === 0) {
      part.flowing = false;
      part.waitedMs = 0;
      return false;
    }
    part.flowing ||= part.ended || part.waitedMs >= cushionMs || (part.queued * 1000) / VOICE_RATE >= cushionMs;
    part.waitedMs += FRAME_MS;
    return part.flowing;
  }

  #find(id: string): Part {
    const known = this.#parts.find((each) => each.id === id);
    if (known !== undefined) return known;
    // Replies never overlap: where the end of one was lost with a socket, the next tells it.
    for (const earlier of this.#parts) earlier.ended = true;
    const part: Part = { id, chunks: [], offset: 0, queued: 0, played: 0, ended: false, flowing: false, waitedMs: 0 };
    this.#parts.push(part);
    return part;
  }
}

function playedReply({ id, played }: Part): PlayedReply {
  return { id, playedMs: (played * 1000) / VOICE_RATE };
}

function dequeue(part: Part, samples: number): Int16Array {
  const pcm = new Int16Array(Math.min(samples, part.queued));
  for (let filled = 0; filled < pcm.length;) {
    const [chunk] = part.chunks;
    if (chunk === undefined) break;
    const piece = chunk.subarray(part.offset, part.offset + pcm.length - filled);
    pcm.set(piece, filled);
    filled += piece.length;
    part.offset += piece.length;
    if (part.offset < chunk.length) break;
    part.chunks.shift();
    part.offset = 0;
  }
  part.queued -= pcm.length;
  part.played += pcm.length;
  return pcm;
}

function fadeOut(pcm: Int16Array): Int16Array {
  return pcm.map((sample, index) => sample * (1 - index / pcm.length));
}
