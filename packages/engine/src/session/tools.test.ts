import { expect, test } from "vitest";
import type { LlmMessage, LlmOutput } from "../vendors/vendor.ts";
import { Stage } from "./stage.ts";
import type { Tool, ToolSettings } from "./tools.ts";

const call = (id: string, name = "find", args: Record<string, unknown> = {}): LlmOutput => ({
  type: "tool-call",
  id,
  name,
  arguments: args,
});
const tool = (change: Partial<Tool> = {}): Tool => ({
  name: "find",
  description: "Finds things",
  parameters: { type: "object" },
  timeoutMs: 5000,
  mode: "interactive",
  ...change,
});
const settings = (answers: ToolSettings["answers"], ...tools: Tool[]): ToolSettings => ({ tools, answers });
const question = [{ at: 1000, ms: 800, text: "where is it" }];
const lines = (messages: readonly LlmMessage[] = []) =>
  messages
    .filter(({ role }) => role !== "system")
    .map(({ role, content, toolCalls = [], callId }) =>
      [role, ...toolCalls.map(({ id }) => id), ...(callId === undefined ? [] : [callId]), content].join(" ").trim(),
    );
const story = (stage: Stage) =>
  stage.only("reply-begin", "tool-call", "tool-result", "reply-end", "reply-interrupted").map((event) => {
    switch (event.type) {
      case "reply-begin":
        return `${event.reply} begins: ${event.trigger}`;
      case "tool-call":
        return `${event.reply} calls ${event.name}`;
      case "tool-result":
        return `${event.name} gives ${event.output}`;
      case "reply-end":
        return `${event.reply} ends: ${event.text}`;
      case "reply-interrupted":
        return `${event.reply} interrupted: ${event.heard}`;
    }
  });

test("the engine runs a tool, and the same reply goes on with what it gave", async () => {
  let runs = 0;
  const find = tool({ run: async ({ arguments: { what } }) => ({ output: `${String(what)} no. ${++runs}`, isError: false }) });
  await using stage = new Stage({
    user: question,
    agent: [["let me look. ", call("c1", "find", { what: "key" })], "it is there"],
    config: { tools: settings("same-reply", find) },
  });
  await stage.clock.moveTo(8000);
  expect(story(stage)).toEqual(["1 begins: turn", "1 calls find", "find gives key no. 1", "1 ends: let me look. it is there"]);
  expect(lines(stage.asked[1])).toEqual(["user where is it", "assistant c1", "tool c1 key no. 1"]);
  expect(stage.session.history.map(({ content }) => content)).toEqual(["where is it", "let me look. it is there"]);
});

test("a client's result is answered by a reply of its own, after the one that called", async () => {
  await using stage = new Stage({
    user: question,
    agent: [["let me look. ", call("c1")], "it is there"],
    config: { tools: settings("new-reply", tool()) },
  });
  await stage.clock.moveTo(2500);
  expect(stage.session.toolResult("c1", { output: "42", isError: false })).toBe("taken");
  expect(stage.session.toolResult("c1", { output: "43", isError: false })).toBe("duplicate");
  expect(stage.session.toolResult("c9", { output: "43", isError: false })).toBe("unknown");
  await stage.clock.moveTo(8000);
  expect(story(stage)).toEqual([
    "1 begins: turn",
    "1 calls find",
    "find gives 42",
    "1 ends: let me look.",
    "2 begins: tool-result",
    "2 ends: it is there",
  ]);
  expect(lines(stage.asked[1])).toEqual(["user where is it", "assistant let me look.", "assistant c1", "tool c1 42"]);
});

test("an answer waits for the results of all calls", async () => {
  await using stage = new Stage({
    user: question,
    agent: [[call("c1"), call("c2")], "both"],
    config: { tools: settings("new-reply", tool()) },
  });
  await stage.clock.moveTo(3000);
  stage.session.toolResult("c2", { output: "two", isError: false });
  await stage.clock.moveTo(4000);
  expect(stage.asked).toHaveLength(1);
  stage.session.toolResult("c1", { output: "one", isError: true });
  await stage.clock.moveTo(6000);
  expect(lines(stage.asked[1])).toEqual(["user where is it", "assistant c1 c2", "tool c1 Error: one", "tool c2 two"]);
});

test("a result that does not come in time is an error to the model, and one that comes later a note", async () => {
  await using stage = new Stage({
    user: question,
    agent: [[call("c1")], "I could not find out"],
    config: { tools: settings("new-reply", tool({ timeoutMs: 2000 })) },
  });
  await stage.clock.moveTo(6000);
  expect(stage.only("tool-result")).toMatchObject([{ isError: true, timedOut: true }]);
  expect(story(stage).at(-1)).toBe("2 ends: I could not find out");
  expect(stage.session.toolResult("c1", { output: "42", isError: false })).toBe("late");
  expect(stage.session.toolResult("c1", { output: "42", isError: false })).toBe("duplicate");
  await stage.clock.moveTo(9000);
  expect(stage.asked).toHaveLength(2);
  stage.type("and now");
  await stage.clock.moveTo(11_000);
  expect(stage.asked.at(-1)?.some(({ role, content }) => role === "system" && content.includes("42"))).toBe(true);
});

