import fc from "fast-check";
import { expect, test } from "vitest";
import { type ConnectionDecision, type ConnectionInput, ConnectionLife } from "./connection-life.ts";
import type { ReceivedEvent } from "./read-message.ts";
import { refusal } from "./refusal.ts";

const update: ReceivedEvent = { type: "session.update", update: { settings: {}, unknown: [] } };
const resume: ReceivedEvent = { type: "session.resume", session_id: "sess_1" };
const audio: ReceivedEvent = { type: "input.audio", audio: "AAAA" };
const end: ReceivedEvent = { type: "session.end" };

/** Feeds events, and says in a word what was decided. */
function story(...inputs: (ConnectionInput | [number, ReceivedEvent])[]): string[] {
  const life = new ConnectionLife(0);
  return inputs.flatMap((input) =>
    life.handle(Array.isArray(input) ? { type: "event", at: input[0], event: input[1] } : input).map(inAWord),
  );
}

function inAWord(decision: ConnectionDecision): string {
  switch (decision.type) {
    case "tell":
      return `tell ${decision.refusal.code}`;
    case "close":
      return `close ${decision.refusal.code} ${decision.code}`;
    case "pass":
      return `pass ${decision.event.type}`;
    case "start":
    case "resume":
    case "abandon":
      return decision.type;
  }
}

test("a session starts, and then everything is for it", () => {
  expect(story([0, update], { type: "started", at: 50 }, [60, audio], [70, update], [80, end])).toEqual([
    "start",
    "pass input.audio",
    "pass session.update",
    "pass session.end",
  ]);
});

test("audio before the session is ready is dropped in silence, anything else is refused and the socket stays open", () => {
  expect(story([0, audio], [1, end], [2, { type: "reply.create" }], [3, update], [4, audio], [5, { type: "reply.create" }])).toEqual([
    "tell invalid_format",
    "tell invalid_format",
    "start",
    "tell invalid_format",
  ]);
});

test("updates and the end wait for the start, in order", () => {
  expect(story([0, update], [1, update], [2, end], { type: "started", at: 3 })).toEqual([
    "start",
    "pass session.update",
    "pass session.end",
  ]);
});

test("no first message in thirty seconds closes the socket, and whatever else came does not count", () => {
  expect(story([29_000, audio], { type: "time", at: 29_999 }, { type: "time", at: 30_000 })).toEqual(["close session_start_timeout 1008"]);
});

test("a start that takes ten seconds is abandoned", () => {
  expect(story([5000, update], { type: "time", at: 14_999 }, { type: "time", at: 15_000 }, { type: "started", at: 16_000 })).toEqual([
    "start",
    "abandon",
    "close agent_timeout 1011",
  ]);
});

test("a first update that is refused closes with 1008, one that cannot be read, too; other frames that cannot be read do not", () => {
  const unreadable = (event: string): ConnectionInput => ({ type: "unreadable", at: 0, refusal: refusal("invalid_format", "x"), event });
  expect(story([0, update], { type: "start-failed", at: 1, refusal: refusal("invalid_value", "x") })).toEqual([
    "start",
    "close invalid_value 1008",
  ]);
  expect(story(unreadable("session.update"))).toEqual(["close invalid_format 1008"]);
  expect(story(unreadable(""), unreadable("tool.result"))).toEqual(["tell invalid_format", "tell invalid_format"]);
  expect(story([0, update], unreadable("session.update"))).toEqual(["start", "tell invalid_format"]);
});

test("a failed start has the close code of its error", () => {
  const failed = (code: Parameters<typeof refusal>[0]) =>
    story([0, update], { type: "start-failed", at: 1, refusal: refusal(code, "x") }).at(-1);
  expect([failed("at_capacity"), failed("agent_init_failed"), failed("agent_not_found")]).toEqual([
    "close at_capacity 1013",
    "close agent_init_failed 1011",
    "close agent_not_found 1008",
  ]);
});

test("after a resume that failed the client has ten seconds for a session.update", () => {
  const failed: ConnectionInput = { type: "resume-failed", at: 1000, refusal: refusal("session_not_found", "x") };
  expect(story([0, resume], failed, [2000, update])).toEqual(["resume", "tell session_not_found", "start"]);
  expect(story([0, resume], failed, { type: "time", at: 11_000 })).toEqual([
    "resume",
    "tell session_not_found",
    "close session_start_timeout 1008",
  ]);
});

test("resumes that fail again renew nothing: ten seconds from the first, and three at most", () => {
  const failed = (at: number): ConnectionInput => ({ type: "resume-failed", at, refusal: refusal("session_not_found", "x") });
  expect(story([0, resume], failed(1000), [9000, resume], failed(9000), { type: "time", at: 11_000 })).toEqual([
    "resume",
    "tell session_not_found",
    "resume",
    "tell session_not_found",
    "close session_start_timeout 1008",
  ]);
  expect(story([0, resume], failed(0), [0, resume], failed(0), [0, resume], failed(0), [0, resume]).slice(4)).toEqual([
    "resume",
    "close session_not_found 1008",
  ]);
});

test("session.resume in mid-session is refused", () => {
  expect(story([0, update], { type: "started", at: 1 }, [2, resume])).toEqual(["start", "tell invalid_format"]);
});

test("a socket that goes during the start abandons it", () => {
  expect(story([0, update], { type: "gone", at: 1 }, { type: "started", at: 2 }, [3, audio])).toEqual(["start", "abandon"]);
});

test("whatever comes, a socket starts at most one session at a time, says nothing after its close, and waits for nothing for ever", () => {
  const input = fc.oneof(
    fc.constantFrom(update, resume, audio, end).map((event) => ({ type: "event", event }) as const),
    fc.constantFrom("", "session.update").map((event) => ({ type: "unreadable", event, refusal: refusal("invalid_format", "x") }) as const),
    fc.constantFrom("started", "resumed", "time", "gone").map((type) => ({ type }) as const),
    fc.constantFrom("start-failed", "resume-failed").map((type) => ({ type, refusal: refusal("session_not_found", "x") }) as const),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(input, fc.nat(20_000)), { maxLength: 40 }), (steps) => {
      const life = new ConnectionLife(0);
      let at = 0;
      let closed = false;
      let open = 0;
      for (const [step, ms] of steps) {
        at += ms;
        // Only what was begun can end.
        if ((step.type === "started" || step.type === "start-failed") && open !== 1) continue;
        if ((step.type === "resumed" || step.type === "resume-failed") && open !== 2) continue;
        if (step.type !== "event" && step.type !== "unreadable" && step.type !== "time") open = 0;
        for (const decision of life.handle({ ...step, at })) {
          expect(closed).toBe(false);
          if (decision.type === "start" || decision.type === "resume") {
            expect(open).toBe(0);
            open = decision.type === "start" ? 1 : 2;
          }
          if (decision.type === "abandon") open = 0;
          closed = decision.type === "close";
        }
        if (!closed && step.type !== "gone" && open === 0 && life.deadline === undefined) {
          expect(life.handle({ type: "event", at, event: end })[0]?.type ?? "pass").toBe("pass");
        }
      }
    }),
    { numRuns: 500 },
  );
});
