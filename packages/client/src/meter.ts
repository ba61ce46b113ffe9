/** How loud a stream is right now, for waveforms. */

/** Samples that one reading looks at: 21 ms at 48 kHz. */
const windowSamples = 1024;

export class Meter {
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;
  readonly #samples = new Float32Array(windowSamples);

  constructor(context: AudioContext, stream: MediaStream) {
    this.#source = context.createMediaStreamSource(stream);
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = windowSamples;
    this.#source.connect(this.#analyser);
  }

  /** Root mean square of the latest window, 0 to 1. */
  read(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    return Math.sqrt(sum / windowSamples);
  }

  close(): void {
    this.#source.disconnect();
  }
}
