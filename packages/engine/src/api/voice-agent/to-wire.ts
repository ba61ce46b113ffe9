/** From what happens in a session to what its client is told, in the order that the contract guarantees. Pure: time comes in with each call. */
import type { voiceAgent } from "@parley/protocol";
import type { SessionEvent } from "../../core/events.ts";
import { AppError } from "../../errors.ts";
import type { MakeId } from "./ids.ts";
import { type PlacedWord, SpokenWords } from "./spoken-words.ts";

type Untimed<Event> = Event extends unknown ? Omit<Event, "timestamp"> : never;

/** What goes out, before it is stamped with the time. */
export type WireEvent = Untimed<voiceAgent.ServerEvent>;

export interface ToWireOptions {
  readonly id: MakeId;
  readonly sessionId: string;
  /** `tool.call` carries `args`, too. */
  readonly legacyArgs: boolean;
  /** What another process had begun to tell. */
  readonly past?: PastWire;
}

/** What the client was told the beginning of, and not yet the end: JSON. */
export interface WireSnapshot {
  readonly reply: { readonly number: number; readonly id: string; readonly itemId: string; readonly told: number } | null;
  /** The item of the user who is speaking. */
  readonly speaking: string | null;
}

export interface PastWire extends WireSnapshot {
  /** What the client has of the reply. */
  readonly heard: string;
  readonly heardMs: number;
}

interface OpenReply {
  readonly number: number;
  readonly id: string;
  readonly itemId: string;
  readonly words: SpokenWords;
}

/** What came while a reply that is over had yet to be told so. */
type Step =
  | { readonly type: "event"; readonly event: SessionEvent }
  | { readonly type: "audio"; readonly at: number; readonly data: string };

/** An error is not told again sooner than this, in milliseconds: many clients give up at the first. */
const errorPauseMs = 10_000;
/** Steps that may wait for the end of a reply: a reply is cut within a quarter of a second. Of more, voice and words go first. */
const maxHeld = 2000;

/**
 * One reply is open at a time. When the next begins while what was heard of the last one is still being found out,
 * everything waits until that is told: so replies never overlap, whatever order the session's events come in.
 */
export class ToWire {
  readonly #options: ToWireOptions;
  #reply: OpenReply | undefined;
  /** The item of the user who is speaking. */
  #speaking: string | undefined;
  #held: Step[] = [];
  #detached = false;
  readonly #toldAt = new Map<voiceAgent.SessionErrorCode, number>();
  #out: WireEvent[] = [];

  constructor(options: ToWireOptions) {
    this.#options = options;
    const { past } = options;
    if (past === undefined) return;
    this.#speaking = past.speaking ?? undefined;
    if (past.reply === null) return;
    const { number, id, itemId, told } = past.reply;
    const heard = past.heard.split(/\s+/u).filter((word) => word !== "");
    this.#reply = { number, id, itemId, words: new SpokenWords({ heard, heardMs: past.heardMs, told }) };
  }

  snapshot(): WireSnapshot {
    const speaking = this.#speaking ?? null;
    if (this.#reply === undefined) return { reply: null, speaking };
    const { number, id, itemId, words } = this.#reply;
    return { reply: { number, id, itemId, told: words.count }, speaking };
  }

  /** When the next word is due. */
  get deadline(): number | undefined {
    return this.#detached ? undefined : this.#reply?.words.deadline;
  }

  /** The id of the reply that is open. */
  get replyId(): string | undefined {
    return this.#reply?.id;
  }

  /** `now`: session time, as everywhere here. */
  handle(event: SessionEvent, now: number): WireEvent[] {
    this.#tellWords(now);
    this.#step({ type: "event", event }, now);
    return this.#take();
  }

  /** 20 ms of the agent's voice, due at `at`. */
  audio(at: number, data: string, now: number): WireEvent[] {
    this.#step({ type: "audio", at, data }, now);
    this.#tellWords(now);
    return this.#take();
  }

  /** Words that are due. */
  time(now: number): WireEvent[] {
    this.#tellWords(now);
    return this.#take();
  }

  /** Nobody hears the agent for now. */
  detach(): void {
    this.#detached = true;
  }

  /** Somebody does again; frames due at `until` and later are written again. */
  attach(until: number): void {
    this.#detached = false;
    this.#reply?.words.rewind(until);
  }

  #step(step: Step, now: number): void {
    if (this.#endsReply(step) || (this.#held.length === 0 && !this.#waits(step))) this.#carryOut(step, now);
    else this.#hold(step);
    this.#release(now);
  }

  #hold(step: Step): void {
    this.#held.push(step);
    if (this.#held.length > maxHeld) this.#held.splice(leastNeeded(this.#held), 1);
  }

  /** The end of a reply lets out what waited for it, up to the next that has to wait. */
  #release(now: number): void {
    for (;;) {
      const [next] = this.#held;
      if (next === undefined) return;
      // That end may itself have waited, behind the begin of the reply after it.
      const index = this.#waits(next) ? this.#held.findIndex((step) => this.#endsReply(step)) : 0;
      const [step] = index === -1 ? [] : this.#held.splice(index, 1);
      if (step === undefined) return;
      this.#carryOut(step, now);
    }
  }

  #waits(step: Step): boolean {
    if (this.#reply === undefined || step.type !== "event" || step.event.type !== "reply-begin") return false;
    return step.event.reply !== this.#reply.number;
  }

