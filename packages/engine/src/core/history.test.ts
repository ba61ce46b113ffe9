import { expect, test } from "vitest";
import { History, type HistoryEntry, type Memory, type ToolUse } from "./history.ts";

const entry = (role: HistoryEntry["role"], content: string): HistoryEntry => ({
  role,
  content,
  turnId: 1,
  source: role === "user" ? "asr" : "llm",
  startMs: 0,
  endMs: 0,
});
const filled = () => {
  const history = new History();
  for (const content of ["one", "two", "three"]) {
    history.add(entry("user", `ask ${content}`));
    history.add(entry("assistant", `answer ${content}`));
  }
  return history;
};
const wordsOf = (memory: Memory): string => {
  switch (memory.type) {
    case "said":
      return memory.entry.content;
    case "note":
      return `(${memory.content})`;
    case "tools":
      return memory.uses.map(({ name, output = "?" }) => `${name} = ${output}`).join(", ");
  }
};
const contents = (history: History, limit: number) => history.recall(limit).map(wordsOf);

test("a request carries the newest entries and the question", () => {
  const history = filled();
  history.add(entry("user", "ask four"));
  expect(contents(history, 2)).toEqual(["ask three", "answer three", "ask four"]);
});

test("a limit of 0 leaves the question alone", () => {
  const history = filled();
  history.add(entry("user", "ask four"));
  expect(contents(history, 0)).toEqual(["ask four"]);
  expect(contents(filled(), 0)).toEqual([]);
});

test("a reply of which nothing was heard is not recalled, and stays in the record", () => {
  const history = filled();
  history.add(entry("assistant", ""));
  expect(contents(history, 10)).toHaveLength(6);
  expect(history.entries).toHaveLength(7);
});

test("memory is bounded", () => {
  const history = new History();
  for (let index = 0; index < 3000; index++) history.add(entry("user", `${index}`));
  expect(history.entries).toHaveLength(2048);
  expect(history.entries.at(-1)?.content).toBe("2999");
});

test("calls stay with the words that led to them, whatever the limit, and count once answered", () => {
  const history = filled();
  history.add(entry("user", "ask four"));
  const use: ToolUse = { callId: "c1", name: "find", arguments: {} };
  const memory = history.useTools([use]);
  expect(contents(history, 0)).toEqual(["ask four", "find = ?"]);
  use.output = "4";
  history.add(entry("assistant", "let me look"), memory);
  expect(contents(history, 1)).toEqual(["answer three", "ask four", "let me look", "find = 4"]);
  history.add(entry("assistant", "four"));
  expect(contents(history, 2)).toEqual(["find = 4", "four"]);
});

test("a note is part of the next request, and no words of anybody", () => {
  const history = filled();
  history.note("order 4417");
  expect(contents(history, 0)).toEqual(["(order 4417)"]);
  expect(history.entries).toHaveLength(6);
});
