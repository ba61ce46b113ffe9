/** Captions are tested with the messages that an agent sends, in time that the test sets. */
import type { AgentMessage, AssistantTranscription, TranscriptWord } from "@parley/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Caption, Captions } from "./captions.ts";

const agentUid = "100";

function user(turnId: number, text: string, final: boolean): AgentMessage {
  const times = { start_ms: 0, duration_ms: 0, language: "en-US" };
  return { object: "user.transcription", turn_id: turnId, text, final, stream_id: 1002, user_id: "1002", words: null, ...times };
}

function agent(turnId: number, text: string, words: TranscriptWord[] | null, status: 0 | 1 | 2): AssistantTranscription {
  const times = { start_ms: 0, duration_ms: 0, language: "en-US", quiet: false, turn_seq_id: 1 };
  return { object: "assistant.transcription", turn_id: turnId, text, words, turn_status: status, stream_id: 0, user_id: "1002", ...times };
}

/** One word in every 200 ms from `startMs` on, spelled as on the wire. */
function timed(text: string, startMs: number, leadingSpace = false): TranscriptWord[] {
  return text.split(" ").map((word, index) => ({
    word: index === 0 && !leadingSpace ? word : ` ${word}`,
    start_ms: startMs + index * 200,
    duration_ms: 180,
    stable: true,
  }));
}

function interrupt(turnId: number, startMs: number): AgentMessage {
  return { object: "message.interrupt", message_id: "m", data_type: "message", turn_id: turnId, start_ms: startMs, send_ts: 0 };
}

function finished(turnId: number, latencyMs: number | null): AgentMessage {
  const metrics = { e2e_latency_ms: latencyMs, segmented_latency_ms: [] };
  return { object: "turn.finished", payload: { turn_id: turnId, agent_id: "a", start: { start_at: 0 }, metrics } };
}

const shown = (caption: Caption | undefined): string =>
  caption?.words.map(({ text, heard }) => (heard ? text : `(${text})`)).join(" ") ?? "";

test("a person's words replace each other until they are final", () => {
  const captions = new Captions();
  captions.handle(user(1, "what", false), agentUid, 0);
  captions.handle(user(1, "what is the", false), agentUid, 300);
  expect(captions.list).toMatchObject([{ role: "user", turnId: 1, final: false }]);
  captions.handle(user(1, "What is the time?", true), agentUid, 600);
  expect(captions.list).toHaveLength(1);
  expect(captions.list[0]).toMatchObject({ final: true });
  expect(shown(captions.list[0])).toBe("What is the time?");
});

test("an empty final takes back what turned out to be no words", () => {
  const captions = new Captions();
  captions.handle(user(1, "hm", false), agentUid, 0);
  captions.handle(user(1, "", true), agentUid, 100);
  expect(captions.list).toEqual([]);
});

test("the agent's words are heard one after the other, as they reach the loudspeaker", () => {
  const captions = new Captions();
  captions.handle(agent(1, "one two three", timed("one two three", 5_000), 0), agentUid, 90_000);
  expect(shown(captions.list[0])).toBe("(one) (two) (three)");
  expect(captions.tick(90_060)).toBe(true);
  expect(shown(captions.list[0])).toBe("one (two) (three)");
  expect(captions.tick(90_100)).toBe(false);
  captions.tick(90_260);
  expect(shown(captions.list[0])).toBe("one two (three)");
});

test("later clauses are added to the words so far, and the end makes all of them heard", () => {
  const captions = new Captions();
  captions.handle(agent(1, "one two", timed("one two", 0), 0), agentUid, 0);
  captions.handle(agent(1, "one two three", timed("three", 400, true), 0), agentUid, 400);
  captions.handle(agent(1, "one two three", timed("three", 400, true), 1), agentUid, 700);
  expect(captions.list[0]).toMatchObject({ final: true, interrupted: false });
  expect(shown(captions.list[0])).toBe("one two three");
});

