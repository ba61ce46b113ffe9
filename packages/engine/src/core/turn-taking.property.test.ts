import fc from "fast-check";
import { expect, test } from "vitest";
import { TurnTaking } from "./turn-taking.ts";
import type { TurnDecision, TurnInput, TurnTakingSettings } from "./turn-contract.ts";

const settings = fc.record<TurnTakingSettings>({
  onset: fc.constantFrom("voice", "manual"),
  endpointingMs: fc.integer({ min: 120, max: 2000 }),
  endpointing: fc.constantFrom("silence", "semantic", "manual"),
  maxWaitMs: fc.integer({ min: 500, max: 5000 }),
  interruptMs: fc.integer({ min: 120, max: 1200 }),
  interruption: fc.constantFrom("speech", "words", "keywords", "never"),
  keywords: fc.constant(["stop"]),
  overlapping: fc.constantFrom("append", "ignore"),
});
const uid = fc.constantFrom("a", "b");
const words = fc.constantFrom("", "stop", "uh-huh", "I want to", "what time is it?");

type Step = (at: number, id: number) => TurnInput;
const step: fc.Arbitrary<Step> = fc.oneof(
  uid.map((who): Step => (at) => ({ type: "speech-start", at: at - 64, uid: who })),
  uid.map((who): Step => (at) => ({ type: "speech-end", at: at - 96, uid: who })),
  fc
    .tuple(uid, words, fc.boolean(), fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }))
    .map(([who, text, final, complete]): Step => (at) => ({
      type: "transcript",
      at,
      uid: who,
      text,
      final,
      ...(complete === undefined ? {} : { complete }),
    })),
  fc
    .tuple(
      uid,
      words,
      fc.constantFrom("interrupt" as const, "append" as const, "ignore" as const),
      fc.constantFrom("join" as const, "replace" as const, "append" as const, "ignore" as const),
      fc.boolean(),
    )
    .map(([who, text, priority, whileSpeaking, interruptable]): Step => (at) => ({
      type: "text",
      at,
      uid: who,
      text,
      priority,
      whileSpeaking,
      interruptable,
    })),
  fc
    .tuple(
      fc.constantFrom("interrupt" as const, "append" as const, "ignore" as const),
      fc.boolean(),
      fc.constantFrom(undefined, "append" as const, "ignore" as const, "remember" as const),
    )
    .map(([priority, interruptable, overlapping]): Step => (at, id) => ({ type: "say", at, id, priority, interruptable, overlapping })),
  fc.constant<Step>((at) => ({ type: "interrupt", at, cause: "api_interrupt" })),
  fc.constant<Step>((at) => ({ type: "reply-end", at })),
  fc.tuple(uid, fc.constantFrom("start" as const, "end" as const)).map(([who, mark]): Step => (at, id) => ({
    type: "mark",
    at,
    mark,
    uid: who,
    requestId: String(id),
  })),
  settings.map((changed): Step => (at) => ({ type: "settings", at, settings: changed })),
  fc.constant<Step>((at) => ({
    type: "reply-words",
    at,
    words: ["what", "time", "is", "it"].map((text, index) => ({ text, startMs: at + index * 200, endMs: at + index * 200 + 200 })),
  })),
  uid.map((who): Step => (at) => ({ type: "user-left", at, uid: who })),
  fc.constant<Step>((at) => ({ type: "time", at })),
);
const script = fc.array(fc.tuple(fc.integer({ min: 0, max: 900 }), step), { maxLength: 120, size: "max" });

/** Follows the decisions, and notes each that contradicts those before it. */
class Judge {
  readonly complaints: string[] = [];
  readonly owed = new Map<string, number>();
  reply: "none" | "playing" | "ducked" | "held" = "none";
  #turn: "none" | "open" = "none";
  #highest = 0;
  #open = 0;
  #newest = 0;
  readonly #used = new Set<number>();

