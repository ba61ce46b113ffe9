/** What a person at a loudspeaker would have heard, as one sound: silence between replies, and nothing of what was cut off. */

export class Heard {
  readonly #sampleRate: number;
  readonly #startedAt: number;
  #pieces: { from: number; pcm: Int16Array }[] = [];
  #end = 0;

  constructor(sampleRate: number, now: number) {
    this.#sampleRate = sampleRate;
    this.#startedAt = now;
  }

  /** Samples that arrive now: they sound when those before them have. */
  play(pcm: Int16Array, now: number): void {
    const from = Math.max(this.#end, this.#at(now));
    this.#pieces.push({ from, pcm });
    this.#end = from + pcm.length;
  }

  /** What would sound later than now is dropped. */
  flush(now: number): void {
    const at = this.#at(now);
    this.#pieces = this.#pieces.flatMap(({ from, pcm }) => (from >= at ? [] : [{ from, pcm: pcm.subarray(0, at - from) }]));
    this.#end = Math.min(this.#end, at);
  }

  get pcm(): Int16Array {
    const whole = new Int16Array(this.#end);
    for (const { from, pcm } of this.#pieces) whole.set(pcm, from);
    return whole;
  }

  #at(now: number): number {
    return Math.round(((now - this.#startedAt) / 1000) * this.#sampleRate);
  }
}
