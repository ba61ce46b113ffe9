/** What a recogniser makes of the agent's voice, and whether that is what was written. */
import type { Speech } from "@parley/speech";
import { expect } from "vitest";
import { cut, soundsIn } from "./sound.ts";
import { wordErrors } from "./words.ts";

/** Longer pauses cut a recording into pieces for the recogniser, which takes 15 s at most. */
const pieceGapMs = 450;
/** Shorter sounds are no words. */
const shortestMs = 100;
/** Silence that a piece keeps on either side. */
const marginMs = 250;
/** Within these, how the recogniser errs differs from one processor to the next ("open" for "opened"): words, and a part of what was said. */
const tolerated = { words: 2, part: 0.1 };
/** Of a voice that was stopped in mid-word the recogniser may make something else at the end. */
const raggedWords = 2;

/** The words in a voice at 16 kHz, of any length. */
export async function understand(speech: Speech, pcm: Int16Array): Promise<string> {
  const texts: string[] = [];
  for (const { startMs, endMs } of soundsIn(pcm, pieceGapMs)) {
    if (endMs - startMs <= shortestMs) continue;
    const piece = cut(pcm, startMs - marginMs, endMs + marginMs);
    const { text } = await speech.recognise(piece, { model: "base", signal: AbortSignal.timeout(20_000) });
    texts.push(text);
  }
  return texts.join(" ");
}

/** Fails where more than a few words of `said` were understood as others; `cutShort` where its voice was stopped. */
export function expectWords(said: string, understood: string, cutShort = false): void {
  const { errors, words } = wordErrors(said, understood);
  const most = tolerated.words + tolerated.part * words + (cutShort ? raggedWords : 0);
  expect(words, "too little was said to tell").toBeGreaterThanOrEqual(3);
  expect(errors, `${said} | ${understood}`).toBeLessThanOrEqual(Math.min(most, words / 2));
}
