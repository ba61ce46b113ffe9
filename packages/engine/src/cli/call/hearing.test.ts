import type { AgentMessage } from "@parley/protocol";
import { expect, test } from "vitest";
import { Hearing } from "./hearing.ts";

const state = (name: "listening" | "thinking" | "speaking"): AgentMessage => ({
  object: "message.state",
  state: name,
  listening: name === "listening",
  thinking: name === "thinking",
  speaking: name === "speaking",
  turn_id: 1,
  send_ts: 0,
});
const frame = (level: number): Int16Array => new Int16Array(480).fill(level);

/** 20 ms frames from `from` to `to`. */
function speak(hearing: Hearing, from: number, to: number): void {
  for (let at = from; at < to; at += 20) hearing.audio(at, frame(4000));
}

test("an agent has finished when it is silent and listens again", () => {
  const hearing = new Hearing(24_000);
  hearing.message(90, state("speaking"));
  speak(hearing, 100, 900);
  expect(hearing.firstSoundMs(50)).toBe(100);
  expect(hearing.finishedMs(50, 5000)).toBeUndefined();
  hearing.message(910, state("listening"));
  expect(hearing.finishedMs(50, 1100)).toBeUndefined();
  expect(hearing.finishedMs(50, 1200)).toBe(900);
});

test("a pause between two clauses is not the end", () => {
  const hearing = new Hearing(24_000);
  hearing.message(0, state("speaking"));
  speak(hearing, 100, 500);
  speak(hearing, 1400, 2000);
  expect(hearing.finishedMs(0, 1300)).toBeUndefined();
  hearing.message(2000, state("listening"));
  expect(hearing.finishedMs(0, 2400)).toBe(2000);
});

test("an agent that says nothing of itself is given two and a half seconds", () => {
  const hearing = new Hearing(24_000);
  speak(hearing, 100, 500);
  expect(hearing.finishedMs(0, 2900)).toBeUndefined();
  expect(hearing.finishedMs(0, 3000)).toBe(500);
});

test("what was said before is no answer", () => {
  const hearing = new Hearing(24_000);
  speak(hearing, 100, 500);
  hearing.message(600, state("listening"));
  expect(hearing.firstSoundMs(700)).toBeUndefined();
  expect(hearing.finishedMs(700, 10_000)).toBeUndefined();
});
