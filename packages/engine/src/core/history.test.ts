import { expect, test } from "vitest";
import { History, type HistoryEntry } from "./history.ts";

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
const contents = (history: History, limit: number) => history.recall(limit).map((each) => each.content);

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