test("an interruption leaves what was heard, and the rest grey for good", () => {
  const captions = new Captions();
  captions.handle(agent(2, "one two three four", timed("one two three four", 1_000), 0), agentUid, 1_000);
  captions.tick(5_000); // The page's own reckoning ran ahead: the agent had been held.
  captions.handle(interrupt(2, 1_399), agentUid, 1_500);
  expect(shown(captions.list[0])).toBe("one two (three) (four)");
  captions.handle(agent(2, "one two", timed("four", 1_600, true), 2), agentUid, 1_510);
  expect(captions.list[0]).toMatchObject({ interrupted: true, final: true });
  captions.tick(9_000);
  expect(shown(captions.list[0])).toBe("one two (three) (four)");
});

test("an interruption before the first word was heard leaves all of it grey", () => {
  const captions = new Captions();
  captions.handle(agent(2, "one two", timed("one two", 1_000), 0), agentUid, 1_000);
  captions.handle(interrupt(2, 999), agentUid, 1_020);
  captions.handle(agent(2, "", timed("two", 1_200, true), 2), agentUid, 1_021);
  expect(shown(captions.list[0])).toBe("(one) (two)");
});

test("without times the heard part of an interrupted answer is told by its last text", () => {
  const captions = new Captions();
  captions.handle(agent(2, "It is sunny", null, 0), agentUid, 0);
  captions.handle(agent(2, "It is sunny, and warm.", null, 0), agentUid, 900);
  expect(shown(captions.list[0])).toBe("It is sunny, and warm.");
  captions.handle(interrupt(2, 900), agentUid, 1_000);
  captions.handle(agent(2, "It is sunny,", null, 2), agentUid, 1_001);
  expect(shown(captions.list[0])).toBe("It is sunny, (and) (warm.)");
});

test("a latency finds its answer, whichever comes first", () => {
  const captions = new Captions();
  captions.handle(user(3, "hello", true), agentUid, 0);
  captions.handle(finished(3, 612), agentUid, 10);
  captions.handle(agent(3, "Hi.", timed("Hi.", 0), 0), agentUid, 20);
  captions.handle(agent(4, "Again.", timed("Again.", 900), 0), agentUid, 920);
  captions.handle(finished(4, 548), agentUid, 1_900);
  expect(captions.list.map(({ role, latencyMs }) => [role, latencyMs])).toEqual([
    ["user", null],
    ["agent", 612],
    ["agent", 548],
  ]);
});

test("captions that did not change stay the same objects", () => {
  const captions = new Captions();
  captions.handle(user(1, "hello", true), agentUid, 0);
  const [first] = captions.list;
  captions.handle(agent(1, "Hi.", timed("Hi.", 0), 0), agentUid, 20);
  captions.tick(500);
  expect(captions.list[0]).toBe(first);
});

test("the list is bounded", () => {
  const captions = new Captions();
  for (let turnId = 1; turnId <= 1_000; turnId++) captions.handle(user(turnId, `turn ${turnId}`, true), agentUid, turnId);
  expect(captions.list).toHaveLength(400);
  expect(captions.list.at(-1)?.turnId).toBe(1_000);
});

test("wherever an answer is cut, its words are a heard beginning and an unheard rest, and none is lost", () => {
  const words = "the quick brown fox jumps over the lazy dog".split(" ");
  fc.assert(
    fc.property(fc.nat(words.length), fc.nat(4_000), fc.boolean(), (heard, tickAt, told) => {
      const captions = new Captions();
      const all = timed(words.join(" "), 0);
      captions.handle(agent(1, words.join(" "), all, 0), agentUid, 0);
      captions.tick(tickAt);
      if (told) captions.handle(interrupt(1, heard * 200 - 1), agentUid, tickAt);
      captions.handle(agent(1, words.slice(0, heard).join(" "), all.slice(-1), 2), agentUid, tickAt);
      const [caption] = captions.list;
      expect(caption?.words.map((word) => word.text)).toEqual(words);
      expect(caption?.words.map((word) => word.heard)).toEqual(words.map((_, index) => index < heard));
    }),
  );
});
