import fc from "fast-check";
import { expect, test } from "vitest";
import { Listening, type ListeningMode } from "./listening.ts";

const loud = (level: number) => Int16Array.from({ length: 480 }, (_, index) => (index % 2 === 0 ? level : -level));
const silence = new Int16Array(480);

/** People as strings of 20 ms frames: a letter speaks, a dot is silent, a blank sends nothing. Who is heard, frame by frame. */
function heard(mode: ListeningMode, people: Readonly<Record<string, string>>): string {
  const listening = new Listening(mode);
  const levels = new Map(Object.keys(people).map((uid, index) => [uid, 2000 * (index + 1)]));
  for (const uid of Object.keys(people)) listening.join(uid);
  const length = Math.max(...Object.values(people).map((frames) => frames.length));
  let out = "";
  for (let at = 0; at < length; at += 1) {
    for (const [uid, frames] of Object.entries(people)) {
      const sign = frames[at];
      if (sign !== undefined && sign !== " ") listening.hear(uid, sign === "." ? silence : loud(levels.get(uid)!));
    }
    const peak = Math.max(...listening.take());
    out += [...levels].find(([, level]) => level === peak)?.[0] ?? (peak === 0 ? "." : "+");
  }
  return out;
}

const speaks = (count: number, sign = "x") => sign.repeat(count);

test("one person is heard 20 ms later, silence included", () => {
  expect(heard({ type: "active" }, { a: "..xxxx...." })).toBe("...aaaa...");
});

test("who holds the ear keeps it through pauses of a breath; another gets it after 800 ms of silence", () => {
  const a = speaks(20) + speaks(30, ".") + speaks(20) + speaks(60, ".");
  const b = speaks(30, ".") + speaks(10) + speaks(50, ".") + speaks(30) + speaks(10, ".");
  const out = heard({ type: "active" }, { a, b });
  // Her word into his pause is not heard; after his silence hers are.
  expect(out.slice(0, 72)).toMatch(/^\.a{20}\.{30}a{20}\.$/);
  expect(out.slice(72)).toMatch(/^\.*b{10,27}\.*$/);
});

test("two at once are never heard in turns", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("x", ".", " "), { minLength: 50, maxLength: 300 }),
      fc.array(fc.constantFrom("x", "."), { minLength: 50, maxLength: 300 }),
      (a, b) => {
        const out = heard({ type: "active" }, { a: a.join(""), b: b.join("") });
        // Between a's and b's sound there are 800 ms of somebody's silence, so changes are rare.
        const changes = out.replaceAll(".", "").match(/ab|ba/g)?.length ?? 0;
        expect(changes).toBeLessThanOrEqual(Math.ceil(out.length / 40));
        expect(out).not.toContain("+");
      },
    ),
  );
});

test("a chosen speaker alone is heard, whoever else speaks", () => {
  expect(heard({ type: "speaker", uid: "b" }, { a: speaks(20), b: ".....xxxxx.........." })).toBe("......bbbbb.........");
});

test("a mix is the sum, and does not overflow", () => {
  const listening = new Listening({ type: "mix" });
  for (const uid of ["a", "b"]) listening.join(uid);
  for (let count = 0; count < 3; count += 1) {
    listening.hear("a", loud(20_000));
    listening.hear("b", loud(5000));
  }
  listening.take();
  expect(Math.max(...listening.take())).toBe(25_000);
  listening.hear("a", loud(30_000));
  listening.hear("b", loud(30_000));
  listening.take();
  expect(Math.max(...listening.take())).toBe(32_767);
});

test("who leaves frees the ear, strangers are not heard, and nobody's queue grows", () => {
  const listening = new Listening({ type: "active" });
  listening.join("a");
  listening.join("b");
  for (let count = 0; count < 1000; count += 1) listening.hear("a", loud(2000));
  listening.hear("z", loud(9000));
  for (let count = 0; count < 100; count += 1) expect(Math.max(...listening.take())).toBe(2000);
  expect(Math.max(...listening.take())).toBe(0);
  expect(listening.speaker).toBe("a");
  listening.leave("a");
  listening.take();
  expect(listening.speaker).toBe("b");
  listening.leave("b");
  expect([listening.speaker, listening.people]).toEqual([undefined, 0]);
});

test("a frame that is late is one hole, and the next one as late is none", () => {
  // Two frames come 40 ms late, together with the next ones; twice.
  const listening = new Listening({ type: "active" });
  listening.join("a");
  const late = new Set([20, 21, 60, 61]);
  let owed = 0;
  let out = "";
  for (let at = 0; at < 100; at += 1) {
    owed += 1;
    if (!late.has(at)) for (; owed > 0; owed -= 1) listening.hear("a", loud(2000));
    out += Math.max(...listening.take()) > 0 ? "a" : ".";
  }
  expect(out).toMatch(/^\.a+\.a+$/);
});

test("what waits too long is left out where nothing is said", () => {
  const listening = new Listening({ type: "active" });
  listening.join("a");
  for (let count = 0; count < 10; count += 1) listening.hear("a", silence);
  for (let at = 0; at < 30; at += 1) {
    listening.hear("a", silence);
    listening.take();
  }
  // Its next word is there after the cushion that is left.
  listening.hear("a", loud(2000));
  const delay = Array.from({ length: 10 }, () => Math.max(...listening.take())).findIndex((peak) => peak > 0);
  expect(delay).toBeLessThanOrEqual(4);
});
