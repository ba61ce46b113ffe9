/** Reads the repository's recordings: for tests. */
import { readFileSync } from "node:fs";

export interface Recording {
  readonly pcm: Int16Array;
  readonly text: string;
  /** Where Silero hears speech. */
  readonly speech: readonly { readonly startMs: number; readonly endMs: number }[];
  readonly words: readonly { readonly text: string; readonly startMs: number; readonly endMs: number }[];
  readonly pauses: readonly { readonly fromMs: number; readonly pauseMs: number; readonly sentence: "complete" | "incomplete" }[];
}

export function recording(name: string): Recording {
  const path = new URL(`../../../recordings/${name}`, import.meta.url).pathname;
  const about: unknown = JSON.parse(readFileSync(`${path}.json`, "utf8"));
  if (!isRecording(about)) throw new TypeError(`${path}.json describes no recording`);
  return { text: "", speech: [], words: [], pauses: [], ...about, pcm: samples(readFileSync(`${path}.wav`)) };
}

function isRecording(about: unknown): about is Partial<Recording> {
  return typeof about === "object" && about !== null;
}

/** The samples of a 16-bit WAV file, whatever chunks it has before them. */
function samples(wav: Buffer): Int16Array {
  let at = 12;
  while (wav.toString("latin1", at, at + 4) !== "data") at += 8 + wav.readUInt32LE(at + 4);
  const bytes = Math.min(wav.readUInt32LE(at + 4), wav.length - at - 8);
  const copy = new Uint8Array(wav.subarray(at + 8, at + 8 + bytes - (bytes % 2)));
  return new Int16Array(copy.buffer);
}
