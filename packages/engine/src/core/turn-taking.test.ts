import { describe, expect, test } from "vitest";
import { TurnTaking } from "./turn-taking.ts";
import type { TurnDecision, TurnInput, TurnTakingSettings } from "./turn-contract.ts";
import { run, settings, uid } from "./turn-stage.ts";

const start = (at: number, who = uid): TurnInput => ({ type: "speech-start", at, uid: who });
const end = (at: number, who = uid): TurnInput => ({ type: "speech-end", at, uid: who });
const partial = (at: number, text: string, who = uid): TurnInput => ({
  type: "transcript",
  at,
  uid: who,
  text,
  final: false,
});
const final = (at: number, text: string, who = uid): TurnInput => ({
  type: "transcript",
  at,
  uid: who,
  text,
  final: true,
});
const time = (at: number): TurnInput => ({ type: "time", at });
const text = (at: number, words: string): TurnInput => ({ type: "text", at, uid, text: words });
const say = (at: number, priority: "interrupt" | "append" | "ignore" = "append", interruptable = true): TurnInput => ({
  type: "say",
  at,
  id: at,
  priority,
  interruptable,
});

/** Someone has asked something, and the agent answers. */
const answering = (change: Partial<TurnTakingSettings> = {}) => {
  const turns = new TurnTaking({ ...settings, ...change });
  run(turns, start(0), end(900), time(1400), final(1410, "tell me a story"));
  expect(turns.floor).toBe("agent");
  return turns;
};
const types = (decisions: TurnDecision[]) => decisions.map((decision) => decision.type);

describe("a person's turn", () => {
  test("begins with speech and ends after the silence, with the words", () => {
    const turns = new TurnTaking(settings);
    expect(run(turns, start(100), partial(400, "what time"), end(1000), time(1500), final(1510, "what time is it"))).toEqual([
      { type: "turn-start", at: 100, turn: 1, uid },
      { type: "utterance-end", at: 1500, uid },
      { type: "turn-end", at: 1510, turn: 1, uid, text: "what time is it", startMs: 100, endMs: 1000, by: "voice" },
    ]);
  });

  test("goes on when the pause is shorter than the silence that ends it", () => {
    const turns = new TurnTaking(settings);
    expect(types(run(turns, start(100), end(600), start(1000), end(2000), time(2500), final(2501, "one two")))).toEqual([
      "turn-start",
      "utterance-end",
      "turn-end",
    ]);
  });

  test("without words is dropped, and its number used again", () => {
    const turns = new TurnTaking(settings);
    expect(types(run(turns, start(100), end(300), time(800), final(900, "")))).toEqual(["turn-start", "utterance-end", "turn-dropped"]);
    expect(run(turns, start(2000))).toEqual([{ type: "turn-start", at: 2000, turn: 1, uid }]);
  });

  test("does not wait for a recogniser that stays silent", () => {
    const turns = new TurnTaking(settings);
    run(turns, start(0), partial(300, "hello"), end(400), time(900));
    expect(turns.deadline).toBe(2900);
    expect(types(run(turns, time(2900)))).toEqual(["turn-end"]);
    expect(run(turns, final(3000, "hello late"))).toEqual([]);
  });

  test("of two people ends when both are silent, in the order in which they began", () => {
    const turns = new TurnTaking(settings);
    const decisions = run(
      turns,
      start(0, "a"),
      start(500, "b"),
      end(800, "a"),
      end(1200, "b"),
      time(1700),
      final(1710, "second", "b"),
      final(1720, "first", "a"),
    );
    expect(decisions.at(-1)).toMatchObject({
      type: "turn-end",
      uid: "a",
      text: "first second",
      startMs: 0,
      endMs: 1200,
    });
  });

  test("of a person who leaves in mid-sentence ends with what was understood", () => {
    const turns = new TurnTaking(settings);
    const decisions = run(turns, start(0), partial(300, "wait I"), { type: "user-left", at: 400, uid }, time(900));
    expect(decisions.at(-1)).toMatchObject({ type: "turn-end", text: "wait I" });
  });

  test("that never ends is ended after a minute", () => {
    const turns = new TurnTaking(settings);
    run(turns, start(0), partial(1000, "and so on"));
    expect(turns.deadline).toBe(60_000);
    expect(types(run(turns, time(60_000), final(60_050, "and so on")))).toEqual(["utterance-end", "turn-end"]);
  });

  test("with semantic endpointing waits longer after an unfinished sentence, and not longer than allowed", () => {
    const turns = new TurnTaking({ ...settings, endpointing: "semantic" });
    expect(types(run(turns, start(0), partial(800, "I would like to"), end(900), time(1400)))).toEqual(["turn-start"]);
    expect(turns.deadline).toBe(3900);
    expect(types(run(turns, time(3900)))).toEqual(["utterance-end"]);
  });

  test("with semantic endpointing ends as usual after a finished sentence", () => {
    const turns = new TurnTaking({ ...settings, endpointing: "semantic" });
    expect(types(run(turns, start(0), partial(800, "What time is it?"), end(900), time(1400)))).toEqual(["turn-start", "utterance-end"]);
  });
});

