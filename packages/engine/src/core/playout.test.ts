import fc from "fast-check";
import { expect, test } from "vitest";
import { FRAME_MS } from "./frame.ts";
import { DUCKED, Playout, type PlayoutOptions } from "./playout.ts";

const rate = 8000;
const tone = (ms: number, level = 8000) => new Int16Array((rate * ms) / 1000).fill(level);
const peak = (pcm: Int16Array) => pcm.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0);

/** A playout with one clause of four words, 100 ms each. */
const counting = (options: PlayoutOptions = {}) => {
  const playout = new Playout(rate, options);
  playout.clause(
    "one two three four",
    ["one", "two", "three", "four"].map((text, index) => ({ text, startMs: index * 100, endMs: index * 100 + 100 })),
  );
  playout.push(tone(400));
  playout.end();
  return playout;
};

const play = (playout: Playout, from: number, frames: number) =>
  Array.from({ length: frames }, (_, index) => playout.take(from + index * FRAME_MS));

test("a reply plays from its first sample to its last and then says that it is finished, once", () => {
  const taken = play(counting(), 0, 25);
  expect(taken.map((frame) => peak(frame.pcm) > 0)).toEqual([...Array(20).fill(true), ...Array(5).fill(false)]);
  expect(taken.findIndex((frame) => frame.first)).toBe(0);
  expect(taken.map((frame) => frame.finished).indexOf(true)).toBe(19);
  expect(taken.filter((frame) => frame.finished)).toHaveLength(1);
});

test("a clause tells its words with the time at which they are due", () => {
  const playout = counting();
  expect(playout.take(1000).started).toMatchObject([
    {
      text: "one two three four",
      words: [
        { text: "one", startMs: 1000, endMs: 1100 },
        { text: "two", startMs: 1100, endMs: 1200 },
        { text: "three", startMs: 1200, endMs: 1300 },
        { text: "four", startMs: 1300, endMs: 1400 },
      ],
    },
  ]);
});

test("a word is heard once its middle was at the ear", () => {
  const playout = counting();
  play(playout, 1000, 20);
  expect(playout.heard(1149).text).toBe("one");
  expect(playout.heard(1150).text).toBe("one two");
  expect(playout.heard(5000)).toMatchObject({ text: "one two three four", all: "one two three four", ms: 400 });
});

test("where nobody reports what was played, a word is heard when all of it was", () => {
  const playout = counting({ wholeWords: true });
  play(playout, 0, 20);
  expect([199, 200].map((until) => playout.heard(until).text)).toEqual(["one", "one two"]);
});

test("frames that did not arrive are taken again, once, and count when they are heard", () => {
  const playout = counting({ rewindable: true });
  const before = play(playout, 0, 12);
  playout.rewind(180);
  const after = play(playout, 1000, 12);
  const samples = (frames: readonly { samples: number }[]) => frames.reduce((sum, frame) => sum + frame.samples, 0);
  expect(samples(before.slice(0, 9)) + samples(after)).toBe(rate * 0.4);
  expect(after.map(({ finished }) => finished).indexOf(true)).toBe(10);
  expect(playout.heard(900).ms).toBe(180);
  expect(playout.heard(2000)).toMatchObject({ text: "one two three four", ms: 400 });
});

test("a hold fades within 5 ms, loses nothing, and what was heard counts without the pause", () => {
  const playout = counting();
  play(playout, 0, 5);
  playout.held = true;
  const [fading, silent] = play(playout, 100, 5);
  expect(peak(fading!.pcm.subarray(0, 10))).toBeGreaterThan(0);
  expect(peak(fading!.pcm.subarray(40))).toBe(0);
  expect(peak(silent!.pcm)).toBe(0);
  playout.resume();
  const rest = play(playout, 200, 15);
  expect(rest.at(-1)!.finished).toBe(true);
  expect(playout.heard(200).text).toBe("one");
  expect(playout.heard(260).text).toBe("one two");
});

