/** Sound for tests: what the microphone plays, and where a recording is loud. All of it 16 kHz mono. */
import { readFile, writeFile } from "node:fs/promises";
import { readWav, resample, writeWav } from "@parley/media";

export const sampleRate = 16_000;

/** Louder than this is sound (−40 dBFS), as the figures of the design count it. */
const loud = 0.01 * 0x7fff;
/** Sound is looked at in steps of this, in milliseconds. */
const stepMs = 5;

/** A recording of the repository, by its name. */
export async function recording(name: string): Promise<Int16Array> {
  const file = new URL(`../../recordings/${name}.wav`, import.meta.url);
  const { pcm, sampleRate: rate } = readWav(await readFile(file));
  return rate === sampleRate ? pcm : resample(pcm, rate, sampleRate);
}

/** What was said in it. */
export async function wordsOf(name: string): Promise<string> {
  const file = new URL(`../../recordings/${name}.json`, import.meta.url);
  const described: unknown = JSON.parse(await readFile(file, "utf8"));
  const text: unknown = typeof described === "object" && described !== null ? Reflect.get(described, "text") : undefined;
  if (typeof text !== "string") throw new Error(`${name}.json has no text`);
  return text;
}

/** Writes a microphone's WAV: sound, and numbers for silence in milliseconds. */
export async function writeMicrophone(path: string, parts: readonly (Int16Array | number)[]): Promise<void> {
  const sounds = parts.map((part) => (typeof part === "number" ? new Int16Array((part * sampleRate) / 1000) : part));
  const pcm = new Int16Array(sounds.reduce((sum, sound) => sum + sound.length, 0));
  let at = 0;
  for (const sound of sounds) {
    pcm.set(sound, at);
    at += sound.length;
  }
  await writeFile(path, writeWav({ pcm, sampleRate }));
}

export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
}

/** Where it sounds; pauses shorter than `joinMs` belong to the sound around them. */
export function soundsIn(pcm: Int16Array, joinMs: number): Stretch[] {
  const step = (stepMs * sampleRate) / 1000;
  const stretches: Stretch[] = [];
  for (let at = 0; at + step <= pcm.length; at += step) {
    if (!pcm.subarray(at, at + step).some((sample) => Math.abs(sample) > loud)) continue;
    const startMs = (at / sampleRate) * 1000;
    const last = stretches.at(-1);
    if (last !== undefined && startMs - last.endMs < joinMs)
      stretches[stretches.length - 1] = { startMs: last.startMs, endMs: startMs + stepMs };
    else stretches.push({ startMs, endMs: startMs + stepMs });
  }
  return stretches;
}

export function cut(pcm: Int16Array, fromMs: number, toMs: number): Int16Array {
  return pcm.slice(Math.max(0, Math.round((fromMs * sampleRate) / 1000)), Math.round((toMs * sampleRate) / 1000));
}