describe("speech over the agent", () => {
  test("a cough ducks the agent, and lets it go on", () => {
    const turns = answering();
    expect(run(turns, start(2000))).toEqual([{ type: "reply-duck", at: 2000 }]);
    expect(run(turns, end(2100))).toEqual([
      { type: "utterance-end", at: 2100, uid },
      { type: "reply-resume", at: 2100 },
    ]);
    expect(run(turns, final(2200, "you"))).toEqual([]);
  });

  test("a longer noise without words ducks the agent, holds it, and lets it go on", () => {
    const turns = answering();
    expect(types(run(turns, start(2000), time(2160)))).toEqual(["reply-duck", "reply-hold"]);
    expect(types(run(turns, end(2400), final(2500, "")))).toEqual(["utterance-end", "reply-resume"]);
    expect(turns.floor).toBe("agent");
  });

  test("words interrupt as soon as they are understood", () => {
    const turns = answering();
    expect(types(run(turns, start(2000), time(2160), partial(2350, "stop")))).toEqual([
      "reply-duck",
      "reply-hold",
      "reply-interrupt",
      "turn-start",
    ]);
    expect(types(run(turns, end(2500), time(3000), final(3010, "stop please")))).toEqual(["utterance-end", "turn-end"]);
  });

  test("speech that goes on interrupts even before its words are known", () => {
    const turns = answering();
    run(turns, start(2000), time(2160));
    expect(turns.deadline).toBe(2600);
    expect(types(run(turns, time(2600)))).toEqual(["reply-interrupt", "turn-start"]);
  });

  test("a short word that is understood after it ended interrupts, and is answered after the silence", () => {
    const turns = answering();
    run(turns, start(2000), time(2160), end(2300));
    expect(types(run(turns, final(2450, "No.")))).toEqual(["reply-interrupt", "turn-start"]);
    expect(types(run(turns, time(2800)))).toEqual(["turn-end"]);
  });

  test("with interruption by words, a sign of listening does not interrupt and a request does", () => {
    const turns = answering({ interruption: "words" });
    run(turns, start(2000), time(2160), partial(2300, "uh-huh"), end(2400));
    expect(run(turns, final(2500, "Uh-huh, okay."))).toEqual([
      { type: "speech-ignored", at: 2500, turn: 2, uid, text: "Uh-huh, okay.", startMs: 2000, endMs: 2400, cause: "semantic" },
      { type: "reply-resume", at: 2500 },
    ]);
    run(turns, start(4000), time(4160));
    expect(types(run(turns, partial(4400, "hold on a second")))).toEqual(["reply-interrupt", "turn-start"]);
  });

  test("with interruption by words, a noise that goes on gives way to the agent", () => {
    const turns = answering({ interruption: "words" });
    run(turns, start(2000), time(2160));
    expect(types(run(turns, time(3660)))).toEqual(["reply-resume"]);
    expect(types(run(turns, partial(5000, "please stop now")))).toEqual(["reply-interrupt", "turn-start"]);
  });

  test("with interruption by keywords, only these interrupt", () => {
    const turns = answering({ interruption: "keywords", keywords: ["hold on", "Stop"] });
    run(turns, start(2000), time(2160), partial(2300, "that is very nice"), end(2400));
    expect(run(turns, final(2500, "That is very nice."))).toMatchObject([
      { type: "speech-ignored", cause: "keywords" },
      { type: "reply-resume" },
    ]);
    run(turns, start(4000), time(4160));
    expect(types(run(turns, partial(4400, "Well, hold on!")))).toEqual(["reply-interrupt", "turn-start"]);
  });

  test("over a reply that nothing interrupts is forgotten if the agent is told so", () => {
    const turns = answering({ interruption: "never", overlapping: "ignore" });
    expect(run(turns, start(2000), end(2600), final(2700, "hello"))).toEqual([
      { type: "utterance-end", at: 2600, uid },
      { type: "speech-ignored", at: 2700, turn: 2, uid, text: "hello", startMs: 2000, endMs: 2600, cause: "disable" },
    ]);
    run(turns, { type: "reply-end", at: 4000 });
    expect(turns.floor).toBe("nobody");
  });

  test("a reply that must not be interrupted plays on, and the words are answered afterwards", () => {
    const turns = new TurnTaking(settings);
    run(turns, say(0, "interrupt", false));
    expect(types(run(turns, start(500), partial(900, "but why"), end(1200), final(1300, "but why")))).toEqual(["utterance-end"]);
    expect(types(run(turns, { type: "reply-end", at: 3000 }, time(3000)))).toEqual(["turn-start", "turn-end"]);
  });

  test("words of a speech that began before the reply interrupt it, mere noise does not", () => {
    const turns = answering();
    const noisy = answering();
    run(noisy, { type: "reply-end", at: 1900 }, start(2000), partial(2300, ""), text(2400, "hello"));
    expect(noisy.floor).toBe("agent");
    expect(types(run(noisy, partial(2700, "well actually")))).toEqual(["reply-interrupt", "turn-start"]);
    expect(turns.floor).toBe("agent");
  });
});