test("a hold fades as evenly over sound that came in small pieces as over one that came whole", () => {
  const whole = new Playout(rate);
  const pieces = new Playout(rate);
  whole.push(tone(200));
  for (let ms = 0; ms < 200; ms += 1) pieces.push(tone(1));
  for (const playout of [whole, pieces]) {
    playout.take(0);
    playout.held = true;
  }
  const faded = pieces.take(20).pcm;
  expect([...faded]).toEqual([...whole.take(20).pcm]);
  expect([...faded].filter((sample) => sample > 0)).toHaveLength((rate * 5) / 1000);
});

test("ducking is 12 dB and fades in over one frame", () => {
  const playout = counting();
  play(playout, 0, 2);
  playout.gain = DUCKED;
  const [fading, ducked] = play(playout, 40, 2);
  expect(fading!.pcm[0]).toBe(8000);
  expect(peak(ducked!.pcm)).toBe(Math.trunc(8000 * DUCKED));
  expect(20 * Math.log10(DUCKED)).toBeCloseTo(-12);
});

test("after a cut nothing of the old reply comes out, and only what was at the ear counts as heard", () => {
  const playout = counting();
  play(playout, 0, 10);
  playout.clear();
  expect(play(playout, 200, 30).every((frame) => peak(frame.pcm) === 0 && !frame.finished)).toBe(true);
  expect(playout.heard(160)).toMatchObject({ text: "one two", all: "one two three four", ms: 160 });
});

test("a voice that comes in bursts starts once 40 ms wait", () => {
  const playout = new Playout(rate);
  playout.clause("hello there");
  playout.push(tone(20));
  expect(peak(playout.take(0).pcm)).toBe(0);
  playout.push(tone(20));
  expect(playout.take(20).first).toBe(true);
});

test("an empty reply finishes at the next tick", () => {
  const playout = new Playout(rate);
  playout.end();
  expect(playout.take(0).finished).toBe(true);
  expect(playout.over).toBe(true);
});

