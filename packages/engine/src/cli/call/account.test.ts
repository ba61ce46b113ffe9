import type { AgentMessage } from "@parley/protocol";
import { expect, test } from "vitest";
import { accountOf } from "./account.ts";

const common = { start_ms: 0, duration_ms: 0, language: "en-US", words: null };
const said = (turn_id: number, text: string, final = true): AgentMessage => ({
  object: "user.transcription",
  text,
  turn_id,
  stream_id: 7,
  user_id: "7",
  final,
  ...common,
});
const answered = (turn_id: number, text: string, turn_status: 0 | 1 | 2): AgentMessage => ({
  object: "assistant.transcription",
  text,
  turn_id,
  stream_id: 0,
  user_id: "7",
  quiet: false,
  turn_seq_id: 1,
  turn_status,
  ...common,
});

test("a question and its answer are accounted for by waveform and by captions", () => {
  const account = accountOf({
    utterances: [{ kind: "ask", startMs: 1000, endMs: 2200 }],
    sounds: [
      { startMs: 0, endMs: 900 },
      { startMs: 2850.04, endMs: 5000 },
      { startMs: 5600, endMs: 6100 },
    ],
    messages: [
      { at: 10, message: answered(1, "Hello.", 1) },
      { at: 1600, message: said(2, "what's the", false) },
      { at: 2500, message: said(2, "What's the weather like?") },
      { at: 2850, message: answered(2, "I cannot see", 0) },
      { at: 6100, message: answered(2, "I cannot see the sky.", 1) },
    ],
  });
  expect(account).toEqual([
    {
      user: { text: "What's the weather like?", startMs: 1000, endMs: 2200 },
      agent: { text: "I cannot see the sky.", heard: "I cannot see the sky.", interrupted: false, firstSoundMs: 2850, endMs: 6100 },
      voiceToVoiceMs: 650,
      bargeInToSilenceMs: null,
    },
  ]);
});

test("an interrupted answer shows what was heard, and how long the agent went on", () => {
  const account = accountOf({
    utterances: [
      { kind: "ask", startMs: 0, endMs: 1000 },
      { kind: "barge-in", startMs: 2500, endMs: 3200 },
    ],
    sounds: [
      { startMs: 1500, endMs: 2790 },
      { startMs: 4000, endMs: 5000 },
    ],
    messages: [
      { at: 1200, message: said(1, "What can you do?") },
      { at: 1500, message: answered(1, "I can talk, count and tell the time", 0) },
      { at: 2800, message: answered(1, "I can talk, count", 2) },
      { at: 3500, message: said(2, "Stop.") },
      { at: 4000, message: answered(2, "All right.", 0) },
      { at: 5000, message: answered(2, "All right.", 1) },
    ],
  });
  expect(account[0]?.agent).toMatchObject({
    text: "I can talk, count and tell the time",
    heard: "I can talk, count",
    interrupted: true,
    endMs: 2790,
  });
  expect(account[1]).toMatchObject({ bargeInToSilenceMs: 290, voiceToVoiceMs: 800, agent: { heard: "All right.", interrupted: false } });
});

test("a person who pauses is heard as several turns and reported as one", () => {
  const [account] = accountOf({
    utterances: [{ kind: "ask", startMs: 0, endMs: 6000 }],
    sounds: [{ startMs: 6500, endMs: 7000 }],
    messages: [
      { at: 2600, message: said(2, "And so, my fellow Americans,") },
      { at: 2900, message: answered(2, "Yes?", 2) },
      { at: 6400, message: said(3, "ask not.") },
      { at: 6500, message: answered(3, "I see.", 1) },
    ],
  });
  expect(account).toMatchObject({
    user: { text: "And so, my fellow Americans, ask not." },
    agent: { heard: "I see." },
    voiceToVoiceMs: 500,
  });
});

test("an agent that keeps silent leaves nulls, not zeros", () => {
  expect(accountOf({ utterances: [{ kind: "ask", startMs: 0, endMs: 500 }], sounds: [], messages: [] })).toEqual([
    {
      user: { text: "", startMs: 0, endMs: 500 },
      agent: { text: "", heard: "", interrupted: false, firstSoundMs: null, endMs: null },
      voiceToVoiceMs: null,
      bargeInToSilenceMs: null,
    },
  ]);
});

test("a cough that the agent talks over is no barge-in", () => {
  const account = accountOf({
    utterances: [
      { kind: "ask", startMs: 0, endMs: 1000 },
      { kind: "barge-in", startMs: 2500, endMs: 2600 },
    ],
    sounds: [{ startMs: 1500, endMs: 5000 }],
    messages: [
      { at: 1200, message: said(1, "What can you do?") },
      { at: 1500, message: answered(1, "I can talk.", 0) },
      { at: 5000, message: answered(1, "I can talk.", 1) },
    ],
  });
  expect(account[1]).toMatchObject({ bargeInToSilenceMs: null, voiceToVoiceMs: null });
});
