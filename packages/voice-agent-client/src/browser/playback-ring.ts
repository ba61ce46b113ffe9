/**
 * The agent's voice on its way to the loudspeaker: a ring of samples, with marks of which reply they are of.
 *
 * Runs in an AudioWorklet, whose source may be made from this class's own text: it therefore uses nothing from outside
 * itself, and no syntax that a bundler replaces by helpers, such as private names.
 */
export class PlaybackRing {
  readonly samples: Int16Array;
  /** Voice that has to be there before a reply begins, so that it does not stutter: 40 ms; or silence that was waited for more. */
  readonly primeSamples: number;
  readonly fadeSamples: number;
  /** Count samples since the beginning. */
  written: number;
  read: number;
  /** Where replies begin that have not been reached. */
  marks: { reply: string; from: number }[];
  /** What is being played, or was last, and how many of its samples were heard. Empty before the first. */
  reply: string;
  heard: number;
  playing: boolean;
  waited: number;
  /** Everything before this is to be faded out and dropped. */
  flushTo: number;
  fadeLeft: number;
  last: number;

  constructor(sampleRate: number, seconds: number) {
    this.samples = new Int16Array(Math.round(sampleRate * seconds));
    this.primeSamples = Math.round(sampleRate * 0.04);
    this.fadeSamples = Math.round(sampleRate * 0.005);
    this.written = 0;
    this.read = 0;
    this.marks = [];
    this.reply = "";
    this.heard = 0;
    this.playing = false;
    this.waited = 0;
    this.flushTo = 0;
    this.fadeLeft = 0;
    this.last = 0;
  }

  /** Samples that wait to be heard. */
  get buffered(): number {
    return this.written - this.read;
  }

  /** Takes samples of a reply; returns how many found no room. */
  push(pcm: Int16Array, reply: string): number {
    const room = this.samples.length - this.buffered;
    const taken = Math.min(room, pcm.length);
    const newest = this.marks[this.marks.length - 1];
    if ((newest === undefined ? this.reply : newest.reply) !== reply) this.marks.push({ reply, from: this.written });
    for (let at = 0; at < taken; at++) this.samples[(this.written + at) % this.samples.length] = pcm[at] ?? 0;
    this.written += taken;
    return pcm.length - taken;
  }

  /** Fades out within 5 ms and drops everything that was pushed so far. */
  flush(): void {
    if (this.playing && this.fadeLeft === 0) this.fadeLeft = this.fadeSamples;
    this.flushTo = this.written;
    if (!this.playing) this.read = this.written;
  }

  /** Fills a block for the loudspeaker, silence included. */
  render(block: Float32Array): void {
    this.start(block.length);
    for (let at = 0; at < block.length; at++) block[at] = this.playing ? this.next() : this.decay();
  }

  start(blockLength: number): void {
    if (this.playing || this.buffered === 0) return;
    this.waited += blockLength;
    if (this.buffered < this.primeSamples && this.waited < this.primeSamples) return;
    this.playing = true;
    this.waited = 0;
  }

  next(): number {
    if (this.fadeLeft > 0) return this.fade();
    if (this.read >= this.written) {
      this.playing = false;
      return this.decay();
    }
    this.last = this.take();
    return this.last;
  }

  take(): number {
    while (this.marks[0] !== undefined && this.marks[0].from <= this.read) {
      const mark = this.marks.shift();
      if (mark === undefined || mark.reply === this.reply) continue;
      this.reply = mark.reply;
      this.heard = 0;
    }
    this.heard++;
    return (this.samples[this.read++ % this.samples.length] ?? 0) / 0x8000;
  }

  fade(): number {
    this.fadeLeft--;
    const faded = this.read < this.flushTo ? (this.take() * this.fadeLeft) / this.fadeSamples : 0;
    if (this.fadeLeft === 0) {
      // What was pushed after the flush is another reply's, and stays.
      this.read = this.flushTo;
      this.playing = false;
    }
    this.last = faded;
    return faded;
  }

  /** The way to silence where samples ran out: no click. */
  decay(): number {
    this.last = Math.abs(this.last) < 0.0001 ? 0 : this.last * 0.97;
    return this.last;
  }
}
