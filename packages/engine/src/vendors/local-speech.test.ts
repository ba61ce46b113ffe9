/** The embedded recogniser with its real models, voice activity and speech gate before it. */
import { readFileSync } from "node:fs";
import { readWav } from "@parley/media";
import { openSpeech, type Speech } from "@parley/speech";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { INPUT_SAMPLES } from "../core/frame.ts";
import { SpeechGate, VAD_WINDOW_MS } from "../core/speech-gate.ts";
import { openLocal } from "./local.ts";
import type { AsrInput, Transcript } from "./vendor.ts";

const About = z.object({ speech: z.array(z.object({ startMs: z.number(), endMs: z.number() })) });
const WINDOW = 16 * VAD_WINDOW_MS;

let speech: Speech;
beforeAll(async () => {
  speech = openSpeech({ threads: 2 });
  await speech.ready;
});
afterAll(async () => {
  await speech[Symbol.asyncDispose]();
});

/** A recording from its first to its last voice. */
function voiced(name: string): Int16Array {
  const path = new URL(`../../../../recordings/${name}`, import.meta.url);
  const { speech: spans } = About.parse(JSON.parse(readFileSync(`${path.pathname}.json`, "utf8")));
  const from = spans[0]?.startMs ?? 0;
  const to = spans.at(-1)?.endMs ?? 0;
  return readWav(readFileSync(`${path.pathname}.wav`)).pcm.subarray(16 * (from - 50), 16 * (to + 50));
}

function joined(parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What the session gives a recogniser: frames, and the marks of a gate with an end after `endpointMs` of silence. */
async function* hear(pcm: Int16Array, endpointMs: number): AsyncGenerator<AsrInput> {
  const vad = speech.openVad();
  const gate = new SpeechGate();
  let state: "silent" | "speaking" | "pausing" = "silent";
  let pausedAt = 0;
  let windows = 0;
  for (let from = 0; from + INPUT_SAMPLES <= pcm.length; from += INPUT_SAMPLES) {
    yield { type: "audio", frame: { at: from / 16, uid: "1", pcm: pcm.slice(from, from + INPUT_SAMPLES), concealed: false } };
    while ((windows + 1) * WINDOW <= from + INPUT_SAMPLES) {
      const at = windows * VAD_WINDOW_MS;
      const probability = await vad.process(pcm.subarray(windows * WINDOW, (windows + 1) * WINDOW));
      windows++;
      for (const decision of gate.handle({ at, probability })) {
        if (decision.type === "speech-start") {
          yield { type: state === "pausing" ? "speech-resume" : "speech-start", at: decision.at };
          state = "speaking";
        } else {
          yield { type: "speech-pause", at: decision.at };
          state = "pausing";
          pausedAt = decision.at;
        }
      }
      if (state === "pausing" && at + VAD_WINDOW_MS - pausedAt >= endpointMs) {
        yield { type: "speech-end", at: pausedAt };
        state = "silent";
      }
    }
  }
  vad.close();
}

/** How many words both have, in the same order. */
function inCommon(one: readonly string[], other: readonly string[]): number {
  let row = other.map(() => 0);
  for (const word of one) {
    let left = 0;
    row = row.map((above, index) => {
      left = Math.max(above, left, word === other[index] ? (row[index - 1] ?? 0) + 1 : 0);
      return left;
    });
  }
  return row.at(-1) ?? 0;
}

test("half a minute of speech without a pause to speak of loses no words", async () => {
  const names = ["0870", "0890", "0880", "0930"].map((number) => `librivox-austen-${number}`);
  const clips = [...names, "librispeech-quilter"].map(voiced);
  const finals: Transcript[] = [];
  const asr = openLocal(speech).asr?.open({});
  if (asr === undefined) throw new Error("local has a recogniser");
  const context = { language: "en-GB", prefixMs: 300, keyterms: [], signal: new AbortController().signal };
  const audio = hear(joined([new Int16Array(8000), ...clips, new Int16Array(16_000)]), 640);
  for await (const transcript of asr(audio, context)) if (transcript.final) finals.push(transcript);
  expect(finals).toHaveLength(1);
  const spoken =
    "and mr john dashwood had then leisure to consider how much there might be prudently in his power to do for them " +
    "unless to be rather cold hearted and rather selfish is to be ill disposed he was not an ill disposed young man " +
    "he might even have been made amiable himself mr quilter is the apostle of the middle classes and we are glad to welcome his gospel";
  const heard = finals.map(({ text }) => text.toLowerCase().replaceAll("-", " ").replaceAll(/[.,?]/gu, "")).join(" ");
  expect(inCommon(spoken.split(" "), heard.split(" "))).toBeGreaterThanOrEqual(spoken.split(" ").length - 2);
  expect(heard.split(" ").length).toBeLessThanOrEqual(spoken.split(" ").length + 2);
});
