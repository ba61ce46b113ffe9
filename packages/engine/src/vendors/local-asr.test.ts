import fc from "fast-check";
import { expect, test } from "vitest";
import type { Frame } from "../core/frame.ts";
import { Dictation, type DictationDecision, type DictationInput } from "./local-asr.ts";

const SAMPLES = 320;

/** Someone who talks: audio in virtual time, and every decision with the time it was made. */
class Talk {
  readonly dictation = new Dictation(300);
  readonly decisions: (DictationDecision & { at: number })[] = [];
  now = 0;

  give(...inputs: DictationInput[]): void {
    for (const input of inputs) for (const decision of this.dictation.handle(input)) this.decisions.push({ ...decision, at: this.now });
  }

  /** Audio up to a time, loud or quiet; each sample tells its frame. */
  hear(until: number, level = 100): void {
    for (; this.now < until;) {
      const frame: Frame = { at: this.now, uid: "1", pcm: new Int16Array(SAMPLES).fill(level), concealed: false };
      this.now += 20;
      this.give({ type: "audio", frame });
    }
  }

  /** The jobs that were asked for, with their length in ms. */
  get jobs(): { at: number; id: number; model: string; ms: number; draft: string }[] {
    return this.decisions
      .filter((decision) => decision.type === "recognise")
      .map(({ at, id, model, pcm, draft }) => ({ at, id, model, ms: pcm.length / 16, draft }));
  }

  get lastJob(): number {
    return this.jobs.at(-1)?.id ?? 0;
  }

  answer(text: string, complete = 0, id = this.lastJob): void {
    this.give({ type: "recognised", id, text, complete });
  }

  get transcripts(): string[] {
    return this.decisions
      .filter((decision) => decision.type === "transcript")
      .map(({ transcript }) => (transcript.final ? `${transcript.text}|` : transcript.text));
  }

  get finals(): unknown[] {
    return this.decisions
      .filter((decision) => decision.type === "transcript")
      .filter(({ transcript }) => transcript.final)
      .map(({ transcript }) => transcript);
  }
}

test("the growing speech is decoded with tiny every 300 ms, from 300 ms before its onset", () => {
  const talk = new Talk();
  talk.hear(1000);
  talk.give({ type: "speech-start", at: 900 });
  talk.hear(1500);
  talk.answer("What is");
  talk.hear(1800);
  expect(talk.jobs).toEqual([
    { at: 1200, id: 1, model: "tiny", ms: 600, draft: "" },
    { at: 1520, id: 2, model: "tiny", ms: 920, draft: "What is" },
  ]);
  expect(talk.transcripts).toEqual(["What is"]);
});

test("one partial is under way at a time, and a dropped one is asked for again", () => {
  const talk = new Talk();
  talk.hear(500);
  talk.give({ type: "speech-start", at: 400 });
  talk.hear(1600);
  expect(talk.jobs).toHaveLength(1);
  talk.give({ type: "failed", id: 1 });
  talk.hear(1620);
  expect(talk.jobs.at(-1)).toMatchObject({ at: 1620, model: "tiny" });
});

test("the final begins at the pause and is there when the speech ends", () => {
  const talk = new Talk();
  talk.hear(500);
  talk.give({ type: "speech-start", at: 500 });
  talk.hear(2100);
  talk.answer("What time");
  talk.give({ type: "speech-pause", at: 2000 });
  expect(talk.jobs.at(-1)).toMatchObject({ at: 2100, model: "base", ms: 2000, draft: "What time" });
  talk.answer("What time is it?", 0.9);
  talk.hear(2260, 0);
  expect(talk.finals).toEqual([]);
  talk.give({ type: "speech-end", at: 2000 });
  expect(talk.finals).toEqual([{ text: "What time is it?", final: true, startMs: 500, endMs: 2000, complete: 0.9 }]);
  expect(talk.transcripts).toEqual(["What time", "What time is it?", "What time is it?|"]);
  expect(talk.jobs.filter(({ model }) => model === "base")).toHaveLength(1);
});

test("an early final is thrown away when speech goes on, and the whole is decoded again", () => {
  const talk = new Talk();
  talk.hear(500);
  talk.give({ type: "speech-start", at: 500 });
  talk.hear(1100);
  talk.give({ type: "speech-pause", at: 1000 });
  const early = talk.lastJob;
  talk.hear(1300, 0);
  talk.give({ type: "speech-resume", at: 1250 });
  expect(talk.decisions.at(-1)).toEqual({ type: "abandon", id: early, at: 1300 });
  talk.answer("too late", 1, early);
  talk.hear(2100);
  talk.give({ type: "speech-pause", at: 2000 }, { type: "speech-end", at: 2000 });
  expect(talk.jobs.at(-1)).toMatchObject({ model: "base", ms: 2000 });
  talk.answer("Set a timer for ten minutes.", 0.9);
  expect(talk.transcripts).toEqual(["Set a timer for ten minutes.|"]);
});

test("speech without words ends in an empty final", () => {
  const talk = new Talk();
  talk.hear(500);
  talk.give({ type: "speech-start", at: 400 });
  talk.hear(700);
  talk.give({ type: "speech-end", at: 650 });
  talk.answer("");
  expect(talk.finals).toEqual([{ text: "", final: true, startMs: 400, endMs: 650 }]);
  expect(talk.dictation.busy).toBe(false);
});