  #endsReply(step: Step): boolean {
    return step.type === "event" && isEnd(step.event) && step.event.reply === this.#reply?.number;
  }

  #carryOut(step: Step, now: number): void {
    if (step.type === "audio") this.#play(step.at, step.data);
    else this.#tell(step.event, now);
  }

  #play(at: number, data: string): void {
    if (this.#reply === undefined) return;
    this.#reply.words.write(at);
    this.#out.push({ type: "reply.audio", reply_id: this.#reply.id, data });
  }

  #tell(event: SessionEvent, now: number): void {
    switch (event.type) {
      case "turn-start":
        if (this.#speaking === undefined) this.#startSpeech();
        break;
      case "transcript":
        if (this.#speaking !== undefined) {
          this.#out.push({ type: "transcript.user.delta", item_id: this.#speaking, text: event.text });
        }
        break;
      case "turn-end":
        this.#endTurn(event);
        break;
      case "turn-dropped":
        this.#stopSpeech();
        break;
      case "reply-begin":
        this.#begin(event.reply);
        break;
      case "reply-text":
        if (event.reply === this.#reply?.number) this.#reply.words.add(event.words, event.at);
        break;
      case "tool-call":
        if (event.reply === this.#reply?.number) this.#call(event);
        break;
      case "reply-end":
        if (event.reply === this.#reply?.number) this.#end(this.#reply, event.text, "completed");
        break;
      case "reply-interrupted":
        if (event.reply === this.#reply?.number) this.#end(this.#reply, event.heard, "interrupted");
        break;
      case "error":
        this.#fail(event, now);
        break;
      case "user-joined":
      case "user-left":
      case "state":
      case "reply-start":
      case "tool-result":
      case "metric":
      case "picture-refused":
      case "picture-taken":
      // Marks are the other door's; speech that does not count and echoes are withheld.
      case "turn-marked":
      case "turn-overlong":
      case "speech-ignored":
      case "echo-suspected":
      case "closed":
        break;
    }
  }

  // The user

  #startSpeech(): string {
    this.#speaking = this.#options.id("msg");
    this.#out.push({ type: "input.speech.started" });
    return this.#speaking;
  }

  #stopSpeech(): void {
    if (this.#speaking === undefined) return;
    this.#speaking = undefined;
    this.#out.push({ type: "input.speech.stopped" });
  }

  /** What was not spoken, nobody was told of. */
  #endTurn({ by, text }: Extract<SessionEvent, { type: "turn-end" }>): void {
    const item = this.#speaking ?? (by === "voice" ? this.#startSpeech() : undefined);
    this.#stopSpeech();
    const words = text.trim();
    if (item !== undefined && words !== "") this.#out.push({ type: "transcript.user", item_id: item, text: words });
  }

  // The agent

  #begin(number: number): void {
    // Another process has begun it.
    if (number === this.#reply?.number) return;
    const { id } = this.#options;
    this.#reply = { number, id: id("resp"), itemId: id("msg"), words: new SpokenWords() };
    this.#out.push({ type: "reply.started", reply_id: this.#reply.id, item_id: this.#reply.itemId });
  }

  #call({ callId, name, arguments: given }: Extract<SessionEvent, { type: "tool-call" }>): void {
    const legacy = this.#options.legacyArgs ? { args: { ...given } } : {};
    this.#out.push({ type: "tool.call", call_id: callId, name, arguments: { ...given }, ...legacy });
  }

  /** A reply that gave no sound has no transcript. */
  #end({ id, itemId, words }: OpenReply, text: string, status: "completed" | "interrupted"): void {
    const interrupted = status === "interrupted";
    if (!interrupted) this.#tellEach(words.rest());
    this.#reply = undefined;
    if (words.sounded) this.#out.push({ type: "transcript.agent", reply_id: id, item_id: itemId, text: text.trim(), interrupted });
    this.#out.push({ type: "reply.done", reply_id: id, status });
  }

  #tellWords(now: number): void {
    if (!this.#detached && this.#reply !== undefined) this.#tellEach(this.#reply.words.due(now));
  }

  #tellEach(words: readonly PlacedWord[]): void {
    const reply = this.#reply;
    if (reply === undefined) return;
    for (const { text, startMs, endMs } of words) {
      const times = { start_ms: Math.round(startMs), end_ms: Math.round(endMs) };
      this.#out.push({ type: "transcript.agent.delta", reply_id: reply.id, item_id: reply.itemId, delta: text, ...times });
    }
  }

  // Failures

  #fail(event: Extract<SessionEvent, { type: "error" }>, now: number): void {
    const code = codeOf(event);
    if (code === undefined) return;
    const told = this.#toldAt.get(code);
    if (told !== undefined && now - told < errorPauseMs) return;
    this.#toldAt.set(code, now);
    this.#out.push({ type: "session.error", code, message: event.message, param: null, session_id: this.#options.sessionId });
  }

  #take(): WireEvent[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }
}

function isEnd(event: SessionEvent): event is Extract<SessionEvent, { type: "reply-end" | "reply-interrupted" }> {
  return event.type === "reply-end" || event.type === "reply-interrupted";
}

/** Which step to lose of too many: the oldest voice or words. An end is never lost before its begin: the wire would wait for it for ever. */
function leastNeeded(steps: readonly Step[]): number {
  const said = steps.findIndex((step) => step.type === "audio" || step.event.type === "reply-text" || step.event.type === "transcript");
  if (said !== -1) return said;
  return Math.max(
    0,
    steps.findIndex((step) => step.type === "event" && !isEnd(step.event)),
  );
}

/** Undefined: nothing that the client could act on, or its end is told by the door. */
function codeOf({ module, cause }: Extract<SessionEvent, { type: "error" }>): voiceAgent.SessionErrorCode | undefined {
  switch (module) {
    case "llm":
      return "llm_error";
    case "tts":
      return "tts_error";
    case "asr":
    case "vad":
      return "stt_error";
    case "session":
      return cause instanceof AppError && cause.code === "reply-stalled" ? "llm_error" : undefined;
    case "transport":
      return undefined;
  }
}
