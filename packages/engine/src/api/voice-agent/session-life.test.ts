import { expect, test } from "vitest";
import { SessionLife, type SessionLifeInput } from "./session-life.ts";

const limits = { graceMs: 30_000, longestMs: 600_000, warnMs: 0, idleMs: 0 };

function decide(life: SessionLife, ...inputs: SessionLifeInput[]): string[] {
  return inputs.flatMap((input) =>
    life.handle(input).map((decision) => (decision.type === "end" ? `end ${decision.reason} ${decision.code}` : `warn ${decision.leftMs}`)),
  );
}

test("a lost client has thirty seconds to come back", () => {
  const life = new SessionLife(0, limits);
  expect(
    decide(life, { type: "lost", at: 1000 }, { type: "time", at: 30_999 }, { type: "attached", at: 30_999 }, { type: "time", at: 31_000 }),
  ).toEqual([]);
  expect(decide(life, { type: "lost", at: 40_000 }, { type: "lost", at: 60_000 })).toEqual([]);
  expect(life.deadline).toBe(70_000);
  expect(decide(life, { type: "time", at: 70_000 })).toEqual(["end client_disconnect 1001"]);
  expect([life.ended, life.deadline]).toEqual([true, undefined]);
});

test("the longest time counts from the start, whether somebody is there or not", () => {
  const life = new SessionLife(100, limits);
  expect(decide(life, { type: "lost", at: 599_000 }, { type: "time", at: 600_099 }, { type: "time", at: 600_100 })).toEqual([
    "end max_duration 1008",
  ]);
});

test("the agent is warned once, and only of an end that is further away than the warning", () => {
  const life = new SessionLife(0, { ...limits, warnMs: 30_000 });
  expect(life.deadline).toBe(570_000);
  expect(decide(life, { type: "time", at: 570_000 }, { type: "time", at: 580_000 }, { type: "time", at: 600_000 })).toEqual([
    "warn 30000",
    "end max_duration 1008",
  ]);
  expect(new SessionLife(0, { ...limits, longestMs: 20_000, warnMs: 30_000 }).deadline).toBe(20_000);
});

test("a session in which nobody says a word ends, if the operator wants that", () => {
  const life = new SessionLife(0, { ...limits, idleMs: 60_000 });
  expect(decide(life, { type: "active", at: 50_000 }, { type: "time", at: 60_000 }, { type: "time", at: 110_000 })).toEqual([
    "end idle_timeout 1000",
  ]);
});

test("it ends once", () => {
  const life = new SessionLife(0, limits);
  expect(
    decide(life, { type: "end", at: 1, reason: "client_end" }, { type: "end", at: 2, reason: "error" }, { type: "time", at: 1e9 }),
  ).toEqual(["end client_end 1000"]);
});