test("under any sequence of holds, ducks, late audio and cuts, heard text is a prefix of the text, and grows with time", () => {
  const action = fc.oneof(
    fc.record({ type: fc.constant("push" as const), ms: fc.integer({ min: 5, max: 200 }) }),
    fc.record({
      type: fc.constantFrom("clause" as const, "end" as const, "hold" as const, "resume" as const, "duck" as const, "clear" as const),
    }),
    fc.record({ type: fc.constant("take" as const), frames: fc.integer({ min: 1, max: 12 }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const playout = new Playout(rate);
      let due = 0;
      let sent = 0;
      let pushed = 0;
      let cleared = false;
      let finishes = 0;
      for (const step of actions) {
        switch (step.type) {
          case "push":
            playout.push(tone(step.ms));
            pushed += step.ms;
            break;
          case "clause":
            playout.clause("some words here.");
            break;
          case "end":
            playout.end();
            break;
          case "hold":
            playout.held = true;
            break;
          case "resume":
            playout.resume();
            break;
          case "duck":
            playout.gain = DUCKED;
            break;
          case "clear":
            playout.clear();
            cleared = true;
            break;
          case "take":
            for (let frame = 0; frame < step.frames; frame++, due += FRAME_MS) {
              const taken = playout.take(due);
              if (cleared) expect(peak(taken.pcm)).toBe(0);
              if (taken.finished) finishes += 1;
              sent += FRAME_MS;
            }
            break;
        }
      }
      const late = playout.heard(due + 1000);
      expect(finishes).toBeLessThanOrEqual(1);
      expect(late.ms).toBeLessThanOrEqual(Math.min(sent, pushed) + 0.001);
      let previous = "";
      for (let until = 0; until <= due + 40; until += 40) {
        const { text, all } = playout.heard(until);
        expect(all.startsWith(text)).toBe(true);
        expect(text.startsWith(previous)).toBe(true);
        previous = text;
      }
    }),
  );
});

test("a word in between is shown and heard, and is no part of the answer", () => {
  const playout = new Playout(rate);
  const say = (text: string, isFiller: boolean): void => {
    playout.clause(text, undefined, isFiller);
    playout.push(new Int16Array(rate / 2).fill(1000));
  };
  say("One moment.", true);
  say("It is noon.", false);
  playout.end();
  const started = Array.from({ length: 60 }, (_, index) => playout.take(index * 20)).flatMap((taken) => taken.started);
  expect(started.map(({ text, isFiller }) => [text, isFiller])).toEqual([
    ["One moment.", true],
    ["One moment. It is noon.", false],
  ]);
  expect(playout.heard(500)).toMatchObject({ text: "One moment.", answer: { text: "", all: "It is noon." } });
  expect(playout.heard(5000)).toMatchObject({ text: "One moment. It is noon.", answer: { text: "It is noon.", all: "It is noon." } });
});

test.each(["clause", "scripted"] as const)(
  "words that nobody timed, cut while their sound still comes, are heard at an ordinary rate: %s",
  (kind) => {
    const text = "one two three four five six seven eight nine ten eleven twelve";
    const playout = new Playout(rate);
    if (kind === "clause") playout.clause(text);
    else playout.scripted().add(text);
    playout.push(tone(800));
    play(playout, 0, 20);
    playout.clear();
    // 400 ms are about five letters: three, and the middle of the next three.
    expect(playout.heard(5000)).toMatchObject({ text: "one two", all: text, ms: 400 });
  },
);

test("sound that brings its text, and clauses around it, are told and heard in their order", () => {
  const playout = new Playout(rate);
  playout.clause("before it");
  playout.push(tone(400));
  const script = playout.scripted();
  playout.push(tone(200));
  script.time([{ text: "itself", startMs: 100, endMs: 200 }]);
  script.add("itself");
  playout.clause("after it");
  playout.push(tone(400));
  playout.end();
  const started = play(playout, 1000, 50).flatMap((frame) => frame.started);
  expect(started.map(({ text }) => text)).toEqual(["before it", "before it itself", "before it itself after it"]);
  expect(started[1]?.words).toEqual([{ text: "itself", startMs: 1500, endMs: 1600 }]);
  expect([1540, 1560].map((until) => playout.heard(until).text)).toEqual(["before it", "before it itself"]);
  expect(playout.heard(9000)).toMatchObject({ text: "before it itself after it", all: "before it itself after it", ms: 1000 });
});

test("a filler that brings its sound is no part of the answer", () => {
  const playout = new Playout(rate);
  const script = playout.scripted(true);
  script.add("One moment.");
  playout.push(tone(200));
  playout.clause("Yes.");
  playout.push(tone(200));
  playout.end();
  play(playout, 0, 20);
  expect(playout.heard(9000)).toMatchObject({ text: "One moment. Yes.", answer: { text: "Yes.", all: "Yes." } });
});

test("a text is parted where its sound was heard to: no word is lost, and of more that was heard more was said", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 }),
      fc.nat(3000),
      fc.nat(3000),
      (clauses, one, other) => {
        const playout = new Playout(rate, { before: { text: "so far", ms: 400 } });
        for (const [index, words] of clauses.entries()) {
          playout.clause(Array.from({ length: words }, (_, word) => `w${index}.${word}`).join(" "));
          playout.push(tone(100 * words));
        }
        playout.end();
        for (let due = 0; due < 2000; due += 20) playout.take(due);
        const all = playout.heard(Number.MAX_SAFE_INTEGER).all;
        const [less, more] = [Math.min(one, other), Math.max(one, other)].map((until) => playout.parted(until));
        for (const parted of [less, more]) expect(`${parted?.said} ${parted?.unsaid}`.trim()).toBe(all);
        expect(more?.said.startsWith(less?.said ?? "")).toBe(true);
        expect(less?.said.startsWith("so far")).toBe(true);
        expect(less?.ms).toBeGreaterThanOrEqual(400);
      },
    ),
  );
});
