/** Simulated hosted speech in this process: a recogniser that knows its text, and a voice that hums words on time. */
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";

/** As the engine's `AsrInput`: one person's audio with the marks of the speech gate. */
export type SimulatedAsrInput =
  | { readonly type: "audio"; readonly frame: { readonly at: number; readonly pcm: Int16Array } }
  | { readonly type: "speech-start" | "speech-pause" | "speech-resume" | "speech-end"; readonly at: number };

export interface SimulatedTranscript {
  readonly text: string;
  readonly final: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly language: string;
}

export interface SimulatedWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

export type SimulatedTtsOutput =
  | { readonly type: "clause"; readonly text: string; readonly words: readonly SimulatedWord[] }
  | { readonly type: "audio"; readonly pcm: Int16Array };

export interface SimulatedVendorsOptions {
  /** What is recognised, one text per utterance; after the last one it begins again. */
  readonly transcripts?: readonly string[];
  /** What the language model says, one text per request; after the last one it begins again. */
  readonly answers?: readonly string[];
  /** From the end of speech to the transcript, from the request to the first word, and from a clause to its first sound, in milliseconds. */
  readonly delayMs?: number;
  /** Without it an utterance has no words before its end; with it, its first half this long after the onset, in milliseconds. */
  readonly partialMs?: number;
}

/** Rate of the simulated voice, in hertz. */
export const simulatedRate = 24_000;
/** Audio that the voice gives at once, in milliseconds. */
const portionMs = 100;
/** Between words, and after a clause. */
const gapMs = 40;
const pauseMs = 160;
/** So that a word neither begins nor ends with a click. */
const fadeMs = 4;
/** Longest single word, in milliseconds. */
const mostWordMs = 1200;
/** Notes of the voice, in hertz: a word's place in its clause can be seen in the waveform. */
const notes = [220, 262, 330, 294] as const;
/** About −12 dBFS. */
const loudness = 8000;

function tone(hertz: number): Int16Array {
  const samples = new Int16Array((mostWordMs * simulatedRate) / 1000);
  for (let at = 0; at < samples.length; at += 1) {
    const phase = (2 * Math.PI * hertz * at) / simulatedRate;
    samples[at] = loudness * (0.7 * Math.sin(phase) + 0.3 * Math.sin(2 * phase));
  }
  return samples;
}

/** How long a word takes: about fourteen letters a second. */
function wordMs(word: string): number {
  return Math.min(mostWordMs, 80 + 60 * word.replace(/[^\p{L}\p{N}]/gu, "").length);
}

/** The clause as hums, one for each word, and when each is heard. */
function hum(clause: string, tones: readonly Int16Array[]): { pcm: Int16Array; words: SimulatedWord[] } {
  const perMs = simulatedRate / 1000;
  const words: SimulatedWord[] = [];
  let at = 0;
  for (const text of clause.split(/\s+/).filter((word) => word !== "")) {
    const endMs = at + wordMs(text);
    words.push({ text, startMs: at, endMs });
    at = endMs + gapMs;
  }
  const last = words.at(-1)?.endMs ?? 0;
  const pcm = new Int16Array((last + pauseMs) * perMs);
  for (const [index, word] of words.entries()) {
    const length = (word.endMs - word.startMs) * perMs;
    const sound = tones[index % tones.length]?.slice(0, length) ?? new Int16Array(length);
    const fade = fadeMs * perMs;
    for (let sample = 0; sample < fade; sample += 1) {
      const end = length - 1 - sample;
      sound[sample] = ((sound[sample] ?? 0) * sample) / fade;
      sound[end] = ((sound[end] ?? 0) * sample) / fade;
    }
    pcm.set(sound, word.startMs * perMs);
  }
  return { pcm, words };
}

async function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0 && !signal.aborted) await wait(ms, undefined, { signal }).catch(() => undefined);
}

/** Vendor and LLM style `simulated`, of the shape that the engine's `openVendors` takes. */
export function simulatedVendors(options: SimulatedVendorsOptions = {}) {
  const { transcripts = ["hello there"], answers = ["Hello from the simulator. I am here to be timed."], delayMs = 0, partialMs } = options;
  const tones = notes.map(tone);

  async function* recognise(
    audio: AsyncIterable<SimulatedAsrInput>,
    { language, signal }: { readonly language: string; readonly signal: AbortSignal },
  ): AsyncGenerator<SimulatedTranscript, void, undefined> {
    let count = 0;
    let startMs: number | undefined;
    let told = false;
    for await (const input of audio) {
      if (signal.aborted) return;
      const text = transcripts[count % transcripts.length] ?? "";
      if (input.type === "speech-start") {
        startMs = input.at;
        told = false;
      } else if (input.type === "speech-end" && startMs !== undefined) {
        await delay(delayMs, signal);
        yield { text, final: true, startMs, endMs: input.at, language };
        startMs = undefined;
        count += 1;
      } else if (
        input.type === "audio" &&
        startMs !== undefined &&
        partialMs !== undefined &&
        !told &&
        input.frame.at >= startMs + partialMs
      ) {
        told = true;
        const words = text.split(" ");
        yield { text: words.slice(0, Math.ceil(words.length / 2)).join(" "), final: false, startMs, endMs: input.frame.at, language };
      }
    }
  }

  async function* speak(
    clauses: AsyncIterable<string>,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<SimulatedTtsOutput, void, undefined> {
    for await (const clause of clauses) {
      if (signal.aborted) return;
      const { pcm, words } = hum(clause, tones);
      await delay(delayMs, signal);
      yield { type: "clause", text: clause, words };
      const portion = (portionMs * simulatedRate) / 1000;
      for (let at = 0; at < pcm.length; at += portion) {
        if (signal.aborted) return;
        yield { type: "audio", pcm: pcm.subarray(at, at + portion) };
      }
    }
  }

  /** One language model for all agents: its answers come in the order of all requests. */
  let asked = 0;
  async function* answer(_messages: unknown, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<string, void, undefined> {
    const text = answers[asked % answers.length] ?? "";
    asked += 1;
    await delay(delayMs, signal);
    for (const [at, word] of text.split(" ").entries()) {
      if (signal.aborted) return;
      yield at === 0 ? word : ` ${word}`;
    }
  }

  const anything = z.looseObject({});
  return {
    vendors: [
      {
        name: "simulated",
        asr: { options: anything, open: (_options: unknown) => recognise },
        tts: { options: anything, open: (_options: unknown) => ({ sampleRate: simulatedRate, speak }) },
      },
    ],
    styles: [{ name: "simulated", options: anything, open: (_options: unknown) => answer }],
  };
}
