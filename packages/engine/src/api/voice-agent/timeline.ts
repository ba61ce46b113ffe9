/** What happened in a session turn by turn, for its record. Pure. */
import type { voiceAgent } from "@parley/protocol";
import type { ReplyTrigger, SessionEvent } from "../../core/events.ts";
import type { ConfigChange, TimelineToolCall, TimelineTrigger, TimelineTurn } from "./session-log.ts";
import type { WireEvent } from "./to-wire.ts";

type Writable<Part> = { -readonly [Key in keyof Part]: Part[Key] };
type Turn = Writable<Omit<TimelineTurn, "tool_calls">> & { tool_calls: Writable<TimelineToolCall>[] };

/** Turns and changes that are kept; the oldest go. */
const maxTurns = 5000;
const maxChanges = 500;
/** Of all changes together, as JSON: each is a whole configuration, with its prompt. The last one is kept whatever its size. */
const maxChangesBytes = 64 * 1024;

const triggers: Readonly<Record<ReplyTrigger, TimelineTrigger>> = {
  turn: "user_speech",
  "tool-result": "tool_result",
  create: "reply_create",
  greeting: "greeting",
  command: "reply_create",
  silence: "reply_create",
};

/** What a timeline holds beside its turns and changes: JSON. */
export interface TimelineSnapshot {
  readonly wishes: readonly string[];
  /** Numbers of turns. */
  readonly asked: number | null;
  readonly answering: number | null;
}

/** What another process has noted. */
export interface PastTimeline extends TimelineSnapshot {
  readonly turns: readonly TimelineTurn[];
  readonly changes: readonly ConfigChange[];
  /** The reply that goes on. */
  readonly reply: number | undefined;
}

export class Timeline {
  readonly #turns: Turn[] = [];
  /** Turns that changed since somebody asked. */
  #fresh = new Set<Turn>();
  readonly #changes: { readonly change: ConfigChange; readonly bytes: number }[] = [];
  #changesBytes = 0;
  /** Instructions of replies that the client wished for. */
  #wishes: string[] = [];
  /** Somebody's words that no reply answers yet. */
  #asked: Turn | undefined;
  /** The turn whose reply is open. */
  #answering: Turn | undefined;
  readonly #calls = new Map<string, { readonly call: Writable<TimelineToolCall>; readonly turn: Turn }>();
  readonly #goesOn: number | undefined;

