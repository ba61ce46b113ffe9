import fc from "fast-check";
import { expect, test } from "vitest";
import { SpeechGate, VAD_WINDOW_MS, defaultGate } from "./speech-gate.ts";

const feed = (gate: SpeechGate, probabilities: number[], from = 0) =>
  probabilities.flatMap((probability, index) => gate.handle({ at: from + index * VAD_WINDOW_MS, probability }));

test("speech starts where its first voiced window began and ends where its last one ended", () => {
  const gate = new SpeechGate();
  expect(feed(gate, [0.1, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1])).toEqual([
    { type: "speech-start", at: 32 },
    { type: "speech-end", at: 128 },
  ]);
});

test("a click of one window is no speech", () => {
  expect(feed(new SpeechGate(), [0.1, 0.9, 0.1, 0.9, 0.1])).toEqual([]);
});

test("a dip below the threshold that stays near it does not end speech", () => {
  const gate = new SpeechGate();
  expect(feed(gate, [0.9, 0.9, 0.4, 0.4, 0.4, 0.4, 0.4])).toEqual([{ type: "speech-start", at: 0 }]);
  expect(gate.speaking).toBe(true);
});

test("a gap shorter than the hangover does not end speech", () => {
  expect(feed(new SpeechGate(), [0.9, 0.9, 0.1, 0.1, 0.9, 0.1, 0.1])).toEqual([{ type: "speech-start", at: 0 }]);
});

test("over any probabilities, starts and ends alternate and time goes forward", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 400 }), (probabilities) => {
      const decisions = feed(new SpeechGate(defaultGate), probabilities);
      let at = -1;
      decisions.forEach((decision, index) => {
        expect(decision.type).toBe(index % 2 === 0 ? "speech-start" : "speech-end");
        expect(decision.at).toBeGreaterThan(at);
        at = decision.at;
      });
    }),
  );
});