test("who interrupts the reply that called gets an answer that knows of the call, and no second one for its result", async () => {
  await using stage = new Stage({
    user: [...question, { at: 3200, ms: 900, text: "never mind that" }],
    agent: [["let me look into all of these many many places. ", call("c1")], "fine", "wrong"],
    config: { tools: settings("new-reply", tool()) },
  });
  await stage.clock.moveTo(7000);
  expect(lines(stage.asked[1])).toContain("tool c1 (no result yet)");
  stage.session.toolResult("c1", { output: "42", isError: false });
  await stage.clock.moveTo(12_000);
  expect(stage.asked).toHaveLength(2);
  expect(stage.only("tool-call")).toHaveLength(1);
});

test("an interruption while the engine runs a tool runs nothing twice", async () => {
  let runs = 0;
  const { promise, resolve } = Promise.withResolvers<{ output: string; isError: boolean }>();
  const find = tool({ timeoutMs: 60_000, run: () => (runs++, promise) });
  await using stage = new Stage({
    user: [...question, { at: 3200, ms: 900, text: "never mind that" }],
    agent: [["let me look. ", call("c1")], "fine", "wrong"],
    config: { tools: settings("same-reply", find) },
  });
  await stage.clock.moveTo(7000);
  resolve({ output: "42", isError: false });
  await stage.clock.moveTo(12_000);
  expect(runs).toBe(1);
  expect(stage.asked).toHaveLength(2);
  stage.type("so");
  await stage.clock.moveTo(14_000);
  expect(lines(stage.asked[2])).toContain("tool c1 42");
});

test("people may go on talking while a tool runs, and its result is told when nobody speaks", async () => {
  await using stage = new Stage({
    user: [...question, { at: 3000, ms: 900, text: "take your time" }],
    agent: [[call("c1")], "I will", "it is there"],
    config: { tools: settings("new-reply", tool({ timeoutMs: 60_000 })) },
  });
  await stage.clock.moveTo(3500);
  stage.session.toolResult("c1", { output: "42", isError: false });
  await stage.clock.moveTo(12_000);
  // The answer to their words knew the result already.
  expect(lines(stage.asked[1])).toContain("tool c1 42");
  expect(stage.asked).toHaveLength(2);
});

test("in hold mode nothing is answered before the result, but a wish may be spoken", async () => {
  await using stage = new Stage({
    user: [...question, { at: 3000, ms: 900, text: "are you there" }],
    agent: [[call("c1")], "one moment", "yes and it is there"],
    config: { tools: settings("new-reply", tool({ mode: "hold", timeoutMs: 60_000 })) },
  });
  await stage.clock.moveTo(5000);
  expect(stage.only("turn-end")).toHaveLength(2);
  expect(stage.asked).toHaveLength(1);
  stage.session.create("Say that you are still looking.");
  await stage.clock.moveTo(7000);
  expect(stage.asked[1]?.at(-1)).toEqual({ role: "system", content: "Say that you are still looking." });
  stage.session.toolResult("c1", { output: "42", isError: false });
  await stage.clock.moveTo(12_000);
  expect(story(stage).slice(-5)).toEqual([
    "2 begins: create",
    "2 ends: one moment",
    "find gives 42",
    "3 begins: turn",
    "3 ends: yes and it is there",
  ]);
  expect(stage.asked).toHaveLength(3);
});

test("a model that calls without end has to answer without tools in the end", async () => {
  const find = tool({ run: () => Promise.resolve({ output: "again", isError: false }) });
  await using stage = new Stage({
    user: question,
    agent: [[call("c1")]],
    config: { tools: settings("same-reply", find) },
  });
  await stage.clock.moveTo(8000);
  expect(stage.offered.map((names) => names.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0]);
  expect(new Set(stage.only("tool-call").map(({ callId }) => callId)).size).toBe(stage.only("tool-call").length);
});

test("a tool that the model made up is an error that names those there are", async () => {
  await using stage = new Stage({
    user: question,
    agent: [[call("c1", "lookup")], "sorry"],
    config: { tools: settings("same-reply", tool()) },
  });
  await stage.clock.moveTo(5000);
  expect(stage.only("tool-result")).toMatchObject([{ isError: true, output: 'There is no tool "lookup"; there is find.' }]);
});

test("wishes wait for their turn, nine drop the first, and one made while somebody speaks is for the answer to them", async () => {
  await using stage = new Stage({ user: [{ at: 5000, ms: 1000, text: "hello there" }], agent: ["ok"] });
  await stage.clock.moveTo(500);
  for (let wish = 1; wish <= 10; wish++) stage.session.create(`wish ${wish}`);
  await stage.clock.moveTo(4800);
  const wishes = stage.asked.map((messages) => messages.at(-1)?.content);
  expect(wishes).toEqual(["wish 1", "wish 3", "wish 4", "wish 5", "wish 6", "wish 7", "wish 8", "wish 9", "wish 10"]);
  await stage.clock.moveTo(5500);
  stage.session.create("be kind");
  await stage.clock.moveTo(9000);
  expect(stage.asked).toHaveLength(10);
  expect(
    stage.asked
      .at(-1)
      ?.slice(-2)
      .map(({ content }) => content),
  ).toEqual(["hello there", "be kind"]);
});
