/** Speaks English with the Piper voice libritts_r: one clause in, its sound and the time of each word out. */
import { type InferenceSession, Tensor } from "onnxruntime-node";
import { openDictionary } from "./dictionary.ts";
import { DURATIONS } from "./durations.ts";
import { isPause, normalise } from "./normalise.ts";
import { phonemes } from "./phonemes.ts";
import { shape } from "./sound.ts";

export const SAMPLE_RATE = 22_050;
/** Samples for one unit of the model's durations. */
const HOP = 256;
/** Piper's own settings for this voice: how much the sound and the durations vary. */
const SOUND_NOISE = 0.667;
const DURATION_NOISE = 0.8;

const PAD = "_";
const BEGIN = "^";
const END = "$";

/** When a written word sounds, in ms from the first sample. */
export interface SpokenWord {
  text: string;
  startMs: number;
  endMs: number;
}

export interface Spoken {
  pcm: Int16Array;
  sampleRate: 22_050;
  words: SpokenWord[];
}

export interface Piper {
  /** `speaker` is the model's `sid`, 0 to 903; `speed` 1 is as recorded, 2 twice as fast. */
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
    async synthesize(text, { speaker, speed }) {
      const written = normalise(text);
      const line = toLine(
        written.map((word) => word.spoken),
        (words) => phonemes(words, dictionary),
        ids,
      );
      if (line.ids.length === 0)
        return {
          pcm: new Int16Array(0),
          sampleRate: SAMPLE_RATE,
          words: written.map(({ text }) => ({ text, startMs: 0, endMs: 0 })),
        };
      const { output, frames } = await run(session, line.ids, speaker, speed);
      const spans = written.map((_, at) => span(frames, line.owners, at));
      const { pcm, dropped } = shape(output, spans);
      const toMs = (sample: number): number =>
        (Math.min(Math.max(sample - dropped, 0), pcm.length) / SAMPLE_RATE) * 1000;
      let last = 0;
      const words = written.map(({ text }, at) => {
        const found = spans[at];
        const startMs = found === undefined ? last : toMs(found.start);
        last = found === undefined ? last : toMs(found.end);
        return { text, startMs, endMs: last };
      });
      return { pcm, sampleRate: SAMPLE_RATE, words };
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

interface Line {
  ids: number[];
  /** For each id, the written word it belongs to; -1 for silence and pauses. */
  owners: number[];
}

function toLine(spoken: string[][], say: (words: string[]) => string[], ids: Map<string, number>): Line {
  const flat = spoken.flatMap((items, owner) => items.map((item) => ({ item, owner })));
  const words = flat.filter(({ item }) => !isPause(item));
  const ipa = say(words.map(({ item }) => item));
  const line: Line = { ids: [], owners: [] };
  const pad = ids.get(PAD) ?? 0;
  const add = (symbol: string, owner: number): void => {
    const id = ids.get(symbol);
    if (id === undefined) return;
    line.ids.push(id, pad);
    line.owners.push(owner, owner);
  };
  let at = 0;
  for (const { item, owner } of flat) {
    if (isPause(item)) {
      if (line.ids.length > 0) add(item, -1);
      continue;
    }
    if (line.ids.length > 0) add(" ", -1);
    for (const symbol of ipa[at] ?? "") add(symbol, owner);
    at++;
  }
  if (line.ids.length === 0) return line;
  const begin = ids.get(BEGIN) ?? 1;
  const end = ids.get(END) ?? 2;
  return { ids: [begin, pad, ...line.ids, end], owners: [-1, -1, ...line.owners, -1] };
}

async function run(
  session: InferenceSession,
  ids: number[],
  speaker: number,
  speed: number,
): Promise<{ output: Float32Array; frames: Float32Array }> {
  const results = await session.run({
    input: new Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]),
    input_lengths: new Tensor("int64", BigInt64Array.of(BigInt(ids.length)), [1]),
    scales: new Tensor("float32", Float32Array.of(SOUND_NOISE, 1 / speed, DURATION_NOISE), [3]),
    sid: new Tensor("int64", BigInt64Array.of(BigInt(speaker)), [1]),
  });
  return { output: floats(results["output"]), frames: floats(results[DURATIONS]) };
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error("The voice's model gave no sound.");
  return tensor.data;
}

/** Samples from the first to the last symbol of a written word; undefined if it has none. */
function span(frames: Float32Array, owners: number[], word: number): { start: number; end: number } | undefined {
  let now = 0;
  let start: number | undefined;
  let end = 0;
  for (const [at, owner] of owners.entries()) {
    const next = now + (frames[at] ?? 0) * HOP;
    if (owner === word) {
      start ??= now;
      end = next;
    }
    now = next;
  }
  return start === undefined ? undefined : { start, end };
}
