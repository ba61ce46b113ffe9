/** Speaks English with the Piper voice libritts_r: one clause in, its sound and the time of each word out. */
import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { Spoken } from "../jobs.ts";
import { openDictionary } from "./dictionary.ts";
import { DURATIONS } from "./durations.ts";
import { inBreaths, toLine, type Line } from "./line.ts";
import { normalise, type WrittenWord } from "./normalise.ts";
import { join, SAMPLE_RATE, shape } from "./sound.ts";

/** Samples for one unit of the model's durations. */
const HOP = 256;
/** Piper's own settings for this voice: how much the sound and the durations vary. */
const SOUND_NOISE = 0.667;
const DURATION_NOISE = 0.8;
/** Below this, each symbol has its one frame already. */
const SHORTEST_SCALE = 0.15;
const SPEAKERS = 904;
const SLOWEST = 0.25;
const FASTEST = 2;

export interface Piper {
  /**
   * All written words of `text` come back, in order and with their punctuation; one that is not said, as an emoji, takes no time.
   * `speaker` is the model's `sid`, 0 to 903; `speed`, 0.25 to 2: 1 is as recorded.
   */
  synthesize(text: string, options: { speaker: number; speed: number }): Promise<Spoken>;
}

/**
 * `session` runs the voice's model after `withDurations`, `tokensText` is its tokens.txt: a symbol, a space and its id per
 * line. Reads the pronouncing dictionary from disk.
 */
export function createPiper(session: InferenceSession, tokensText: string): Piper {
  if (!session.outputNames.includes(DURATIONS)) {
    throw new Error(`The voice's session has no output ${DURATIONS}: load withDurations(model) in place of the model.`);
  }
  const ids = parseTokens(tokensText);
  const dictionary = openDictionary();

  return {
    async synthesize(text, options) {
      if (!(Number.isInteger(options.speaker) && options.speaker >= 0 && options.speaker < SPEAKERS)) {
        throw new RangeError(`speaker is ${options.speaker}; the voice has whole numbers from 0 to ${SPEAKERS - 1}.`);
      }
      if (!(options.speed >= SLOWEST && options.speed <= FASTEST)) {
        throw new RangeError(`speed is ${options.speed}; it may be ${SLOWEST} to ${FASTEST}.`);
      }
      const written = normalise(text, (word) => dictionary.lookup(word) !== undefined);
      const breaths: Spoken[] = [];
      for (const words of inBreaths(written)) {
        breaths.push(await speak(session, words, toLine(words, dictionary, ids), options));
      }
      return join(breaths);
    },
  };
}

function parseTokens(text: string): Map<string, number> {
  const ids = new Map<string, number>();
  for (const line of text.split("\n")) {
    const space = line.lastIndexOf(" ");
    if (space > 0) ids.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return ids;
}

/** What is said in one run of the model. */
async function speak(
  session: InferenceSession,
  written: readonly WrittenWord[],
  line: Line,
  { speaker, speed }: { speaker: number; speed: number },
): Promise<Spoken> {
  if (line.ids.length === 0) {
    return { pcm: new Int16Array(0), sampleRate: SAMPLE_RATE, words: written.map(({ text }) => ({ text, startMs: 0, endMs: 0 })) };
  }
  const results = await session.run({
    input: new Tensor("int64", BigInt64Array.from(line.ids, BigInt), [1, line.ids.length]),
    input_lengths: new Tensor("int64", BigInt64Array.of(BigInt(line.ids.length)), [1]),
    scales: new Tensor("float32", Float32Array.of(SOUND_NOISE, lengthScale(speed), DURATION_NOISE), [3]),
    sid: new Tensor("int64", BigInt64Array.of(BigInt(speaker)), [1]),
  });
  const frames = floats(results[DURATIONS]);
  return shape(floats(results["output"]), written, spans(line, frames));
}

/**
 * The model rounds every symbol's length up to whole frames, so that a scale of one half does not halve the time: over 18
 * clauses, the time was .35 + .65 × the scale.
 */
function lengthScale(speed: number): number {
  return Math.max(SHORTEST_SCALE, 1 + (1 / speed - 1) / 0.65);
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error("The voice's model gave no sound.");
  return tensor.data;
}

/** For each written word that is said, the samples from its first to its last symbol. */
function spans({ owners }: Line, frames: Float32Array): Map<number, { start: number; end: number }> {
  const found = new Map<number, { start: number; end: number }>();
  let now = 0;
  for (const [at, owner] of owners.entries()) {
    const next = now + (frames[at] ?? 0) * HOP;
    if (owner !== undefined) found.set(owner, { start: found.get(owner)?.start ?? now, end: next });
    now = next;
  }
  return found;
}
