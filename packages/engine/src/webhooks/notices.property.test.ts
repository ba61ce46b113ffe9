import fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionEvent } from "../core/events.ts";
import type { AgentRecord } from "../projects/agents.ts";
import { TurnRecord } from "../projects/turn-log.ts";
import { CallLog } from "../store/call-log.ts";
import { CallReport } from "./call-report.ts";
import { type Notice, noticeId } from "./notices.ts";

const agent: AgentRecord = {
  agentId: "AGENT",
  appId: "app",
  name: "n",
  channel: "c",
  uid: "1",
  labels: {},
  state: "STARTING",
  message: "",
  createdAt: 1_737_000_000_000,
  startedAt: 0,
  stoppedAt: 0,
};
const running: AgentRecord = { ...agent, state: "RUNNING", startedAt: agent.createdAt + 20 };
const stopped: AgentRecord = { ...running, state: "STOPPED", message: "OK", stoppedAt: agent.createdAt + 1e7 };

const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
const base = { at: ms, turnId: fc.nat({ max: 12 }) };
const text = fc.oneof(fc.constant(""), fc.string({ unit: "binary" }));
const kind = <T extends SessionEvent["type"]>(type: T) => ({ type: fc.constant(type), ...base });
const event: fc.Arbitrary<SessionEvent> = fc.oneof(
  fc.record({ ...kind("turn-start"), uid: fc.constant("7") }),
  fc.record({ ...kind("turn-dropped"), uid: fc.constant("7") }),
  fc.record({
    ...kind("turn-end"),
    uid: fc.constant("7"),
    text,
    startMs: ms,
    endMs: ms,
    by: fc.constantFrom("voice" as const, "text" as const, "command" as const),
  }),
  fc.record({
    ...kind("reply-start"),
    reply: fc.nat({ max: 12 }),
    source: fc.constantFrom("llm" as const, "greeting" as const, "command" as const, "silence" as const, "llm_failure" as const),
    latencyMs: fc.option(ms),
  }),
  fc.record({
    ...kind("metric"),
    module: fc.constantFrom("asr" as const, "llm" as const, "tts" as const, "total" as const),
    name: fc.constantFrom("ttlw" as const, "ttfb" as const, "ttfs" as const, "e2e" as const),
    latencyMs: ms,
  }),
  fc.record({ ...kind("reply-end"), reply: fc.nat({ max: 12 }), text, playedMs: ms }),
  fc.record({
    ...kind("reply-interrupted"),
    reply: fc.nat({ max: 12 }),
    heard: text,
    text,
    cause: fc.constantFrom(
      "start_of_speech" as const,
      "text" as const,
      "api_speak" as const,
      "api_interrupt" as const,
      "api_leave" as const,
    ),
  }),
  fc.record({
    ...kind("error"),
    module: fc.constantFrom("asr" as const, "llm" as const, "tts" as const, "session" as const, "vad" as const, "transport" as const),
    code: fc.integer(),
    message: text,
    remedy: text,
    cause: fc.constant(undefined),
  }),
);

const report = (events: readonly SessionEvent[], maxHistory: number): Notice[] => {
  const call = new CallReport(agent);
  call.saved(agent);
  call.follow(agent.createdAt, maxHistory);
  const begun = call.saved(running);
  return [...begun, ...events.flatMap((one) => call.handle(one)), ...call.saved(stopped)];
};
const payload = (notices: readonly Notice[], type: number) => notices.find(({ eventType }) => eventType === type)?.payload ?? {};

test("whatever happens in a call, it is told once from joining to its turns, each notice under an id of its own", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.nat({ max: 20 }), (events, maxHistory) => {
      const notices = report(events, maxHistory);
      expect(notices.map(({ eventType }) => eventType).filter((type) => type !== 110)).toEqual([101, 102, 103, 111, 112]);
      expect(new Set(notices.map((notice) => noticeId(agent, notice))).size).toBe(notices.length);
      for (const notice of notices) {
        expect(notice.payload).toMatchObject({ agent_id: "AGENT", channel: "c", name: "n" });
        expect(JSON.parse(JSON.stringify(notice.payload))).toEqual(notice.payload);
      }
    }),
  );
});

test("the history holds words, at most as many entries as asked for, and those of the newest turns", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.nat({ max: 20 }), (events, maxHistory) => {
      const { contents } = payload(report(events, maxHistory), 103) as { contents: { role: string; content: string }[] };
      expect(contents.length).toBeLessThanOrEqual(maxHistory);
      expect(contents.every(({ content }) => content !== "")).toBe(true);
      const log = new CallLog(agent.createdAt);
      const said = events.flatMap((one) => log.handle(one).entries).map(({ role, content }) => `${role} ${content}`);
      for (const { role, content } of contents) expect(said).toContain(`${role} ${content}`);
    }),
  );
});

test("every turn can be read back from the database, ends after its beginning, and is counted", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const log = new CallLog(agent.createdAt);
      const turns = events.flatMap((one) => log.handle(one).turns);
      for (const turn of turns) {
        expect(TurnRecord.parse(JSON.parse(JSON.stringify(turn)))).toEqual(turn);
        expect(turn.endedAt).toBeGreaterThanOrEqual(turn.startedAt);
      }
      expect(payload(report(events, 10), 112)).toMatchObject({ total_turn_count: turns.length, is_truncated: false });
    }),
  );
});

test("a call of thousands of turns and errors is told in bounds, and says so", () => {
  const events: SessionEvent[] = Array.from({ length: 3000 }, (_, index) => index + 1).flatMap((turnId) => [
    { type: "reply-start", at: turnId * 10, turnId, reply: turnId, source: "command", latencyMs: null },
    { type: "error", at: turnId * 10, turnId, module: "tts", code: 1, message: "m", remedy: "", cause: undefined },
    { type: "reply-end", at: turnId * 10 + 5, turnId, reply: turnId, text: `said ${turnId}`, playedMs: 5 },
  ]);
  const notices = report(events, 1024);
  expect(notices.filter(({ eventType }) => eventType === 110)).toHaveLength(100);
  expect((payload(notices, 103) as { contents: unknown[] }).contents).toHaveLength(1024);
  const { turns, ...counts } = payload(notices, 112) as { turns: { turn_id: number }[] };
  expect(counts).toMatchObject({ total_turn_count: 3000, is_truncated: true });
  expect([turns.length, turns.at(-1)?.turn_id]).toEqual([500, 3000]);
});