  constructor(past?: PastTimeline) {
    this.#goesOn = past?.reply;
    if (past === undefined) return;
    for (const turn of past.turns) this.#turns.push({ ...turn, tool_calls: turn.tool_calls.map((call) => ({ ...call })) });
    for (const { at_ms: at, config } of past.changes) this.changed(at, config);
    this.#wishes = [...past.wishes];
    this.#asked = this.#turns.find(({ turn_id: id }) => id === past.asked);
    this.#answering = this.#turns.find(({ turn_id: id }) => id === past.answering);
    for (const turn of this.#turns)
      for (const call of turn.tool_calls) if (call.result_received_at_ms === null) this.#calls.set(call.call_id, { call, turn });
  }

  snapshot(): TimelineSnapshot {
    return { wishes: [...this.#wishes], asked: this.#asked?.turn_id ?? null, answering: this.#answering?.turn_id ?? null };
  }

  /** Turns that changed since this was last called. */
  takeFresh(): readonly TimelineTurn[] {
    const fresh = [...this.#fresh];
    this.#fresh = new Set();
    return fresh;
  }

  get turns(): readonly TimelineTurn[] {
    return this.#turns;
  }

  get changes(): readonly ConfigChange[] {
    return this.#changes.map(({ change }) => change);
  }

  changed(at: number, config: voiceAgent.SessionEcho): void {
    const change = { at_ms: Math.round(at), config };
    const bytes = Buffer.byteLength(JSON.stringify(change));
    this.#changes.push({ change, bytes });
    this.#changesBytes += bytes;
    while (this.#changes.length > maxChanges || (this.#changesBytes > maxChangesBytes && this.#changes.length > 1)) {
      this.#changesBytes -= this.#changes.shift()?.bytes ?? 0;
    }
  }

  wished(instructions: string): void {
    this.#wishes.push(instructions);
    if (this.#wishes.length > 8) this.#wishes.shift();
  }

  /** `told`: what the client was told of it. */
  handle(event: SessionEvent, told: readonly WireEvent[]): void {
    switch (event.type) {
      case "turn-end":
        this.#ask(event, told);
        break;
      case "reply-begin":
        this.#answer(event, told);
        break;
      case "reply-start": {
        const turn = this.#answering;
        // What goes on has begun long ago.
        if (turn === undefined || event.reply === this.#goesOn) break;
        this.#fresh.add(turn);
        turn.agent_reply_started_at_ms = Math.round(event.at);
        turn.time_to_first_audio_ms = event.latencyMs === null ? null : Math.round(event.latencyMs);
        break;
      }
      case "reply-end":
        this.#end(event.at, event.text, "completed");
        break;
      case "reply-interrupted":
        this.#end(event.at, event.heard, "interrupted");
        break;
      case "tool-call":
        this.#call(event);
        break;
      case "tool-result":
        this.#result(event);
        break;
      case "closed":
      case "echo-suspected":
      case "error":
      case "metric":
      case "picture-refused":
      case "picture-taken":
      case "reply-text":
      case "speech-ignored":
      case "state":
      case "transcript":
      case "turn-dropped":
      case "turn-marked":
      case "turn-overlong":
      case "turn-start":
      case "user-joined":
      case "user-left":
        break;
    }
  }

  #ask(event: Extract<SessionEvent, { type: "turn-end" }>, told: readonly WireEvent[]): void {
    const item = told.find((each) => each.type === "transcript.user");
    if (item === undefined) return;
    const turn = this.#open("user_speech", item.item_id);
    turn.user_transcript = item.text;
    turn.user_speech_started_at_ms = Math.round(event.startMs);
    turn.user_speech_ended_at_ms = Math.round(event.endMs);
    this.#asked = turn;
  }

  #answer({ reply, trigger }: Extract<SessionEvent, { type: "reply-begin" }>, told: readonly WireEvent[]): void {
    if (reply === this.#goesOn && this.#answering !== undefined) return;
    const item = told.find((each) => each.type === "reply.started")?.item_id ?? "";
    const named = triggers[trigger];
    if (trigger === "turn") {
      this.#answering = this.#asked ?? this.#open(named, item);
      this.#asked = undefined;
      // An answer to somebody's words follows all wishes that wait.
      if (this.#wishes.length > 0) this.#answering.requested_instructions = this.#wishes.join("\n");
      this.#fresh.add(this.#answering);
      this.#wishes = [];
    } else {
      this.#answering = this.#open(named, item);
      if (trigger === "create") this.#answering.requested_instructions = this.#wishes.shift() ?? null;
    }
  }

  #end(at: number, text: string, status: "completed" | "interrupted"): void {
    const turn = this.#answering;
    if (turn === undefined) return;
    this.#answering = undefined;
    this.#fresh.add(turn);
    turn.status = status;
    turn.agent_text = text.trim() === "" ? null : text.trim();
    turn.agent_reply_ended_at_ms = Math.round(at);
    if (status === "interrupted") turn.interrupted_at_ms = Math.round(at);
  }

  #call(event: Extract<SessionEvent, { type: "tool-call" }>): void {
    const call: Writable<TimelineToolCall> = {
      call_id: event.callId,
      name: event.name,
      arguments: event.arguments,
      result: null,
      dispatched_at_ms: Math.round(event.at),
      result_received_at_ms: null,
      duration_ms: null,
      is_error: null,
      timed_out: false,
    };
    const turn = this.#answering ?? this.#turns.at(-1);
    if (turn === undefined) return;
    turn.tool_calls.push(call);
    this.#fresh.add(turn);
    this.#calls.set(event.callId, { call, turn });
  }

  #result({ callId, at, output, isError, timedOut }: Extract<SessionEvent, { type: "tool-result" }>): void {
    const known = this.#calls.get(callId);
    if (known === undefined) return;
    this.#calls.delete(callId);
    const { call, turn } = known;
    this.#fresh.add(turn);
    call.result = output;
    call.is_error = isError;
    call.timed_out = timedOut;
    call.result_received_at_ms = Math.round(at);
    call.duration_ms = Math.round(at) - call.dispatched_at_ms;
  }

  #open(trigger: TimelineTrigger, item: string): Turn {
    const turn: Turn = {
      turn_id: (this.#turns.at(-1)?.turn_id ?? 0) + 1,
      item_id: item,
      status: "no_reply",
      trigger,
      requested_instructions: null,
      user_transcript: null,
      user_speech_started_at_ms: null,
      user_speech_ended_at_ms: null,
      user_confidence: null,
      agent_text: null,
      agent_reply_started_at_ms: null,
      agent_reply_ended_at_ms: null,
      interrupted_at_ms: null,
      time_to_first_audio_ms: null,
      tool_calls: [],
    };
    this.#turns.push(turn);
    this.#fresh.add(turn);
    if (this.#turns.length > maxTurns) this.#turns.shift();
    return turn;
  }
}
