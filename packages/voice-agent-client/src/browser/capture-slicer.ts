/**
 * The microphone's blocks on their way to the wire: brought to the session's rate, cut into chunks of 20 ms, as 16-bit samples.
 *
 * Runs in an AudioWorklet, whose source may be made from this class's own text: see `PlaybackRing`.
 */
export class CaptureSlicer {
  readonly step: number;
  readonly half: number;
  readonly phases: number;
  readonly kernel: Float32Array;
  /** Input that later output still needs; `position` is where the next output lies in it. */
  history: Float32Array;
  position: number;
  readonly chunk: Int16Array;
  filled: number;
  squares: number;

  constructor(inputRate: number, outputRate: number) {
    this.step = inputRate / outputRate;
    // A windowed sinc of 16 zero crossings on each side; wider when it has to keep what the lower rate cannot carry out.
    const scale = Math.min(1, outputRate / inputRate);
    this.half = Math.ceil(16 / scale);
    this.phases = 256;
    this.kernel = new Float32Array(this.half * this.phases + 1);
    for (let at = 0; at < this.kernel.length; at++) {
      const x = at / this.phases;
      const angle = Math.PI * x * scale * 0.94;
      const sinc = at === 0 ? 1 : Math.sin(angle) / angle;
      this.kernel[at] = sinc * scale * 0.94 * (0.5 + 0.5 * Math.cos((Math.PI * x) / this.half));
    }
    this.history = new Float32Array(this.half);
    this.position = this.half;
    this.chunk = new Int16Array(Math.round(outputRate / 50));
    this.filled = 0;
    this.squares = 0;
  }

  /** Takes a block; gives each chunk that is full, with its level: the root mean square, 0 to 1. */
  push(block: Float32Array, give: (chunk: Int16Array, level: number) => void): void {
    if (this.step === 1) {
      for (const sample of block) this.put(sample, give);
      return;
    }
    const input = new Float32Array(this.history.length + block.length);
    input.set(this.history);
    input.set(block, this.history.length);
    while (this.position + this.half < input.length) {
      this.put(this.at(input), give);
      this.position += this.step;
    }
    const keep = Math.max(0, Math.floor(this.position) - this.half);
    this.history = input.slice(keep);
    this.position -= keep;
  }

  at(input: Float32Array): number {
    const centre = Math.floor(this.position);
    let sum = 0;
    for (let tap = centre - this.half + 1; tap <= centre + this.half; tap++) {
      const distance = Math.abs(this.position - tap);
      sum += (input[tap] ?? 0) * (this.kernel[Math.round(distance * this.phases)] ?? 0);
    }
    return sum;
  }

  put(sample: number, give: (chunk: Int16Array, level: number) => void): void {
    const bounded = Math.max(-1, Math.min(1, sample));
    this.chunk[this.filled++] = Math.round(bounded * 0x7fff);
    this.squares += bounded * bounded;
    if (this.filled < this.chunk.length) return;
    const level = Math.sqrt(this.squares / this.filled);
    this.filled = 0;
    this.squares = 0;
    give(this.chunk.slice(), level);
  }
}
