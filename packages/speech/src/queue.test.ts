import { expect, test } from "vitest";
import { Queue, type Urgency } from "./queue.ts";

const any = (): boolean => true;
const item = (name: string, urgency: Urgency): { name: string; urgency: Urgency } => ({ name, urgency });

test("the most urgent work comes first, the oldest of one urgency before the others", () => {
  const queue = new Queue<{ name: string; urgency: Urgency }>();
  for (const [name, urgency] of [
    ["p", "partial"],
    ["c", "clause"],
    ["f1", "final"],
    ["first", "first-clause"],
    ["f2", "final"],
    ["v", "vad"],
  ] as const)
    queue.push(item(name, urgency));
  const order = Array.from({ length: 6 }, () => queue.take(any)?.name);
  expect(order).toEqual(["v", "first", "f1", "f2", "c", "p"]);
  expect(queue.take(any)).toBeUndefined();
});

test("work that nobody wants any more is taken out wherever it stands", () => {
  const queue = new Queue<{ name: string; urgency: Urgency }>();
  queue.push(item("a", "final"));
  queue.push(item("b", "partial"));
  queue.push(item("c", "final"));
  expect(queue.takeAll(({ name }) => name !== "c").map(({ name }) => name)).toEqual(["a", "b"]);
  expect(queue.length).toBe(1);
});
