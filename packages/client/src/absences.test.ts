import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Absences, agentReturnMs } from "./absences.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("an agent that is missed has gone after a minute, once; one that comes back has not", () => {
  const gone: string[] = [];
  const absences = new Absences((uid) => gone.push(uid));
  absences.begin("7");
  absences.begin("8");
  vi.advanceTimersByTime(agentReturnMs - 1);
  absences.begin("7");
  absences.end("8");
  expect(gone).toEqual([]);
  vi.advanceTimersByTime(agentReturnMs);
  expect(gone).toEqual(["7"]);
});

test("nothing is missed after the end", () => {
  const absences = new Absences(() => expect.unreachable());
  absences.begin("7");
  absences.close();
  vi.advanceTimersByTime(agentReturnMs);
});
