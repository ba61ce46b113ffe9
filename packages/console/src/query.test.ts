import { expect, test } from "vitest";
import { readWish } from "./query.ts";

test("an address without a query asks for nothing", () => {
  expect(readWish("")).toEqual({ appId: "", channel: "", uid: "", token: "", autostart: false, greeting: undefined, silenceMs: undefined });
});

test("a query can begin a call by itself, without a greeting, with short pauses", () => {
  expect(readWish("?autostart=1&channel=demo&greeting=off&silence_ms=256")).toMatchObject({
    autostart: true,
    channel: "demo",
    greeting: "off",
    silenceMs: 256,
  });
});

test("a query can name a seat in a channel", () => {
  expect(readWish("?app_id=abc&channel=demo&uid=1002&token=007%2Bx")).toMatchObject({
    appId: "abc",
    channel: "demo",
    uid: "1002",
    token: "007+x",
    autostart: false,
  });
});

test("a silence that is no number is not asked for", () => {
  for (const text of ["", "abc", "-5", "0"]) expect(readWish(`?silence_ms=${text}`).silenceMs).toBeUndefined();
});
