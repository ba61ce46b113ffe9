/** The model's samples as 16-bit PCM of even loudness, with little silence around, and its words on the same clock. */
import type { Spoken, SpokenWord } from "../jobs.ts";
import { isPause, type WrittenWord } from "./normalise.ts";

/** In hertz; the voice's own. */
export const SAMPLE_RATE = 22_050;

/** Loudness is looked at in steps of 5 ms. */
const STEP = 110;
/** Silence is what lies this far under the loudest step: 30 dB, about −42 dBFS, where a soft "h" begins. */
const SILENCE = 0.03;
/** The model's first and last symbol are right to this many ms; what sounds beyond is breath or a click of its own. */
const BEFORE_MS = 25;
const AFTER_MS = 60;
/** Silence kept before the first sound, in ms. */
const LEAD_MS = 10;
/** The ends are faded over this many ms, against clicks. */
const FADE_MS = 4;
/** Silence after the last sound, in ms: within a sentence, after a comma, at the end of a sentence. */
const TAIL_MS = { none: 30, comma: 70, stop: 120 };
/** Root mean square of the voiced steps, of full scale: −20 dBFS. */
const LOUDNESS = 0.1;
/** No sample is louder: −1 dBFS. */
const PEAK = 0.89;
/** A single quiet sigh is not blown up to a shout. */
const MOST_GAIN = 4;

/** `spans` are the samples of each written word that is said, by its index. */
export function shape(
  samples: Float32Array,
  written: readonly WrittenWord[],
  spans: ReadonlyMap<number, { start: number; end: number }>,
): Spoken {
  const steps = loudness(samples);
  const loudest = steps.reduce((most, step) => Math.max(most, step), 0);
  const audible = (step: number, at: number): boolean => step > loudest * SILENCE && at >= earliest && at <= latest;
  const said = [...spans.values()];
  const earliest = Math.floor(((said[0]?.start ?? 0) - toSamples(BEFORE_MS)) / STEP);
  const latest = Math.ceil(((said.at(-1)?.end ?? samples.length) + toSamples(AFTER_MS)) / STEP);
  const first = Math.max(0, steps.findIndex(audible)) * STEP;
  const last = Math.min(samples.length, (steps.findLastIndex(audible) + 1) * STEP);
  const from = Math.max(0, first - toSamples(LEAD_MS));
  const tail = toSamples(tailMs(written));

  const gain = gainFor(samples, steps, loudest);
  const pcm = new Int16Array(last + tail - from);
  const fade = toSamples(FADE_MS);
  for (const at of pcm.keys()) {
    const edge = Math.min(1, at / fade, (pcm.length - at) / fade);
    pcm[at] = Math.round((samples[from + at] ?? 0) * gain * edge * 32_767);
  }

  const toMs = (sample: number): number => (Math.min(Math.max(sample, first), last) - from) / (SAMPLE_RATE / 1000);
  // The first word begins with the first sound, though the model may count its breath as silence before it.
  const beginMs = toMs(first);
  let now = beginMs;
  const words = written.map(({ text }, index): SpokenWord => {
    const span = spans.get(index);
    const startMs = span === undefined || now === beginMs ? now : toMs(span.start);
    now = span === undefined ? now : toMs(span.end);
    return { text, startMs, endMs: now };
  });
  return { pcm, sampleRate: SAMPLE_RATE, words };
}

/** One after the other. */
export function join(parts: readonly Spoken[]): Spoken {
  const pcm = new Int16Array(parts.reduce((sum, part) => sum + part.pcm.length, 0));
  const words: SpokenWord[] = [];
  let offset = 0;
  for (const part of parts) {
    const ms = offset / (SAMPLE_RATE / 1000);
    pcm.set(part.pcm, offset);
    words.push(...part.words.map(({ text, startMs, endMs }) => ({ text, startMs: startMs + ms, endMs: endMs + ms })));
    offset += part.pcm.length;
  }
  return { pcm, sampleRate: SAMPLE_RATE, words };
}

/** Root mean square of each step. */
function loudness(samples: Float32Array): number[] {
  return Array.from({ length: Math.ceil(samples.length / STEP) }, (_, step) => {
    const part = samples.subarray(step * STEP, (step + 1) * STEP);
    return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length);
  });
}

function gainFor(samples: Float32Array, steps: readonly number[], loudest: number): number {
  const voiced = steps.filter((step) => step > loudest / 10);
  if (voiced.length === 0) return 0;
  const mean = Math.sqrt(voiced.reduce((sum, step) => sum + step * step, 0) / voiced.length);
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return Math.min(LOUDNESS / mean, PEAK / peak, MOST_GAIN);
}

function tailMs(written: readonly WrittenWord[]): number {
  const mark = written.findLast(({ spoken }) => spoken.length > 0)?.spoken.at(-1) ?? "";
  if (!isPause(mark)) return TAIL_MS.none;
  return mark === "," || mark === ";" || mark === ":" ? TAIL_MS.comma : TAIL_MS.stop;
}

function toSamples(ms: number): number {
  return Math.round((ms * SAMPLE_RATE) / 1000);
}