  see(decision: TurnDecision): void {
    const check = (holds: boolean) => {
      if (!holds) this.complaints.push(`${JSON.stringify(decision)} while turn ${this.#turn}, reply ${this.reply}`);
    };
    switch (decision.type) {
      case "turn-start":
        check(this.#turn === "none" && decision.turn > this.#highest && !this.#used.has(decision.turn));
        this.#turn = "open";
        this.#open = decision.turn;
        break;
      case "turn-end":
        check(this.#turn === "open" && this.reply === "none" && decision.turn > this.#highest);
        check(decision.text !== "" && decision.endMs >= decision.startMs && decision.turn === this.#open);
        this.#highest = decision.turn;
        this.#used.add(decision.turn);
        this.#turn = "none";
        this.reply = "playing";
        break;
      case "turn-dropped":
        check(this.#turn === "open");
        this.#turn = "none";
        break;
      case "say-start":
        check(this.reply === "none" && decision.turn > this.#highest && !this.#used.has(decision.turn));
        this.#highest = decision.turn;
        this.#used.add(decision.turn);
        this.reply = "playing";
        break;
      case "reply-duck":
        check(this.reply === "playing");
        this.reply = "ducked";
        break;
      case "reply-hold":
        check(this.reply === "ducked");
        this.reply = "held";
        break;
      case "reply-resume":
        check(this.reply === "ducked" || this.reply === "held");
        this.reply = "playing";
        break;
      case "reply-interrupt":
        check(this.reply !== "none");
        this.reply = "none";
        break;
      case "utterance-end":
        this.owed.set(decision.uid, (this.owed.get(decision.uid) ?? 0) + 1);
        break;
      case "speech-ignored":
        check(
          decision.text !== "" && decision.endMs >= decision.startMs && decision.turn > this.#highest && !this.#used.has(decision.turn),
        );
        this.#used.add(decision.turn);
        break;
      case "turn-overlong":
        check(this.#turn === "open" && decision.turn === this.#open);
        break;
      case "turn-marked":
        check(decision.turn === null || (this.#turn === "open" && decision.turn === this.#open));
        break;
      case "echo-suspected":
      case "say-queued":
      case "say-dropped":
      case "text-dropped":
        break;
    }
  }

  /** The core and the judge agree about who has the floor. */
  agrees(turns: TurnTaking): void {
    if (turns.turn < this.#newest) this.complaints.push(`the number went down from ${this.#newest} to ${turns.turn}`);
    this.#newest = turns.turn;
    if ((turns.floor === "agent") !== (this.reply !== "none")) this.complaints.push(`floor ${turns.floor}, reply ${this.reply}`);
  }
}

function drive(turns: TurnTaking, judge: Judge, input: TurnInput): void {
  if (input.type === "reply-end") judge.reply = "none";
  if (input.type === "transcript" && input.final) judge.owed.set(input.uid, Math.max(0, (judge.owed.get(input.uid) ?? 0) - 1));
  for (const decision of turns.handle(input)) judge.see(decision);
  judge.agrees(turns);
}

test("over any inputs in any order, turns start and end by turns, and replies are cut only while they play", () => {
  fc.assert(
    fc.property(settings, script, (chosen, steps) => {
      const turns = new TurnTaking(chosen);
      const judge = new Judge();
      let at = 1000;
      steps.forEach(([delay, make], id) => {
        at += delay;
        while (turns.deadline !== undefined && turns.deadline <= at) drive(turns, judge, { type: "time", at: turns.deadline });
        drive(turns, judge, make(at, id));
      });
      expect(judge.complaints).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test("nothing sticks: once people are silent, recognisers have answered and replies have ended, nobody has the floor", () => {
  fc.assert(
    fc.property(settings, script, fc.boolean(), (chosen, steps, recognisersAnswer) => {
      const turns = new TurnTaking(chosen);
      const judge = new Judge();
      let at = 1000;
      steps.forEach(([delay, make], id) => {
        at += delay;
        drive(turns, judge, make(at, id));
      });
      for (const who of ["a", "b"]) drive(turns, judge, { type: "speech-end", at, uid: who });
      for (let round = 0; round < 200 && turns.floor !== "nobody"; round++) {
        at += 10_000;
        if (recognisersAnswer) {
          for (const [who, count] of judge.owed)
            for (let n = 0; n < count; n++) drive(turns, judge, { type: "transcript", at, uid: who, text: "", final: true });
        }
        drive(turns, judge, { type: "time", at });
        if (turns.floor === "agent" && turns.deadline === undefined) drive(turns, judge, { type: "reply-end", at });
      }
      expect(turns.floor).toBe("nobody");
      expect(turns.deadline).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test("a word is said in at most one turn, and none that was owed to a turn is lost", () => {
  const utterance = fc.record({
    gap: fc.integer({ min: 1200, max: 5000 }),
    ms: fc.integer({ min: 300, max: 4000 }),
    asrMs: fc.integer({ min: 0, max: 1500 }),
  });
  fc.assert(
    fc.property(settings, fc.array(utterance, { minLength: 1, maxLength: 12 }), (chosen, utterances) => {
      const turns = new TurnTaking({ ...chosen, onset: "voice", interruption: "speech", endpointing: "silence" });
      const said: string[] = [];
      const timeline: { at: number; input: TurnInput }[] = [];
      const add = (at: number, input: TurnInput) => timeline.push({ at, input });
      let at = 0;
      utterances.forEach(({ gap, ms, asrMs }, index) => {
        const onset = at + gap;
        at = onset + ms;
        add(onset + 64, { type: "speech-start", at: onset, uid: "a" });
        add(at + 96, { type: "speech-end", at, uid: "a" });
        // This recogniser ends its utterances by itself, sooner or later.
        add(at + 96 + asrMs, { type: "transcript", at: at + 96 + asrMs, uid: "a", text: `w${index}`, final: true });
      });
      timeline.sort((a, b) => a.at - b.at);
      const see = (decisions: TurnDecision[]) => {
        for (const decision of decisions) if (decision.type === "turn-end") said.push(...decision.text.split(" "));
      };
      for (const { at: when, input } of timeline) {
        while (turns.deadline !== undefined && turns.deadline <= when) see(turns.handle({ type: "time", at: turns.deadline }));
        see(turns.handle(input));
      }
      while (turns.deadline !== undefined) see(turns.handle({ type: "time", at: turns.deadline }));
      expect(new Set(said).size).toBe(said.length);
      expect(said).toEqual(said.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
      expect(said.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test("with a start and an end by hand, a turn holds the words between its marks, and no others", () => {
  /** When each word of the call ends, and when the button goes down and up, in milliseconds from one to the next. */
  const call = fc.record({
    words: fc.array(fc.integer({ min: 200, max: 3000 }), { minLength: 1, maxLength: 40, size: "max" }),
    presses: fc.array(fc.tuple(fc.integer({ min: 300, max: 5000 }), fc.integer({ min: 300, max: 5000 })), { maxLength: 8, size: "max" }),
    asrMs: fc.integer({ min: 0, max: 800 }),
  });
  fc.assert(
    fc.property(settings, call, (chosen, { words: gaps, presses, asrMs }) => {
      const turns = new TurnTaking({ ...chosen, onset: "manual", endpointing: "manual", interruption: "speech" });
      let at = 0;
      const spoken = gaps.map((gap, index) => ({ at: (at += gap), text: `w${index}` }));
      at = 0;
      const marks = presses.map(([wait, held]) => ({ from: (at += wait), to: (at += held) }));
      const queue: { at: number; order: number; input: TurnInput }[] = [];
      const put = (when: number, input: TurnInput) => queue.push({ at: when, order: queue.length, input });
      // Each word is a speech of its own; one that takes 150 ms is over when it ends.
      for (const { at: end } of spoken) {
        put(end - 150, { type: "speech-start", at: end - 150, uid: "a" });
        put(end, { type: "speech-end", at: end, uid: "a" });
      }
      marks.forEach(({ from, to }, index) => {
        put(from, { type: "mark", at: from, mark: "start", uid: "a", requestId: String(index) });
        put(to, { type: "mark", at: to, mark: "end", uid: "a", requestId: String(index) });
      });
      // A recogniser that tells, each time it is asked, the words that have ended since.
      let told = 0;
      const said: string[] = [];
      const step = (now: number, input: TurnInput): void => {
        for (const decision of turns.handle(input)) {
          if (decision.type === "turn-end") said.push(...decision.text.split(" "));
          if (decision.type !== "utterance-end") continue;
          const heard = spoken.slice(told).filter((word) => word.at <= now);
          told += heard.length;
          const text = heard.map((word) => word.text).join(" ");
          put(now + asrMs, { type: "transcript", at: now + asrMs, uid: "a", text, final: true });
        }
      };
      for (let rounds = 0; queue.length > 0 || turns.deadline !== undefined; rounds++) {
        expect(rounds).toBeLessThan(2000);
        queue.sort((a, b) => a.at - b.at || a.order - b.order);
        const [next] = queue;
        const { deadline } = turns;
        if (deadline !== undefined && (next === undefined || deadline < next.at)) step(deadline, { type: "time", at: deadline });
        else if (next !== undefined) {
          queue.shift();
          step(next.at, next.input);
        }
      }
      const within = (from: number, to: number) => spoken.filter((word) => word.at - 150 > from && word.at <= to).map(({ text }) => text);
      // What begins before a mark or ends just after it may be on either side.
      const surely = marks.flatMap(({ from, to }) => within(from, to));
      const perhaps = new Set(
        marks.flatMap(({ from, to }) => spoken.filter((word) => word.at > from && word.at - 150 < to + 1000).map(({ text }) => text)),
      );
      for (const word of surely) expect(said).toContain(word);
      for (const word of said) expect(perhaps).toContain(word);
      expect(new Set(said).size).toBe(said.length);
    }),
    { numRuns: 500 },
  );
});
