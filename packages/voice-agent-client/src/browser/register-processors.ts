/** The two audio processors. Its text becomes a worklet's source: it uses only its parameters and what an AudioWorklet has. */
import type { CaptureSlicer } from "./capture-slicer.ts";
import type { PlaybackRing } from "./playback-ring.ts";
import type { FromMicrophone, FromSpeaker, processorNames, ToSpeaker } from "./worklet-messages.ts";

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new (options: { processorOptions: { sampleRate: number } }) => object): void;
declare const sampleRate: number;

export function registerProcessors(Ring: typeof PlaybackRing, Slicer: typeof CaptureSlicer, names: typeof processorNames): void {
  class Microphone extends AudioWorkletProcessor {
    slicer: CaptureSlicer;

    constructor(options: { processorOptions: { sampleRate: number } }) {
      super();
      this.slicer = new Slicer(sampleRate, options.processorOptions.sampleRate);
    }

    process(inputs: readonly (readonly Float32Array[])[]): boolean {
      const block = inputs[0]?.[0];
      if (block === undefined) return true;
      this.slicer.push(block, (pcm, level) => {
        const message: FromMicrophone = { pcm, level };
        this.port.postMessage(message, [pcm.buffer]);
      });
      return true;
    }
  }

  class Speaker extends AudioWorkletProcessor {
    ring: PlaybackRing;
    toldAt: number;
    blocks: number;

    constructor(options: { processorOptions: { sampleRate: number } }) {
      super();
      this.ring = new Ring(options.processorOptions.sampleRate, 30);
      this.toldAt = 0;
      this.blocks = 0;
      this.port.onmessage = ({ data }: MessageEvent<ToSpeaker>) => {
        if (data.type === "play") this.ring.push(data.pcm, data.reply);
        else this.ring.flush();
      };
    }

    process(_inputs: unknown, outputs: readonly (readonly Float32Array[])[]): boolean {
      const block = outputs[0]?.[0];
      if (block === undefined) return true;
      this.ring.render(block);
      // Every tenth block (53 ms at 24 kHz), and only news.
      if (++this.blocks % 10 !== 0 || this.ring.read === this.toldAt) return true;
      const { reply, heard, buffered } = this.ring;
      this.toldAt = this.ring.read;
      const message: FromSpeaker = { reply, heard, buffered };
      this.port.postMessage(message);
      return true;
    }
  }

  registerProcessor(names.microphone, Microphone);
  registerProcessor(names.speaker, Speaker);
}
