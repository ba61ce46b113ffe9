import fc from "fast-check";
import { expect, test } from "vitest";
import { Link, type LinkDecision, type LinkInput, type LinkOptions } from "./link.ts";

const options: LinkOptions = {
  graceMs: 30_000,
  connectTimeoutMs: 15_000,
  heartbeat: { quietMs: 15_000, timeoutMs: 10_000 },
  backOff: { firstMs: 200, maxMs: 4_000 },
  restart: false,
};

function openLink(changes: Partial<LinkOptions> = {}) {
  const link = new Link({ ...options, ...changes }, () => 0);
  const types = (input: LinkInput): string[] => link.handle(input).map(({ type }) => type);
  return { link, types };
}

const ready = (at: number, sessionId = "a"): LinkInput => ({ type: "ready", at, sessionId, resumeToken: null });

function openReady(changes: Partial<LinkOptions> = {}) {
  const opened = openLink(changes);
  opened.link.handle({ type: "connect", at: 0 });
  opened.link.handle({ type: "opened", at: 10 });
  opened.link.handle(ready(20));
  return opened;
}

test("a session starts, and ends when it is asked to", () => {
  const { types } = openLink();
  expect(types({ type: "connect", at: 0 })).toEqual(["open"]);
  expect(types({ type: "opened", at: 5 })).toEqual(["send-start"]);
  expect(types(ready(9))).toEqual(["started"]);
  expect(types({ type: "end", at: 100 })).toEqual(["send-end"]);
  expect(types({ type: "ended", at: 101 })).toEqual(["drop", "over"]);
});

test("who does not answer session.end is left after three seconds", () => {
  const { link, types } = openReady();
  types({ type: "end", at: 100 });
  expect(link.deadline).toBe(3_100);
  expect(types({ type: "time", at: 3_100 })).toEqual(["drop", "over"]);
});

test("a socket that breaks is replaced, and the same session is resumed", () => {
  const { link, types } = openReady();
  expect(link.handle({ type: "closed", at: 1_000, code: 1006, reason: "" })).toMatchObject([
    { type: "reconnecting", attempt: 1, delayMs: 100 },
  ]);
  expect(link.deadline).toBe(1_100);
  expect(types({ type: "time", at: 1_100 })).toEqual(["open"]);
  expect(link.handle({ type: "opened", at: 1_150 })).toEqual([{ type: "send-resume", sessionId: "a", resumeToken: null }]);
  expect(link.handle(ready(1_160))).toEqual([{ type: "resumed", sessionId: "a", awayMs: 160 }]);
});

test.each([1001, 1005, 1006, 1011, 3005])("after %i the session is resumed", (code) => {
  expect(openReady().types({ type: "closed", at: 1_000, code, reason: "" })).toEqual(["reconnecting"]);
});

test.each([1008, 1009, 3006, 3007, 3008, 3009, 4000])("after %i it is not", (code) => {
  const { link, types } = openReady();
  expect(types({ type: "closed", at: 1_000, code, reason: "" })).toEqual(["lost"]);
  expect(link.deadline).toBeUndefined();
});

test("what the server said before it closed is why the session is lost", () => {
  const { link } = openReady();
  link.handle({ type: "refused", at: 900, code: "session_expired", message: "too old" });
  expect(link.handle({ type: "closed", at: 901, code: 1008, reason: "" })).toEqual([
    { type: "lost", loss: { code: "session_expired", message: "too old" } },
  ]);
});

test("attempts grow apart and stop when the session cannot be there any more", () => {
  const { link, types } = openReady();
  const delays: number[] = [];
  let decisions: LinkDecision[] = link.handle({ type: "closed", at: 1_000, code: 1006, reason: "" });
  for (let at = 1_000; decisions[0]?.type === "reconnecting";) {
    delays.push(decisions[0].delayMs);
    at = link.deadline ?? at;
    expect(types({ type: "time", at })).toEqual(["open"]);
    decisions = link.handle({ type: "failed", at, error: new Error("no network") });
  }
  expect(delays.slice(0, 6)).toEqual([100, 200, 400, 800, 1_600, 2_000]);
  expect(delays.reduce((sum, delay) => sum + delay, 0)).toBeLessThan(30_000);
  expect(decisions).toMatchObject([{ type: "lost", loss: { code: "connect-failed", message: "no network" } }]);
});

test("a session that is gone is lost; or, where the app wants that, replaced on the same socket", () => {
  const gone: LinkInput = { type: "refused", at: 1_200, code: "session_not_found", message: "gone" };
  const away = (changes: Partial<LinkOptions>) => {
    const opened = openReady(changes);
    opened.link.handle({ type: "closed", at: 1_000, code: 1006, reason: "" });
    opened.link.handle({ type: "time", at: 1_100 });
    opened.link.handle({ type: "opened", at: 1_110 });
    return opened;
  };
  expect(away({}).types(gone)).toEqual(["drop", "lost"]);
  const { link, types } = away({ restart: true });
  expect(types(gone)).toEqual(["send-start"]);
  expect(link.handle(ready(1_250, "b"))).toEqual([{ type: "restarted", sessionId: "b", previousId: "a", awayMs: 250 }]);
});

