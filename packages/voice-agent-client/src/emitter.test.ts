import { expect, test } from "vitest";
import { Emitter } from "./emitter.ts";

type Event = { readonly type: "a"; readonly n: number } | { readonly type: "b" };

test("each reader gets every event in order, until the end or until it leaves; several may wait at once", async () => {
  const emitter = new Emitter<Event>();
  const [one, two] = [emitter.read(), emitter.read()];
  const waiting = [one.next(), one.next()];
  emitter.emit({ type: "a", n: 1 });
  emitter.emit({ type: "b" });
  expect((await Promise.all(waiting)).map(({ value }) => value?.type)).toEqual(["a", "b"]);
  const last = one.next();
  emitter.close();
  expect(await last).toEqual({ done: true, value: undefined });
  const types: string[] = [];
  for await (const { type } of two) types.push(type);
  expect(types).toEqual(["a", "b"]);
  expect(await emitter.read().next()).toEqual({ done: true, value: undefined });
});

test("a reader that is a minute behind is told so, and no longer kept", async () => {
  const emitter = new Emitter<Event>();
  const slow = emitter.read();
  for (let n = 0; n <= 4_096; n++) emitter.emit({ type: "a", n });
  for (let n = 0; n < 4_096; n++) expect((await slow.next()).value).toEqual({ type: "a", n });
  await expect(slow.next()).rejects.toMatchObject({ code: "slow-reader" });
  expect(await slow.next()).toEqual({ done: true, value: undefined });
});

test("a handler hears its type alone, and none once it is off", () => {
  const emitter = new Emitter<Event>();
  const heard: number[] = [];
  const off = emitter.on("a", ({ n }) => heard.push(n));
  emitter.emit({ type: "a", n: 1 });
  emitter.emit({ type: "b" });
  off();
  emitter.emit({ type: "a", n: 2 });
  expect(heard).toEqual([1]);
});
