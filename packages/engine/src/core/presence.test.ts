import { expect, test } from "vitest";
import { Presence } from "./presence.ts";

test("before the first person the agent waits as long as its operator says", () => {
  expect(new Presence(30, 600).deadline).toBe(600_000);
  expect(new Presence(30, 0).deadline).toBeUndefined();
});

test("the idle time counts from the moment the last person has left, and ends when one comes back", () => {
  const presence = new Presence(30, 600);
  presence.join("a");
  presence.join("b");
  presence.leave("a", 10_000);
  expect(presence.deadline).toBeUndefined();
  presence.leave("b", 20_000);
  expect(presence.deadline).toBe(50_000);
  presence.join("a");
  expect(presence.deadline).toBeUndefined();
});

test("an idle time of 0 never ends, and a stranger who leaves changes nothing", () => {
  const presence = new Presence(0, 600);
  presence.join("a");
  presence.leave("x", 1000);
  expect(presence.someone).toBe(true);
  presence.leave("a", 2000);
  expect(presence.deadline).toBeUndefined();
});

test("a session that goes on after a restart waits for those who were there as if they had just left", () => {
  const presence = new Presence(30, 600, { met: true });
  expect(presence.deadline).toBe(30_000);
  presence.join("a");
  expect(presence.deadline).toBeUndefined();
  expect(new Presence(0, 600, { met: true }).deadline).toBeUndefined();
});
