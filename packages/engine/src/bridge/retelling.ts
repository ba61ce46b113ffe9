/** What a Voice Agent endpoint tells becomes the events of a session: turns, replies and states, as if the agent were here. Pure. */
import type { VoiceAgentEvent } from "@parley/voice-agent";
import type { AgentState, InterruptCause, SessionEvent, SpokenWord } from "../core/events.ts";
import { endpointFault } from "./endpoint-fault.ts";

/** A person's turn. */
interface Turn {
  readonly id: number;
  readonly uid: string;
  readonly startMs: number;
  /** When the endpoint said that the speech was over. */
  stoppedAt: number | undefined;
  /** It has its words, or will have none. */
  settled: boolean;
  /** A reply to it has begun. */
  answered: boolean;
}

interface Word {
  readonly text: string;
  /** From the reply's first sample, in milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

interface Reply {
  readonly number: number;
  readonly id: string;
  readonly turnId: number;
  readonly words: Word[];
  readonly answersAt: number | undefined;
  readonly source: "llm" | "greeting";
  /** Session time of its first sample in the channel. */
  startedAt: number | undefined;
  /** Words that were told already. */
  told: number;
  final: { readonly text: string; readonly interrupted: boolean } | undefined;
  done: "completed" | "interrupted" | undefined;
  /** Its audio was dropped at this length, in milliseconds. */
  cutAtMs: number | undefined;
  calls: number;
}

/** Replies and utterances that are remembered. */
const maxKept = 32;
/** Where an endpoint gives a word no times: a letter takes about this long, in milliseconds. */
const letterMs = 65;
/** The agent's words are told so often, and so long before they sound, in milliseconds: some endpoints send all at once. */
const tellEveryMs = 100;
const aheadMs = 200;
/** Speech that the endpoint has no words for so long after its end has none, in milliseconds. */
const wordlessMs = 2000;
/** From the bridge to people's ears, in milliseconds. */
const earMs = 60;
/** Words of a person's that repeat the agent's: an echo, from so many on, at this share. */
const echoWords = 4;
const echoShare = 0.8;

export class Retelling {
  #turnId: number;
  #turn: Turn | undefined;
  /** Turns by the endpoint's `item_id`. */
  readonly #items = new Map<string, Turn>();
  readonly #replies = new Map<string, Reply>();
  #replyCount = 0;
  #lastReply: Reply | undefined;
  #openCalls = 0;
  #sounding = false;
  #state: AgentState = "idle";
  #toldAt = 0;

  /** `turn`: the number of the last one before this. */
  constructor(turn = 0) {
    this.#turnId = turn;
  }