test("a long speech is cut where it is quietest, and its pieces are joined", () => {
  const talk = new Talk();
  talk.hear(500);
  talk.give({ type: "speech-start", at: 500 });
  talk.hear(9000);
  talk.hear(9200, 5);
  talk.hear(12_500);
  const [cut] = talk.jobs.filter(({ model }) => model === "base");
  // From 200 to the middle of the quiet stretch, and 200 ms of silence.
  expect(cut?.ms).toBeCloseTo(9100 - 200 + 200, -2);
  talk.hear(14_100);
  talk.give({ type: "speech-pause", at: 14_000 }, { type: "speech-end", at: 14_000 });
  talk.answer("and went to the town.", 0.9);
  expect(talk.finals).toEqual([]);
  talk.answer("He took his hat.", 0.2, cut?.id);
  expect(talk.finals).toEqual([{ text: "He took his hat and went to the town.", final: true, startMs: 500, endMs: 14_000, complete: 0.9 }]);
});

test("a sentence that was complete at a pause is not decoded again", () => {
  const talk = new Talk();
  talk.hear(500);
  talk.give({ type: "speech-start", at: 500 });
  talk.hear(4600);
  talk.give({ type: "speech-pause", at: 4500 });
  talk.answer("It rained all day yesterday.", 0.95);
  talk.hear(4800, 0);
  talk.give({ type: "speech-resume", at: 4750 });
  talk.hear(5100);
  talk.answer("Today");
  expect(talk.transcripts.at(-1)).toBe("It rained all day yesterday. Today");
  talk.hear(6100);
  talk.give({ type: "speech-pause", at: 6000 }, { type: "speech-end", at: 6000 });
  expect(talk.jobs.at(-1)).toMatchObject({ model: "base", ms: 6200 - 4550 });
  talk.answer("Today is better.", 0.9);
  expect(talk.transcripts.at(-1)).toBe("It rained all day yesterday. Today is better.|");
});

test("finals come in the order of the speech, also when the second is decoded first", () => {
  const talk = new Talk();
  talk.hear(500);
  talk.give({ type: "speech-start", at: 500 });
  talk.hear(1200);
  talk.give({ type: "speech-end", at: 1000 });
  const first = talk.lastJob;
  talk.hear(2000, 0);
  talk.give({ type: "speech-start", at: 1900 });
  talk.hear(2150);
  talk.give({ type: "speech-end", at: 2100 });
  talk.answer("Two.", 1);
  expect(talk.finals).toEqual([]);
  talk.answer("One.", 1, first);
  expect(talk.transcripts).toEqual(["One.|", "Two.|"]);
});

test("a final that fails is tried again once, then given up", () => {
  const talk = new Talk();
  talk.hear(500);
  talk.give({ type: "speech-start", at: 400 });
  talk.hear(800);
  talk.give({ type: "speech-end", at: 700 });
  const [{ id } = { id: 0 }] = talk.jobs.filter(({ model }) => model === "base");
  talk.give({ type: "failed", id });
  expect(talk.lastJob).not.toBe(id);
  talk.give({ type: "failed", id: talk.lastJob });
  expect(talk.decisions.filter(({ type }) => type === "give-up")).toHaveLength(1);
});

test("an hour of silence keeps no more audio than a late onset needs", () => {
  const talk = new Talk();
  talk.hear(3_600_000, 0);
  talk.give({ type: "speech-start", at: 3_599_500 });
  talk.hear(3_600_100);
  expect(talk.jobs).toEqual([{ at: 3_600_020, id: 1, model: "tiny", ms: 820, draft: "" }]);
});

test("in any order of marks, each speech that ended gets one final, and pieces stay below 15 s", () => {
  const mark = fc.constantFrom("speech-start", "speech-pause", "speech-resume", "speech-end", "audio", "audio", "long", "answer", "fail");
  fc.assert(
    fc.property(fc.array(mark, { maxLength: 60 }), (marks) => {
      const talk = new Talk();
      talk.hear(400);
      let speaking = false;
      let ended = 0;
      const answered = new Set<number>();
      const answerAll = (): void => {
        for (const { id } of talk.jobs) {
          if (answered.has(id)) continue;
          answered.add(id);
          talk.answer("word", 0.9, id);
        }
      };
      for (const name of marks) {
        if (name === "audio") talk.hear(talk.now + 200);
        else if (name === "long") talk.hear(talk.now + 5000);
        else if (name === "answer") answerAll();
        else if (name === "fail") {
          const next = talk.jobs.find(({ id }) => !answered.has(id));
          if (next === undefined) continue;
          answered.add(next.id);
          talk.give({ type: "failed", id: next.id });
        } else {
          if (name === "speech-start") speaking = true;
          if (name === "speech-end" && speaking) [speaking, ended] = [false, ended + 1];
          talk.give({ type: name, at: talk.now - 60 });
        }
      }
      if (speaking) talk.give({ type: "speech-end", at: talk.now });
      for (let round = 0; round < 3; round++) answerAll();
      expect(talk.finals).toHaveLength(ended + (speaking ? 1 : 0));
      expect(talk.dictation.busy).toBe(false);
      for (const { ms } of talk.jobs) expect(ms).toBeLessThanOrEqual(15_000);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("audio that belongs to what was said before is silence to what comes after", () => {
  const talk = new Talk();
  talk.hear(1000, 100);
  talk.give({ type: "speech-start", at: 0 });
  talk.hear(2000, 100);
  talk.give({ type: "speech-end", at: 2000 }, { type: "speech-start", at: 2000, after: 2000 });
  talk.hear(2600, 70);
  talk.give({ type: "speech-pause", at: 2600 });
  const job = talk.decisions.findLast((decision) => decision.type === "recognise");
  const levels = job?.type === "recognise" ? [...new Set(job.pcm)] : [];
  expect(levels).toEqual([0, 70]);
  expect(job?.type === "recognise" && job.pcm.indexOf(70)).toBe(300 * 16);
});
