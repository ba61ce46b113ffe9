import { expect, test } from "vitest";
import { Stage } from "./stage.ts";

const long = "one two three four five six seven eight nine ten";
const question = [{ at: 1000, ms: 800, text: "count to ten" }];

test("frames go out ahead of time, in order and without a hole, and the reply ends when it has been heard", async () => {
  await using stage = new Stage({ user: question, agent: [long], leadMs: 300 });
  await stage.clock.moveTo(8000);
  const { voiced, writtenAt } = stage.transport;
  expect(voiced).toHaveLength(100);
  expect(voiced.every((at, index) => index === 0 || Math.abs(at - (voiced[index - 1] ?? 0) - 20) < 0.001)).toBe(true);
  const leads = voiced.map((at, index) => at - (writtenAt[index] ?? 0));
  expect(Math.max(...leads)).toBeLessThanOrEqual(300);
  expect(leads.slice(20, 90).every((lead) => lead >= 280)).toBe(true);
  const [start] = stage.only("reply-start");
  const [end] = stage.only("reply-end");
  expect(start?.at).toBe(voiced[0]);
  expect(end?.at).toBe(voiced.at(-1));
  // Somebody may still interrupt the part that is written and not heard.
  expect(stage.events.indexOf(end!)).toBe(stage.events.length - 2);
});

test("what is written and not heard is no part of the history after an interruption", async () => {
  await using stage = new Stage({
    user: [...question, { at: 3600, ms: 900, text: "stop that please" }],
    agent: [long, "fine"],
    leadMs: 300,
  });
  await stage.clock.moveTo(4300);
  const [cut] = stage.only("reply-interrupted");
  // Cut 1660 ms after its first frame; it was held 160 ms after the onset, with 300 ms more written.
  expect(cut?.heard).toBe("one two three four five six seven eight");
  expect(stage.transport.voiced).toHaveLength(90);
});

test("a reply waits while nobody is there, and goes on at the frame that did not arrive", async () => {
  await using stage = new Stage({ user: question, agent: [long], leadMs: 300 });
  await stage.clock.moveTo(3000);
  const { transport } = stage;
  const arrived = transport.voiced.at(-5) ?? 0;
  transport.events.push({ type: "detached", at: 3000 });
  await stage.clock.moveTo(20_000);
  const before = transport.voiced.length;
  expect(stage.only("reply-end")).toEqual([]);
  transport.events.push({ type: "attached", at: 20_000, until: arrived });
  await stage.clock.moveTo(26_000);
  // Five frames are written again: 100 in all.
  expect(transport.voiced.length - before).toBe(100 - (before - 5));
  expect(transport.voiced[before]).toBeGreaterThanOrEqual(20_000);
  expect(stage.only("reply-start")).toHaveLength(1);
  expect(stage.only("reply-text")).toHaveLength(1);
  expect(stage.only("reply-end")).toMatchObject([{ text: long, playedMs: 2000 }]);
});

test("a reply of which all was written is not over before it arrived", async () => {
  await using stage = new Stage({ user: question, agent: ["yes"], leadMs: 300 });
  await stage.clock.moveTo(2390);
  stage.transport.events.push({ type: "detached", at: stage.clock.now() });
  await stage.clock.moveTo(9000);
  expect(stage.only("reply-begin")).toHaveLength(1);
  expect(stage.only("reply-end")).toEqual([]);
  stage.transport.events.push({ type: "attached", at: stage.clock.now(), until: stage.clock.now() });
  await stage.clock.moveTo(9500);
  expect(stage.only("reply-end")).toHaveLength(1);
});

test("listeners are told before the frames of what they are told", async () => {
  await using stage = new Stage({ user: question, agent: [long], leadMs: 300 });
  const order: string[] = [];
  stage.session.listen(({ type }) => {
    if (type.startsWith("reply")) order.push(`${type} ${stage.transport.voiced.length}`);
  });
  await stage.clock.moveTo(8000);
  expect(order).toEqual(["reply-begin 0", "reply-start 0", "reply-text 0", "reply-end 100"]);
});

test("a restored session remembers, and counts on", async () => {
  await using stage = new Stage({
    user: question,
    agent: ["ten"],
    config: { greeting: { text: "hello", interruptable: true } },
    restored: { turn: 7, greeted: true, history: [{ role: "user", content: "before", turnId: 7, source: "asr", startMs: 0, endMs: 0 }] },
  });
  await stage.clock.moveTo(5000);
  expect(stage.only("turn-end").map(({ turnId }) => turnId)).toEqual([8]);
  expect(stage.asked[0]?.map(({ content }) => content)).toEqual(["Be brief.", "before count to ten"]);
  expect(stage.only("reply-begin").map(({ trigger }) => trigger)).toEqual(["turn"]);
});

test("a restored session that had met nobody greets whoever comes first", async () => {
  await using stage = new Stage({
    user: question,
    agent: ["ten"],
    config: { greeting: { text: "hello", interruptable: true, mode: "first" } },
    restored: { turn: 0, greeted: false, history: [] },
  });
  await stage.clock.moveTo(1000);
  expect(stage.only("reply-begin").map(({ trigger }) => trigger)).toEqual(["greeting"]);
});