describe("typed text", () => {
  test("is a turn of its own in silence", () => {
    expect(run(new TurnTaking(settings), text(100, " hello "))).toEqual([
      { type: "turn-start", at: 100, turn: 1, uid },
      { type: "turn-end", at: 100, turn: 1, uid, text: "hello", startMs: 100, endMs: 100, by: "text" },
    ]);
  });

  test("interrupts as speech does", () => {
    expect(types(run(answering(), text(2000, "another one")))).toEqual(["reply-interrupt", "turn-start", "turn-end"]);
  });

  test("may wait for the end of the reply, or give way to it", () => {
    const turns = answering();
    expect(
      run(
        turns,
        { type: "text", at: 2000, uid, text: "later", priority: "append" },
        { type: "text", at: 2100, uid, text: "never", priority: "ignore" },
      ),
    ).toEqual([{ type: "text-dropped", at: 2100 }]);
    run(turns, start(2500), end(2600));
    expect(run(turns, { type: "reply-end", at: 4000 }, time(4000)).at(-1)).toMatchObject({
      type: "turn-end",
      text: "later",
    });
  });

  test("of the API may take the place of what is being said, wait until it is answered, or be dropped", () => {
    const speaking = () => {
      const turns = new TurnTaking(settings);
      run(turns, start(0), partial(400, "never mind"));
      return turns;
    };
    const put = (whileSpeaking: "replace" | "append" | "ignore"): TurnInput => ({
      type: "text",
      at: 500,
      uid: "",
      text: "think this",
      whileSpeaking,
    });
    expect(run(speaking(), put("replace")).at(-1)).toMatchObject({ type: "turn-end", turn: 1, text: "think this", by: "text" });
    expect(types(run(speaking(), put("ignore")))).toEqual(["text-dropped"]);
    const turns = speaking();
    run(turns, put("append"), end(900), time(1400), final(1410, "never mind"));
    expect(run(turns, { type: "reply-end", at: 3000 })).toMatchObject([
      { type: "turn-start", turn: 2 },
      { type: "turn-end", turn: 2, text: "think this" },
    ]);
  });

  test("may ask for an answer that is not interrupted", () => {
    const turns = new TurnTaking(settings);
    run(turns, { type: "text", at: 0, uid: "", text: "read the terms", interruptable: false });
    expect(types(run(turns, start(500), time(700), partial(900, "stop")))).toEqual([]);
  });

  test("and speech in the same second become one turn, in order", () => {
    const turns = new TurnTaking(settings);
    const decisions = run(
      turns,
      start(0),
      partial(400, "how far is it to"),
      end(800),
      text(900, "Springfield"),
      time(1300),
      final(1310, "how far is it to"),
    );
    expect(decisions.at(-1)).toMatchObject({
      type: "turn-end",
      turn: 1,
      text: "how far is it to Springfield",
      by: "voice",
    });
  });

  test("does not wait for a noise without words", () => {
    expect(types(run(new TurnTaking(settings), start(0), text(400, "hello")))).toEqual(["turn-start", "turn-end"]);
  });
});

