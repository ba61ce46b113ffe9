import { describe, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { Stage } from "./stage.ts";

const said = (stage: Stage) => stage.session.history.map(({ role, content }) => `${role}: ${content}`);

test("a question is heard, answered, and interrupted; the history keeps what was heard", async () => {
  await using stage = new Stage({
    user: [
      { at: 1000, ms: 1200, text: "count to ten" },
      { at: 3600, ms: 900, text: "stop that please" },
    ],
    agent: ["one two three four five six seven eight nine ten", "alright"],
  });
  await stage.clock.moveTo(8000);
  expect(
    stage
      .only("turn-start", "turn-end", "reply-start", "reply-interrupted", "reply-end")
      .map(({ type, at, turnId }) => ({ type, at: Math.round(at), turnId })),
  ).toEqual([
    { type: "turn-start", at: 992, turnId: 1 },
    { type: "turn-end", at: 2688, turnId: 1 },
    { type: "reply-start", at: 2700, turnId: 1 },
    { type: "turn-start", at: 3940, turnId: 2 },
    { type: "reply-interrupted", at: 3940, turnId: 1 },
    { type: "turn-end", at: 4992, turnId: 2 },
    { type: "reply-start", at: 5000, turnId: 2 },
    { type: "reply-end", at: 5180, turnId: 2 },
  ]);
  expect(said(stage)).toEqual(["user: count to ten", "assistant: one two three four five", "user: stop that please", "assistant: alright"]);
});

describe("barge-in", () => {
  test("a cough ducks the agent, holds it, and lets it go on without losing a word", async () => {
    await using stage = new Stage({
      user: [
        { at: 1000, ms: 800, text: "tell me something" },
        { at: 3000, ms: 300 },
      ],
      agent: ["this goes on and on for quite a while"],
    });
    await stage.clock.moveTo(9000);
    expect(stage.only("reply-interrupted")).toEqual([]);
    expect(said(stage).at(-1)).toBe("assistant: this goes on and on for quite a while");
    expect(stage.transport.flushes).toBe(0);
    const silences = stage.transport.voiced.filter((at, index, all) => index > 0 && at - (all[index - 1] ?? at) > 40);
    expect(silences).toHaveLength(1);
  });

  test("the agent is silent 160 ms after the onset of speech that goes on, and a frame", async () => {
    await using stage = new Stage({
      user: [
        { at: 1000, ms: 800, text: "tell me something" },
        { at: 3000, ms: 1500, text: "no wait I meant something else" },
      ],
      agent: ["this goes on and on for quite a while"],
    });
    await stage.clock.moveTo(4400);
    expect(stage.transport.voiced.at(-1)).toBeLessThanOrEqual(3000 + 160 + 20);
  });

  test("the next question is asked with the words that were heard, not with those that were not", async () => {
    await using stage = new Stage({
      user: [
        { at: 1000, ms: 800, text: "count please" },
        { at: 2900, ms: 800, text: "and now backwards" },
      ],
      agent: ["one two three four five six seven eight nine", "nine eight"],
    });
    await stage.clock.moveTo(6000);
    expect(stage.asked[1]).toMatchObject([
      { role: "system", content: "Be brief." },
      { role: "user", content: "count please" },
      { role: "assistant", content: "one two three four" },
      { role: "user", content: "and now backwards" },
    ]);
  });

  test("what was on the network when the agent was cut does not count as heard", async () => {
    const script = {
      user: [
        { at: 1000, ms: 800, text: "count please" },
        { at: 2900, ms: 800, text: "stop" },
      ],
      agent: ["one two three four five six seven eight nine", "ok"],
    };
    await using near = new Stage(script);
    await using far = new Stage({ ...script, networkMs: 400 });
    await near.clock.moveTo(6000);
    await far.clock.moveTo(6000);
    const heard = (stage: Stage) => stage.only("reply-interrupted")[0]?.heard.split(" ").length ?? 0;
    expect(heard(near)).toBeGreaterThan(0);
    expect(heard(far)).toBeLessThanOrEqual(heard(near));
  });

  test("a thought is cut as well: nothing of it is heard or remembered", async () => {
    await using stage = new Stage({
      user: [
        { at: 1000, ms: 800, text: "what about" },
        { at: 2600, ms: 1000, text: "the weather in Rome" },
      ],
      llmMs: 2000,
      agent: ["never said", "sunny"],
    });
    await stage.clock.moveTo(9000);
    expect(said(stage)).toEqual(["user: what about", "user: the weather in Rome", "assistant: sunny"]);
    expect(stage.asked[1]?.map((message) => message.content)).toEqual(["Be brief.", "what about the weather in Rome"]);
  });

  test("who goes on talking while the agent thinks is not talked over, and a cough there costs nothing", async () => {
    const user = [{ at: 1000, ms: 800, text: "what about" }];
    await using stage = new Stage({
      user: [...user, { at: 2500, ms: 1500, text: "the weather in Rome" }],
      llmMs: 400,
      agent: ["hm", "sunny"],
    });
    await stage.clock.moveTo(9000);
    expect(stage.transport.voiced.filter((at) => at < 4000)).toEqual([]);
    expect(said(stage).at(-1)).toBe("assistant: sunny");
    await using cough = new Stage({ user: [...user, { at: 2500, ms: 250 }], llmMs: 400, agent: ["sunny"] });
    await cough.clock.moveTo(6000);
    expect(said(cough)).toEqual(["user: what about", "assistant: sunny"]);
    expect(cough.transport.voiced[0]).toBeLessThan(3300);
  });
});

describe("bugs that others have", () => {
  test("old audio does not burst out after a barge-in", async () => {
    await using stage = new Stage({
      user: [
        { at: 1000, ms: 800, text: "tell me something" },
        { at: 3000, ms: 1500, text: "no wait I meant something else" },
      ],
      agent: ["this goes on and on for quite a while", "fine"],
    });
    await stage.clock.moveTo(8000);
    const answer = stage.only("reply-start")[1]?.at ?? 0;
    expect(stage.transport.voiced.filter((at) => at > 3180 && at < answer)).toEqual([]);
  });

  test("a reply is not remembered twice when it is interrupted at its very end", async () => {
    for (const at of [3480, 3500, 3520, 3540]) {
      await using stage = new Stage({
        user: [
          { at: 1000, ms: 800, text: "count" },
          { at, ms: 900, text: "and then" },
        ],
        agent: ["one two three four five six", "seven"],
      });
      await stage.clock.moveTo(8000);
      expect(said(stage).filter((line) => line.startsWith("assistant: one"))).toHaveLength(1);
      expect(said(stage).at(-1)).toBe("assistant: seven");
    }
  });

  test("an agent whose model never answers is not stuck in thinking", async () => {
    await using stage = new Stage({ user: [{ at: 1000, ms: 800, text: "hello" }], llmHangs: true });
    await stage.clock.moveTo(20_000);
    expect(stage.session.state).toBe("thinking");
    await stage.clock.moveTo(60_000);
    expect(stage.session.state).toBe("silent");
    expect(stage.only("error")).toMatchObject([{ code: 504 }]);
  });

  test("a slow vendor of one person's ear does not keep another from being heard", async () => {
    await using stage = new Stage({
      user: [
        { at: 1000, ms: 800, text: "from me", uid: "7" },
        { at: 1200, ms: 900, text: "and from me", uid: "8" },
      ],
      asrMs: 300,
    });
    await stage.clock.moveTo(5000);
    expect(said(stage)[0]).toBe("user: from me and from me");
  });
});

describe("greeting", () => {
  test("the first person is greeted at once, with words that were spoken ahead", async () => {
    await using stage = new Stage({ config: { greeting: { text: "hello there", interruptable: true } } });
    await stage.clock.moveTo(2000);
    expect(stage.only("reply-start")).toMatchObject([{ source: "greeting", turnId: 1, latencyMs: null }]);
    expect(stage.only("reply-start")[0]?.at).toBeLessThanOrEqual(20);
    stage.join("8");
    await stage.clock.moveTo(4000);
    expect(stage.only("reply-start")).toHaveLength(1);
  });

  test("a greeting that must not be interrupted plays on, and what was said meanwhile is answered", async () => {
    await using stage = new Stage({
      user: [{ at: 300, ms: 900, text: "who are you" }],
      agent: ["a machine"],
      config: { greeting: { text: "welcome to this rather long greeting text", interruptable: false } },
    });
    await stage.clock.moveTo(6000);
    expect(said(stage)).toEqual(["assistant: welcome to this rather long greeting text", "user: who are you", "assistant: a machine"]);
  });
});

describe("a host", () => {
  test("greets everybody who comes while nobody is there, or only the first, as it is told", async () => {
    for (const [mode, greetings] of [
      ["every", 2],
      ["first", 1],
    ] as const) {
      await using stage = new Stage({ config: { greeting: { text: "hello there", interruptable: true, mode } } });
      await stage.clock.moveTo(2000);
      stage.leave("7");
      await stage.clock.moveTo(3000);
      stage.join("8");
      await stage.clock.moveTo(6000);
      expect(stage.only("reply-start").map((event) => event.source)).toEqual(Array(greetings).fill("greeting"));
    }
  });

  test("waits before the greeting if told to", async () => {
    await using stage = new Stage({ config: { greeting: { text: "hello there", interruptable: true, delayMs: 1500 } } });
    await stage.clock.moveTo(3000);
    expect(stage.only("reply-start").map((event) => event.at)).toEqual([1500]);
  });

  test("speaks up when nobody says anything, again and again", async () => {
    await using stage = new Stage({ config: { silence: { timeoutMs: 3000, action: "speak", content: "still there" } } });
    await stage.clock.moveTo(7500);
    expect(stage.only("reply-start").map(({ source, at }) => [source, Math.round(at)])).toEqual([
      ["silence", 3020],
      ["silence", 6420],
    ]);
  });

  test("has the model think when nobody says anything", async () => {
    await using stage = new Stage({
      agent: ["shall we go on"],
      config: { silence: { timeoutMs: 3000, action: "think", content: "The user is silent." } },
    });
    await stage.clock.moveTo(3900);
    expect(stage.asked[0]?.at(-1)).toMatchObject({ role: "user", content: "The user is silent." });
    expect(stage.session.history[0]).toMatchObject({ role: "user", source: "command" });
  });

  test("finishes its sentence before it goes, if it is let, and not for longer than it may", async () => {
    for (const [graceS, heard] of [
      [10, "one two three four five six"],
      [0, "one two three"],
    ] as const) {
      const stage = new Stage({ user: [{ at: 1000, ms: 800, text: "go" }], agent: ["one two three four five six"] });
      await stage.clock.moveTo(2900);
      const leaving = stage.session.leave({ graceS });
      await stage.clock.moveTo(6000);
      expect(await leaving).toEqual({ status: "STOPPED", reason: "OK" });
      await stage[Symbol.asyncDispose]();
      expect(stage.session.history.at(-1)?.content).toBe(heard);
    }
  });

  test("thinks about a text of the API, and answers with another prompt once that was changed", async () => {
    await using stage = new Stage({ agent: ["a long answer that goes on for quite a while", "fine"] });
    await stage.clock.moveTo(500);
    expect(stage.session.think("first", { priority: "interrupt" })).toBe("taken");
    await stage.clock.moveTo(1000);
    expect(stage.session.think("not now", { priority: "ignore" })).toBe("ignored");
    stage.session.update({ systemMessages: [{ role: "system", content: "Be rude." }] });
    expect(stage.session.think("second", { priority: "interrupt" })).toBe("taken");
    await stage.clock.moveTo(4000);
    expect(stage.asked.map((messages) => messages[0]?.content)).toEqual(["Be brief.", "Be rude."]);
  });
});

describe("failures", () => {
  test("a language model that fails is told, and the failure message is spoken", async () => {
    await using stage = new Stage({
      user: [{ at: 1000, ms: 800, text: "hello" }],
      agent: [new AppError("vendor-failed", "Acme answered 401: bad key", { vendorCode: 401 })],
      config: { failureMessage: "Please hold on a second." },
    });
    await stage.clock.moveTo(5000);
    expect(stage.only("error")).toMatchObject([{ module: "llm", code: 401, message: "Acme answered 401: bad key", turnId: 1 }]);
    expect(stage.only("reply-start")).toMatchObject([{ source: "llm_failure" }]);
    expect(said(stage)).toEqual(["user: hello", "assistant: Please hold on a second."]);
  });

  test("without a failure message the agent falls silent, says why, and listens again", async () => {
    await using stage = new Stage({
      user: [
        { at: 1000, ms: 800, text: "hello" },
        { at: 4000, ms: 800, text: "are you there" },
      ],
      agent: [new AppError("vendor-unreachable", "no route"), "yes"],
    });
    await stage.clock.moveTo(8000);
    expect(stage.only("error")).toHaveLength(1);
    expect(said(stage)).toEqual(["user: hello", "user: are you there", "assistant: yes"]);
  });

  test("a voice that fails is told, and the call goes on", async () => {
    await using stage = new Stage({
      user: [{ at: 1000, ms: 800, text: "hello" }],
      voiceError: new AppError("vendor-failed", "no quota", { vendorCode: 1008 }),
    });
    await stage.clock.moveTo(4000);
    expect(stage.only("error")).toMatchObject([{ module: "tts", code: 1008 }]);
    expect(stage.session.state).toBe("silent");
  });

  test("a recogniser that fails is told and opened again, and what it had understood is not lost", async () => {
    await using stage = new Stage({
      user: [
        { at: 1000, ms: 800, text: "lost" },
        { at: 5000, ms: 800, text: "found" },
      ],
      asrError: new AppError("vendor-failed", "stream closed", { vendorCode: 1011 }),
    });
    await stage.clock.moveTo(9000);
    expect(stage.only("error")).toMatchObject([{ module: "asr", code: 1011 }]);
    expect(said(stage)).toEqual(["user: lost", "assistant: yes", "user: found", "assistant: yes"]);
  });
});

describe("typed text", () => {
  test("is answered, interrupts, and stands in order with what was heard before", async () => {
    await using stage = new Stage({ agent: ["one two three four five six seven", "rome"] });
    await stage.clock.moveTo(1000);
    stage.type("count");
    await stage.clock.moveTo(1800);
    stage.type("capital of Italy");
    await stage.clock.moveTo(4000);
    expect(said(stage)).toEqual(["user: count", "assistant: one two three four", "user: capital of Italy", "assistant: rome"]);
  });

  test("and speech in the same second become one turn", async () => {
    await using stage = new Stage({ user: [{ at: 1000, ms: 900, text: "how far is" }], agent: ["far"] });
    await stage.clock.moveTo(2000);
    stage.type("the moon");
    await stage.clock.moveTo(5000);
    expect(said(stage)).toEqual(["user: how far is the moon", "assistant: far"]);
  });
});

describe("the end", () => {
  test("an agent that everyone has left goes after its idle time", async () => {
    const stage = new Stage({ config: { idleTimeoutS: 5 } });
    await stage.clock.moveTo(1000);
    stage.leave("7");
    await stage.clock.moveTo(7000);
    expect(await stage.session.closed).toEqual({ status: "STOPPED", reason: "Idle for too long" });
    expect(stage.transport.closed).toBe(true);
    await stage[Symbol.asyncDispose]();
    expect(stage.events.at(-1)).toMatchObject({ type: "closed", status: "STOPPED" });
  });

  test("leaving in mid-sentence keeps what was heard", async () => {
    const stage = new Stage({ user: [{ at: 1000, ms: 800, text: "go" }], agent: ["one two three four five six"] });
    await stage.clock.moveTo(2900);
    await stage[Symbol.asyncDispose]();
    expect(stage.only("reply-interrupted")).toMatchObject([{ cause: "api_leave", heard: "one two three" }]);
  });

  test("an agent that goes begins nothing of what still waits", async () => {
    const stage = new Stage({});
    await stage.clock.moveTo(500);
    stage.session.say("first words of the agent", { priority: "interrupt", interruptable: true });
    stage.session.say("second", { priority: "append", interruptable: true });
    stage.session.create("Say goodbye.");
    await stage.clock.moveTo(800);
    await stage[Symbol.asyncDispose]();
    expect(stage.only("reply-begin")).toHaveLength(1);
    expect(stage.only("reply-interrupted", "reply-end")).toMatchObject([{ type: "reply-interrupted", reply: 1, cause: "api_leave" }]);
    expect(stage.asked).toEqual([]);
  });

  test("fixed texts: spoken at once, queued, or ignored", async () => {
    await using stage = new Stage({});
    await stage.clock.moveTo(500);
    expect(stage.session.say("first words of the agent", { priority: "interrupt", interruptable: true })).toBe("spoken");
    expect(stage.session.say("second", { priority: "append", interruptable: true })).toBe("queued");
    expect(stage.session.say("third", { priority: "ignore", interruptable: true })).toBe("ignored");
    await stage.clock.moveTo(3000);
    expect(said(stage)).toEqual(["assistant: first words of the agent", "assistant: second"]);
  });
});

test("a minute of conversation runs in well under a second", async () => {
  const user = Array.from({ length: 12 }, (_, index) => ({
    at: 1000 + index * 5000,
    ms: 1500,
    text: `question number ${index}`,
  }));
  const began = performance.now();
  await using stage = new Stage({ user, agent: ["a short answer of some words"] });
  await stage.clock.moveTo(62_000);
  expect(said(stage)).toHaveLength(24);
  expect(performance.now() - began).toBeLessThan(5000);
});

test("a transport that cannot be closed is told, and keeps no session from ending", async () => {
  const stage = new Stage({ agent: ["yes"] });
  const close = stage.transport[Symbol.asyncDispose].bind(stage.transport);
  stage.transport[Symbol.asyncDispose] = async () => {
    await close();
    throw new Error("stuck");
  };
  await stage[Symbol.asyncDispose]();
  expect(stage.only("error")).toMatchObject([{ module: "session", message: "stuck" }]);
  expect(stage.events.at(-1)).toMatchObject({ type: "closed", status: "STOPPED" });
});