  /** An event of the endpoint's; `speaker` is who is heard now. */
  handle(event: VoiceAgentEvent, at: number, speaker: string): SessionEvent[] {
    const events = this.#retell(event, at, speaker);
    return [...events, ...this.#stateChange(at)];
  }

  /** The reply's first sample goes into the channel. */
  began(id: string, at: number): SessionEvent[] {
    const reply = this.#replies.get(id);
    if (reply === undefined || reply.startedAt !== undefined) return [];
    reply.startedAt = at;
    this.#sounding = true;
    const latencyMs = reply.answersAt === undefined ? null : Math.round(at - reply.answersAt);
    const { turnId, number, source } = reply;
    return [{ type: "reply-start", at, turnId, reply: number, source, latencyMs }, ...this.#stateChange(at)];
  }

  /** Time passes: words that are about to sound are told, a few at once, and speech that stayed without words is no turn. */
  pass(at: number): SessionEvent[] {
    if (at - this.#toldAt < tellEveryMs) return [];
    this.#toldAt = at;
    const stoppedAt = this.#turn?.settled === false ? this.#turn.stoppedAt : undefined;
    const dropped = stoppedAt !== undefined && at - stoppedAt >= wordlessMs ? this.#dropTurn(at) : [];
    const told = [...this.#replies.values()].flatMap((reply) => this.#tellWords(reply, at, at + aheadMs));
    return [...dropped, ...told, ...this.#stateChange(at)];
  }

  /** Its last sample has gone into the channel. */
  ended(id: string, at: number, playedMs: number): SessionEvent[] {
    const reply = this.#replies.get(id);
    if (reply === undefined) return [];
    this.#forget(reply);
    const text = reply.final?.text ?? spoken(reply.words);
    return [
      ...this.#tellWords(reply, at, Number.POSITIVE_INFINITY),
      { type: "reply-end", at, turnId: reply.turnId, reply: reply.number, text, playedMs },
      ...this.#stateChange(at),
    ];
  }

  /** A reply that has begun and is not over. */
  knows(id: string): boolean {
    return this.#replies.has(id);
  }

  /** Every reply is over, whatever the endpoint says of it. */
  interrupt(at: number, cause: InterruptCause): SessionEvent[] {
    const events = [...this.#replies.values()].flatMap((reply) => this.#interrupt(reply, at, cause));
    return [...events, ...this.#stateChange(at)];
  }

  /** What waited of it was dropped after `playedMs`: people have begun to speak. */
  cut(id: string, at: number, playedMs: number): SessionEvent[] {
    const reply = this.#replies.get(id);
    if (reply === undefined) return [];
    reply.cutAtMs ??= playedMs;
    this.#sounding = false;
    // The endpoint has not said yet how it ends; what it says of the heard words counts more than what is known here.
    return reply.done === undefined ? this.#stateChange(at) : [...this.#interrupt(reply, at), ...this.#stateChange(at)];
  }

  #retell(event: VoiceAgentEvent, at: number, speaker: string): SessionEvent[] {
    switch (event.type) {
      case "input.speech.started":
        return this.#speechStarts(at, speaker);
      case "input.speech.stopped":
        if (this.#turn !== undefined) this.#turn.stoppedAt ??= at;
        return [];
      case "transcript.user.delta": {
        const [turn, begun] = this.#turnOf(event.item_id, at, speaker);
        const { id: turnId, uid, startMs } = turn;
        return [...begun, { type: "transcript", at, turnId, uid, text: event.text, startMs, endMs: at }];
      }
      case "transcript.user":
        return this.#hearTurn(event.item_id, event.text, at, speaker);
      case "reply.started":
        return this.#replyBegins(event.reply_id, at);
      case "transcript.agent.delta": {
        const reply = this.#replies.get(event.reply_id);
        if (reply === undefined || event.delta.trim() === "") return [];
        const startMs = event.start_ms ?? reply.words.at(-1)?.endMs ?? 0;
        reply.words.push({ text: event.delta.trim(), startMs, endMs: event.end_ms ?? startMs + event.delta.length * letterMs });
        return [];
      }
      case "transcript.agent": {
        const reply = this.#replies.get(event.reply_id);
        if (reply === undefined) return [];
        reply.final = { text: event.text, interrupted: event.interrupted };
        addMissingWords(reply);
        return [];
      }
      case "tool.call": {
        const reply = this.#lastReply;
        if (reply === undefined) return [];
        reply.calls += 1;
        this.#openCalls += 1;
        const { call_id: callId, name, arguments: args } = event;
        return [{ type: "tool-call", at, turnId: reply.turnId, reply: reply.number, callId, name, arguments: args, by: "client" }];
      }
      case "tool.result": {
        const { call_id: callId, name, result: output, is_error: isError } = event;
        return [{ type: "tool-result", at, turnId: this.#turnId, callId, name, output, isError, timedOut: false }];
      }
      case "reply.done":
        return this.#replyDone(event.reply_id, event.status, at);
      case "session.error":
        return [errorEvent(at, this.#turnId, event.code, event.message)];
      case "restarted":
        this.#turn = undefined;
        this.#openCalls = 0;
        return [];
      case "session.updated":
      case "session.ready":
      case "session.ended":
      case "reply.audio":
      case "reconnecting":
      case "resumed":
      case "closed":
      case "lost":
        return [];
    }
  }

  #speechStarts(at: number, speaker: string): SessionEvent[] {
    const dropped = this.#dropTurn(at);
    this.#turn = this.#begin(at, speaker);
    return [...dropped, { type: "turn-start", at, turnId: this.#turn.id, uid: speaker }];
  }

  /** What began without ever having words was no turn. */
  #dropTurn(at: number): SessionEvent[] {
    const turn = this.#turn;
    if (turn === undefined || turn.settled) return [];
    this.#turn = undefined;
    return [{ type: "turn-dropped", at, turnId: turn.id, uid: turn.uid }];
  }

  #begin(at: number, uid: string): Turn {
    this.#turnId += 1;
    return { id: this.#turnId, uid, startMs: at, stoppedAt: undefined, settled: false, answered: false };
  }

  /** Whose words these are: a turn that began without the endpoint's saying so begins now. */
  #turnOf(itemId: string, at: number, speaker: string): [Turn, SessionEvent[]] {
    const known = this.#items.get(itemId);
    if (known !== undefined) return [known, []];
    const begun: SessionEvent[] = [];
    if (this.#turn === undefined || this.#turn.settled) begun.push(...this.#speechStarts(at, speaker));
    const turn = this.#turn ?? this.#begin(at, speaker);
    this.#turn = turn;
    this.#items.set(itemId, turn);
    trim(this.#items);
    return [turn, begun];
  }

  #hearTurn(itemId: string, text: string, at: number, speaker: string): SessionEvent[] {
    const [turn, begun] = this.#turnOf(itemId, at, speaker);
    turn.settled = true;
    const { id: turnId, uid, startMs } = turn;
    const echo: SessionEvent[] = this.#isEcho(text) ? [{ type: "echo-suspected", at, turnId, uid, text }] : [];
    return [...begun, ...echo, { type: "turn-end", at, turnId, uid, text, startMs, endMs: turn.stoppedAt ?? at, by: "voice" }];
  }

  #isEcho(text: string): boolean {
    const heard = plainWords(text);
    if (heard.length < echoWords || this.#lastReply === undefined) return false;
    const said = new Set(plainWords(spoken(this.#lastReply.words)));
    return heard.filter((word) => said.has(word)).length >= heard.length * echoShare;
  }

  #replyBegins(id: string, at: number): SessionEvent[] {
    if (this.#replies.has(id)) return [];
    const follows = this.#openCalls > 0;
    const turn = this.#turn;
    // Some endpoints begin to answer before they have told the words.
    const answers = turn !== undefined && !turn.answered && (turn.settled || turn.stoppedAt !== undefined);
    // A reply that nobody's words led to is a turn of its own.
    if (!follows && !answers) this.#turnId += 1;
    this.#openCalls = 0;
    if (turn !== undefined) turn.answered = true;
    this.#replyCount += 1;
    const isGreeting = this.#replyCount === 1 && turn === undefined;
    const reply: Reply = {
      number: this.#replyCount,
      id,
      turnId: this.#turnId,
      words: [],
      answersAt: answers && !follows ? turn.stoppedAt : undefined,
      source: isGreeting ? "greeting" : "llm",
      startedAt: undefined,
      told: 0,
      final: undefined,
      done: undefined,
      cutAtMs: undefined,
      calls: 0,
    };
    this.#replies.set(id, reply);
    trim(this.#replies);
    this.#lastReply = reply;
    const trigger = isGreeting ? "greeting" : follows ? "tool-result" : answers ? "turn" : "create";
    return [{ type: "reply-begin", at, turnId: reply.turnId, reply: reply.number, trigger }];
  }

  #replyDone(id: string, status: "completed" | "interrupted", at: number): SessionEvent[] {
    const reply = this.#replies.get(id);
    if (reply === undefined) return [];
    reply.done = status;
    // A completed one is over when it has been played: see `ended`.
    if (status === "completed" && reply.cutAtMs === undefined) return [];
    return this.#interrupt(reply, at);
  }

  #interrupt(reply: Reply, at: number, cause: InterruptCause = "start_of_speech"): SessionEvent[] {
    this.#forget(reply);
    const { turnId, number, final, cutAtMs } = reply;
    const text = final?.interrupted === false ? final.text : spoken(reply.words);
    const heardHere = spoken(reply.words.filter(({ startMs, endMs }) => (startMs + endMs) / 2 <= (cutAtMs ?? 0) - earMs));
    const heard = final?.interrupted === true ? final.text : heardHere;
    return [{ type: "reply-interrupted", at, turnId, reply: number, heard, text: text === "" ? heard : text, cause }];
  }

  #forget(reply: Reply): void {
    this.#replies.delete(reply.id);
    this.#sounding = false;
  }

  /** Words that sound before `until` and were not told. */
  #tellWords(reply: Reply, at: number, until: number): SessionEvent[] {
    const { startedAt, words } = reply;
    if (startedAt === undefined) return [];
    const from = reply.told;
    while (reply.told < words.length && startedAt + (words[reply.told]?.startMs ?? 0) < until) reply.told += 1;
    const timed: SpokenWord[] = words
      .slice(from, reply.told)
      .map(({ text, startMs, endMs }) => ({ text, startMs: startedAt + startMs, endMs: startedAt + endMs }));
    if (timed.length === 0) return [];
    return [{ type: "reply-text", at, turnId: reply.turnId, reply: reply.number, text: spoken(words.slice(0, reply.told)), words: timed }];
  }

  #stateChange(at: number): SessionEvent[] {
    const state = this.#currentState();
    if (state === this.#state) return [];
    this.#state = state;
    return [{ type: "state", at, state, turnId: this.#turnId }];
  }

  #currentState(): AgentState {
    if (this.#sounding) return "speaking";
    if (this.#turn?.settled === false && this.#turn.stoppedAt === undefined) return "listening";
    if (this.#replies.size > 0 || this.#turn?.answered === false) return "thinking";
    return "silent";
  }
}

/** Endpoints that send no words one by one send the text at least. */
function addMissingWords({ final, words }: Reply): void {
  if (final === undefined || words.length > 0) return;
  let startMs = 0;
  for (const text of final.text.split(/\s+/).filter((word) => word !== "")) {
    const endMs = startMs + text.length * letterMs;
    words.push({ text, startMs, endMs });
    startMs = endMs + letterMs;
  }
}

function spoken(words: readonly Word[]): string {
  return words.map(({ text }) => text).join(" ");
}

function plainWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function errorEvent(at: number, turnId: number, code: string, message: string): SessionEvent {
  const cause = endpointFault("the endpoint", code, message);
  return { type: "error", at, turnId, module: "session", code: 0, message: `${code}: ${message}`, remedy: "", cause };
}

function trim(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (map.size > maxKept && oldest !== undefined) map.delete(oldest);
}