describe("a fixed text", () => {
  test("is spoken at once in silence, waits its turn behind a reply, or is dropped", () => {
    const turns = new TurnTaking(settings);
    expect(run(turns, say(0))).toEqual([{ type: "say-start", at: 0, id: 0, turn: 1 }]);
    expect(types(run(turns, say(10, "append"), say(20, "ignore")))).toEqual(["say-queued", "say-dropped"]);
    expect(run(turns, { type: "reply-end", at: 900 })).toEqual([{ type: "say-start", at: 900, id: 10, turn: 2 }]);
  });

  test("that interrupts cuts the reply", () => {
    expect(types(run(answering(), say(2000, "interrupt")))).toEqual(["reply-interrupt", "say-start"]);
  });

  test("that cuts into a person's turn does not lose their words", () => {
    const turns = new TurnTaking(settings);
    run(turns, start(0), partial(500, "I was about to"));
    expect(run(turns, say(600, "interrupt"))).toEqual([
      { type: "turn-dropped", at: 600, turn: 1, uid },
      { type: "say-start", at: 600, id: 600, turn: 1 },
    ]);
    run(turns, end(700), final(800, "I was about to ask"));
    const after = run(turns, { type: "reply-end", at: 2000 }, time(2000));
    expect(after.at(-1)).toMatchObject({ type: "turn-end", turn: 2, text: "I was about to ask" });
  });

  test("an interrupt from the API ends the reply and leaves silence", () => {
    const turns = answering();
    expect(types(run(turns, { type: "interrupt", at: 2000, cause: "api_interrupt" }))).toEqual(["reply-interrupt"]);
    expect(turns.floor).toBe("nobody");
    expect(run(turns, { type: "interrupt", at: 2100, cause: "api_interrupt" })).toEqual([]);
  });
});

describe("the agent's own voice in somebody's microphone", () => {
  /** The agent says, from 2000 on, a word every 200 ms. */
  const talking = (change: Partial<TurnTakingSettings> = {}) => {
    const turns = answering(change);
    const said = "once upon a time there was a very small dragon".split(" ");
    run(turns, {
      type: "reply-words",
      at: 2000,
      words: said.map((word, index) => ({ text: word, startMs: 2000 + index * 200, endMs: 2200 + index * 200 })),
    });
    return turns;
  };

  test.each(["speech", "words"] as const)("does not interrupt it, with interruption by %s", (interruption) => {
    const turns = talking({ interruption });
    run(turns, start(2250), time(2410));
    expect(run(turns, partial(2700, "Once upon a"))).toEqual([
      { type: "echo-suspected", at: 2700, uid, text: "Once upon a" },
      { type: "reply-resume", at: 2700 },
    ]);
    expect(run(turns, partial(3300, "once upon a time there was"), end(4300))).toEqual([{ type: "utterance-end", at: 4300, uid }]);
    expect(run(turns, final(4400, "Once upon a time there was a very small dragon."))).toEqual([]);
    expect(turns.floor).toBe("agent");
    run(turns, { type: "reply-end", at: 5000 });
    expect(turns.floor).toBe("nobody");
  });

  test("does not interrupt it with its first words, which could be anybody's", () => {
    const turns = talking();
    run(turns, start(2250), time(2410));
    expect(types(run(turns, partial(2560, "once"), partial(2800, "once upon"), time(2850)))).toEqual([]);
    expect(types(run(turns, partial(3100, "once upon a time")))).toEqual(["echo-suspected", "reply-resume"]);
  });

  test("leaves the floor to a person who happens to begin with the same words", () => {
    const turns = talking();
    run(turns, start(2250), time(2410), partial(2560, "once"));
    expect(types(run(turns, partial(2700, "once more please")))).toEqual(["reply-interrupt", "turn-start"]);
    const brief = talking();
    run(brief, start(2250), time(2410), partial(2560, "once"), end(2600));
    expect(types(run(brief, final(2700, "Once?")))).toEqual(["reply-interrupt", "turn-start"]);
    const long = talking();
    run(long, start(2250), time(2410), partial(2560, "once"));
    // The agent is silent already: it is only decided later.
    expect(types(run(long, time(2850)))).toEqual([]);
    expect(types(run(long, time(3450)))).toEqual(["reply-interrupt", "turn-start"]);
  });

  test("hides nobody who speaks over it", () => {
    const turns = talking();
    run(turns, start(2250), time(2410), partial(2700, "once upon a"));
    expect(types(run(turns, partial(3100, "once upon a time stop")))).toEqual(["reply-interrupt", "turn-start"]);
    expect(run(turns, end(3300), time(3800), final(3900, "Once upon a time. Stop it.")).at(-1)).toMatchObject({
      type: "turn-end",
      text: "Stop it.",
    });
  });

  test("does not delay anybody else", () => {
    const turns = talking();
    run(turns, start(2250), time(2410));
    expect(types(run(turns, partial(2700, "wait a moment")))).toEqual(["reply-interrupt", "turn-start"]);
    const unheard = talking();
    run(unheard, start(2250), time(2410));
    expect(types(run(unheard, time(2850)))).toEqual(["reply-interrupt", "turn-start"]);
  });

  test("is no turn when it comes back after the reply", () => {
    const turns = talking();
    run(turns, { type: "reply-end", at: 3900 }, start(3900), end(4100));
    expect(types(run(turns, time(4600), final(4700, "very small dragon")))).toEqual(["utterance-end", "echo-suspected", "turn-dropped"]);
  });
});