test("where the server closes the socket of a refused resume, a new session begins on another one", () => {
  const { types } = openReady({ restart: true });
  types({ type: "closed", at: 1_000, code: 1006, reason: "" });
  types({ type: "time", at: 1_100 });
  types({ type: "opened", at: 1_110 });
  types({ type: "refused", at: 1_120, code: "session_not_found", message: "gone" });
  expect(types({ type: "closed", at: 1_130, code: 1008, reason: "" })).toEqual(["reconnecting"]);
  expect(types({ type: "time", at: 1_430 })).toEqual(["open"]);
  expect(types({ type: "opened", at: 1_440 })).toEqual(["send-start"]);
  expect(types(ready(1_450, "b"))).toEqual(["restarted"]);
});

test("a first connection that fails is told, not repeated", () => {
  const { types } = openLink();
  types({ type: "connect", at: 0 });
  expect(types({ type: "closed", at: 5, code: 1006, reason: "" })).toEqual(["lost"]);
  const slow = openLink();
  slow.types({ type: "connect", at: 0 });
  expect(slow.types({ type: "time", at: 15_000 })).toEqual(["drop", "lost"]);
});

test("a silent server is asked for a sign of life, and left if it gives none", () => {
  const { link, types } = openReady();
  expect(link.deadline).toBe(15_020);
  expect(types({ type: "time", at: 15_020 })).toEqual(["send-probe"]);
  expect(types({ type: "heard", at: 16_000 })).toEqual([]);
  expect(link.deadline).toBe(31_000);
  expect(types({ type: "time", at: 31_000 })).toEqual(["send-probe"]);
  expect(types({ type: "time", at: 41_000 })).toEqual(["drop", "reconnecting"]);
});

test("when the network is back nobody waits for the next attempt", () => {
  const { types } = openReady();
  types({ type: "closed", at: 1_000, code: 1006, reason: "" });
  expect(types({ type: "online", at: 1_001 })).toEqual(["open"]);
  expect(openReady().types({ type: "online", at: 1_000 })).toEqual(["send-probe"]);
});

/** What may happen next in a link, in any order, whether it makes sense or not. */
const anyInput = fc.oneof(
  fc.constantFrom<LinkInput["type"]>("connect", "time", "time", "time", "end", "online", "opened", "failed", "heard", "ended"),
  fc.constantFrom("ready", "refused", "closed"),
);

test("in any order of events there is at most one socket, one end, and no attempt after it", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(anyInput, fc.nat(20_000), fc.constantFrom(1000, 1006, 1008, 1011, 3006), fc.constantFrom("session_not_found", "x")),
        {
          maxLength: 60,
        },
      ),
      fc.boolean(),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (steps, restart, random) => {
        const link = new Link({ ...options, restart }, () => random);
        let at = 0;
        let open = false;
        let over = false;
        let session: string | undefined;
        let count = 0;
        for (const [type, waitMs, code, refusal] of [["connect", 0, 1000, "x"] as const, ...steps]) {
          // Time goes to the deadline, where there is one before the next event: as the shell's timer would have it.
          at = type === "time" && link.deadline !== undefined ? Math.max(at, link.deadline) : at + waitMs;
          // The shell reports what a socket does only while there is one.
          if (!open && ["ready", "refused", "closed", "opened", "failed", "heard", "ended"].includes(type)) continue;
          if (type === "failed" && link.state !== "connecting") continue;
          if (type === "closed" || type === "failed") open = false;
          const sessionId = session !== undefined && !restart ? session : `s${++count}`;
          const input = {
            type,
            at,
            code: type === "refused" ? refusal : code,
            message: "",
            reason: "",
            error: new Error("e"),
            sessionId,
            resumeToken: null,
          };
          if (type === "ready") session = sessionId;
          const before = link.deadline;
          for (const decision of link.handle(input as unknown as LinkInput)) {
            expect(over, `${decision.type} after the end`).toBe(false);
            if (decision.type === "open") {
              expect(open).toBe(false);
              open = true;
            }
            if (decision.type.startsWith("send-")) expect(open, decision.type).toBe(true);
            if (decision.type === "send-resume") expect(decision.sessionId).toBe(session);
            if (decision.type === "drop") open = false;
            if (decision.type === "over" || decision.type === "lost") over = true;
          }
          if (type === "time" && before !== undefined) expect(link.deadline ?? Number.POSITIVE_INFINITY).toBeGreaterThan(at);
          expect(link.state === "over").toBe(over);
          if (over) expect([open, link.deadline]).toEqual([false, undefined]);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("wherever a session stands, without a network it is over within its grace and the attempts that have begun", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.nat(10_000), (restart, lostAt) => {
      const { link } = openReady({ restart });
      let at = 20 + lostAt;
      link.handle({ type: "closed", at, code: 1006, reason: "" });
      while (link.deadline !== undefined) {
        at = link.deadline;
        link.handle({ type: "time", at });
      }
      expect(link.state).toBe("over");
      expect(at).toBeLessThanOrEqual(lostAt + 20 + (restart ? 2 : 1) * (options.graceMs + options.connectTimeoutMs));
    }),
  );
});
