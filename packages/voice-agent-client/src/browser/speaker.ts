/** The agent's voice out of the loudspeaker, and how much of it was heard. */
import { openContext, type WorkletOptions } from "./audio-context.ts";
import { type FromSpeaker, processorNames, type ToSpeaker } from "./worklet-messages.ts";

export interface Heard {
  readonly replyId: string;
  /** Milliseconds of the reply that the loudspeaker has played. */
  readonly ms: number;
  /** Milliseconds that wait behind them. */
  readonly bufferedMs: number;
}

export interface SpeakerOptions extends WorkletOptions {
  /** Hertz. Default 24,000. */
  readonly sampleRate?: number;
  /** Some 20 times a second while the agent is heard. */
  readonly onHeard?: (heard: Heard) => void;
}

export class Speaker {
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  readonly #analyser: AnalyserNode;
  readonly #waveform = new Float32Array(512);

  constructor(context: AudioContext, node: AudioWorkletNode) {
    this.#context = context;
    this.#node = node;
    this.#analyser = new AnalyserNode(context, { fftSize: this.#waveform.length });
    node.connect(this.#analyser).connect(context.destination);
  }

  /** What is heard now: root mean square, 0 to 1. */
  get level(): number {
    this.#analyser.getFloatTimeDomainData(this.#waveform);
    return Math.sqrt(this.#waveform.reduce((sum, sample) => sum + sample * sample, 0) / this.#waveform.length);
  }

  /** The sound as a stream, for a recorder or an `<audio>` element. */
  tap(): MediaStream {
    const destination = this.#context.createMediaStreamDestination();
    this.#analyser.connect(destination);
    return destination.stream;
  }

  /** Queues samples of a reply. 30 s may wait; the engine never sends more than half a second ahead. */
  play(pcm: Int16Array, replyId: string): void {
    this.#post({ type: "play", pcm, reply: replyId });
  }

  /** Silence within 5 ms; what waits is dropped. */
  flush(): void {
    this.#post({ type: "flush" });
  }

  /** For browsers that keep a page silent until a click: call it from one. */
  async resume(): Promise<void> {
    await this.#context.resume();
  }

  async close(): Promise<void> {
    if (this.#context.state !== "closed") await this.#context.close();
  }

  #post(message: ToSpeaker): void {
    this.#node.port.postMessage(message);
  }
}

/**
 * Opens the loudspeaker. Call it from a click.
 * @throws VoiceAgentError `unsupported-browser`, `worklet-refused`
 */
export async function openSpeaker(options: SpeakerOptions = {}): Promise<Speaker> {
  const sampleRate = options.sampleRate ?? 24_000;
  const context = await openContext(sampleRate, options);
  const node = new AudioWorkletNode(context, processorNames.speaker, {
    numberOfInputs: 0,
    outputChannelCount: [1],
    processorOptions: { sampleRate },
  });
  node.port.onmessage = ({ data }: MessageEvent<FromSpeaker>) => {
    const msOf = (samples: number): number => (samples * 1000) / sampleRate;
    const heard = { replyId: data.reply, ms: msOf(data.heard), bufferedMs: msOf(data.buffered) };
    // What the context has handed on is not yet at the ear.
    setTimeout(() => options.onHeard?.(heard), (context.outputLatency || 0) * 1000);
  };
  await context.resume();
  return new Speaker(context, node);
}
