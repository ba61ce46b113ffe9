import { expect, test } from "vitest";
import { once, Reply } from "./reply.ts";
import { VirtualClock } from "./virtual-clock.ts";

const RATE = 24_000;

/** A voice that speaks for a minute whatever it is given. */
async function* talkative() {
  yield { type: "clause", text: "on and on" } as const;
  for (let second = 0; second < 60; second += 1) yield { type: "audio", pcm: new Int16Array(RATE) } as const;
}

test("a reply that waits to be played, and never is, ends with its session", async () => {
  const session = new AbortController();
  const reply = new Reply(1, "greeting", "greeting", {
    clock: new VirtualClock(),
    voice: { sampleRate: RATE, speak: talkative },
    sampleRate: RATE,
    resample: () => ({ process: (pcm) => pcm, flush: () => new Int16Array() }),
    signal: session.signal,
  });
  const spoken = reply.speak(once("on and on"));
  // Long enough in turns of the loop to fill what may wait; the rest must wait for room.
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
  expect(reply.playout.queuedMs).toBeLessThan(60_000);

  session.abort();
  await spoken;
  expect(reply.signal.aborted).toBe(true);
});

test("resamplers are given back, one for each clause, after an interruption too", async () => {
  let open = 0;
  let opened = 0;
  const session = new AbortController();
  const reply = new Reply(1, "llm", "turn", {
    clock: new VirtualClock(),
    sampleRate: RATE,
    voice: {
      sampleRate: 22_050,
      async *speak() {
        yield { type: "clause", text: "one" } as const;
        yield { type: "audio", pcm: new Int16Array(100) } as const;
        yield { type: "clause", text: "two" } as const;
        yield { type: "audio", pcm: new Int16Array(100) } as const;
        session.abort();
        yield { type: "audio", pcm: new Int16Array(100) } as const;
      },
    },
    resample: () => {
      open += 1;
      opened += 1;
      return {
        process: (pcm) => pcm,
        flush: () => {
          open -= 1;
          return new Int16Array();
        },
      };
    },
    signal: session.signal,
  });
  await reply.speak(once("one two"));
  expect([opened, open]).toEqual([2, 0]);
});

test("a voice that is changed to another rate while it speaks finishes at its own", async () => {
  const rates: number[] = [];
  const voice = {
    sampleRate: 16_000,
    async *speak() {
      yield { type: "clause", text: "one" } as const;
      yield { type: "audio", pcm: new Int16Array(100) } as const;
      voice.sampleRate = 48_000;
      yield { type: "clause", text: "two" } as const;
      yield { type: "audio", pcm: new Int16Array(100) } as const;
    },
  };
  const reply = new Reply(1, "llm", "turn", {
    clock: new VirtualClock(),
    sampleRate: RATE,
    voice,
    resample: (from) => {
      rates.push(from);
      return { process: (pcm) => pcm, flush: () => new Int16Array() };
    },
    signal: new AbortController().signal,
  });
  await reply.speak(once("one two"));
  expect(rates).toEqual([16_000, 16_000]);
});
