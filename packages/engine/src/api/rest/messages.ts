/** From what happened in a session to the data messages that clients of the REST contract read (its section 8.3): pure. */
import type { AgentMessage, TranscriptWord } from "@parley/protocol";
import type { Module, SessionEvent, SpokenWord } from "../../core/events.ts";

export interface MessagesOptions {
  readonly agentId: string;
  /** BCP 47. */
  readonly language: string;
  /** Captions of the agent carry words with their times. All of a call's captions or none: clients choose their mode by the first. */
  readonly words: boolean;
  readonly metrics: boolean;
  readonly errors: boolean;
  /** Unix milliseconds of session time 0. */
  readonly epochMs: number;
}

/** An agent's turn on its way to the clients. */
interface Spoken {
  /** Number of the next message of this turn. */
  sequence: number;
  /** All words so far, with their times. */
  words: TranscriptWord[];
  /** Session time of the first of them. */
  startMs: number;
}

interface Turn {
  readonly turnId: number;
  /** Session time at which it began. */
  readonly startMs: number;
  uid: string;
  /** The person's words were shown. */
  shown: boolean;
  spoken: Spoken | undefined;
  latencyMs: number | null;
  readonly segments: { name: string; latency: number }[];
}

/** Texts of the contract. */
const noTurn = { start: "No turns available for SOS labeling.", end: "No turns available for EOS labeling." };

/** The agent's stream; people's are their uids. They must differ, or clients mistake one for the other. */
const AGENT_STREAM = 0;

/** In place of a code that nobody publishes: the image is at fault. */
const PICTURE_REFUSED = 400;

/** Turns at most that are under way at once. */
const TURNS_KEPT = 16;

export class Messages {
  readonly #options: MessagesOptions;
  /** Turns that are under way: an answer may end after the next turn has begun. */
  readonly #turns = new Map<number, Turn>();
  #count = 0;

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  handle(event: SessionEvent): AgentMessage[] {
    switch (event.type) {
      case "user-joined":
        return [this.#salStatus(event.at)];
      case "turn-marked":
        return [this.#manualResult(event)];
      case "turn-overlong":
        return [this.#manualEnded(event)];
      // The agent's own turn goes on: a line or a number of another would only confuse who follows it.
      case "speech-ignored":
      case "echo-suspected":
      case "user-left":
      case "reply-begin":
      case "tool-call":
      case "tool-result":
      case "closed":
        return [];
      case "picture-taken":
        return [this.#pictureTaken(event)];
      case "picture-refused":
        return [this.#pictureRefused(event)];
      case "state":
        return [this.#state(event)];
      case "turn-start":
        this.#turn(event.turnId, event.at).uid = event.uid;
        return [];
      case "transcript":
        this.#turn(event.turnId, event.at).shown = true;
        return [this.#userTranscription(event, false)];
      case "turn-end": {
        this.#turn(event.turnId, event.at).uid = event.uid;
        return [this.#userTranscription(event, true)];
      }
      case "turn-dropped": {
        const shown = this.#turns.get(event.turnId)?.shown ?? false;
        this.#turns.delete(event.turnId);
        // What was shown turned out to be nothing: an empty final takes it back.
        return shown ? [this.#userTranscription({ ...event, text: "", startMs: event.at, endMs: event.at }, true)] : [];
      }
      case "reply-start":
        this.#turn(event.turnId, event.at).latencyMs = event.latencyMs;
        return [];
      case "reply-text": {
        const turn = this.#turn(event.turnId, event.at);
        const words = this.#timeWords(turn, event.at, event.words);
        return [this.#agentTranscription(turn, event.text, words, 0, event.at)];
      }
      case "reply-end":
        return this.#endReply(event);
      case "reply-interrupted":
        return this.#interruptReply(event);
      case "metric":
        return this.#metric(event);
      case "error": {
        if (!this.#options.errors) return [];
        const message = event.remedy === "" ? event.message : `${event.message} (${event.remedy})`;
        return [
          {
            object: "message.error",
            module: wireModule(event.module),
            code: event.code,
            message,
            turn_id: event.turnId,
            send_ts: this.#unix(event.at),
          },
        ];
      }
    }
  }

  #endReply({ at, turnId, text, playedMs }: Extract<SessionEvent, { type: "reply-end" }>): AgentMessage[] {
    const turn = this.#turn(turnId, at);
    const messages = text === "" ? [] : [this.#agentTranscription(turn, text, turn.spoken?.words.slice(-1) ?? [], 1, at - playedMs)];
    return [...messages, this.#finish(turn)];
  }

  #interruptReply({ at, turnId, heard, text }: Extract<SessionEvent, { type: "reply-interrupted" }>): AgentMessage[] {
    const turn = this.#turn(turnId, at);
    // Nothing had sounded: there is nothing to cut.
    if (turn.spoken === undefined || text === "") return [this.#finish(turn)];
    const firstUnheard = firstBehind(heard, turn.spoken.words);
    return [
      {
        object: "message.interrupt",
        message_id: this.#nextId(),
        data_type: "message",
        turn_id: turnId,
        start_ms: firstUnheard === undefined ? Math.round(at) : firstUnheard.start_ms - 1,
        send_ts: this.#unix(at),
      },
      this.#agentTranscription(turn, heard, turn.spoken.words.slice(-1), 2, at),
      this.#finish(turn),
    ];
  }

  #state({ at, state, turnId }: Extract<SessionEvent, { type: "state" }>): AgentMessage {
    const flags = { listening: state === "listening", thinking: state === "thinking", speaking: state === "speaking" };
    return { object: "message.state", state, ...flags, turn_id: turnId, send_ts: this.#unix(at) };
  }

  #manualResult({ at, mark, requestId, turn, refused }: Extract<SessionEvent, { type: "turn-marked" }>): AgentMessage {
    const payload = {
      success: refused === null,
      request_id: requestId,
      turn_id: turn,
      error_message: refused === null ? null : refused === "not-manual" ? "Current mode is not manual." : noTurn[mark],
    };
    const event = { event_id: this.#nextId(), event_ms: this.#unix(at), payload };
    return mark === "start"
      ? { object: "user.manual_sos.result", event_type: "user.manual_sos.result", ...event }
      : { object: "user.manual_eos.result", event_type: "user.manual_eos.result", ...event };
  }

  #manualEnded({ at, turnId, maxMs }: Extract<SessionEvent, { type: "turn-overlong" }>): AgentMessage {
    return {
      object: "assistant.manual_eos.result",
      event_type: "assistant.manual_eos.result",
      event_id: this.#nextId(),
      event_ms: this.#unix(at),
      payload: { reason: "max_duration", max_duration_ms: maxMs, turn_id: turnId },
    };
  }

  /** Nobody is known by their voice here. */
  #salStatus(at: number): AgentMessage {
    const now = this.#unix(at);
    return {
      object: "message.sal_status",
      status: "VP_DISABLED",
      timestamp: now,
      data_type: "message",
      message_id: this.#nextId(),
      send_ts: now,
    };
  }

  /** Clients show a receipt only of a turn whose number is not 0. */
  #pictureTaken({
    at,
    turnId,
    id,
    width,
    height,
    bytes,
    source,
    url,
    count,
  }: Extract<SessionEvent, { type: "picture-taken" }>): AgentMessage {
    const receipt = {
      uuid: id,
      width,
      height,
      size_bytes: bytes,
      source_type: source,
      source_value: url,
      upload_time: this.#unix(at),
      total_user_images: count,
    };
    return {
      object: "message.info",
      module: "context",
      resource_type: "picture",
      turn_id: Math.max(1, turnId),
      message: JSON.stringify(receipt),
      send_ts: this.#unix(at),
    };
  }

  /** Some clients know an image by `resource_type`, some by `module`. */
  #pictureRefused({ at, turnId, id, message }: Extract<SessionEvent, { type: "picture-refused" }>): AgentMessage {
    const failure = { module: "picture", resource_type: "picture", uuid: id, success: false, error: { code: PICTURE_REFUSED, message } };
    return {
      object: "message.error",
      module: "context",
      code: PICTURE_REFUSED,
      message: JSON.stringify(failure),
      turn_id: turnId,
      send_ts: this.#unix(at),
    };
  }

  #metric({ at, turnId, module, name, latencyMs }: Extract<SessionEvent, { type: "metric" }>): AgentMessage[] {
    const { segments } = this.#turn(turnId, at);
    if (module === "asr" && name === "ttlw") segments.push({ name: "asr_ttlw", latency: latencyMs });
    if (module === "llm" && name === "ttfb") segments.push({ name: "llm_ttft", latency: latencyMs });
    if (module === "llm" && name === "ttfs") {
      const first = segments.find((segment) => segment.name === "llm_ttft")?.latency ?? 0;
      segments.push({ name: "llm_ftfs", latency: Math.max(0, latencyMs - first) });
    }
    if (module === "llm" && name === "ttfa") segments.push({ name: "llm_ttfa", latency: latencyMs });
    if (module === "tts" && name === "ttfb") segments.push({ name: "tts_ttfb", latency: latencyMs });
    if (!this.#options.metrics) return [];
    return [{ object: "message.metrics", module, metric_name: name, turn_id: turnId, latency_ms: latencyMs, send_ts: this.#unix(at) }];
  }

  #turn(turnId: number, at: number): Turn {
    let turn = this.#turns.get(turnId);
    if (turn === undefined) {
      turn = { turnId, startMs: at, uid: "", shown: false, spoken: undefined, latencyMs: null, segments: [] };
      this.#turns.set(turnId, turn);
      // A turn that never came to an end.
      this.#turns.delete(turnId - TURNS_KEPT);
    }
    return turn;
  }

  #userTranscription(event: { turnId: number; uid: string; text: string; startMs: number; endMs: number }, final: boolean): AgentMessage {
    return {
      object: "user.transcription",
      text: event.text,
      start_ms: Math.round(event.startMs),
      duration_ms: Math.max(0, Math.round(event.endMs - event.startMs)),
      language: this.#options.language,
      turn_id: event.turnId,
      stream_id: streamOf(event.uid),
      user_id: event.uid,
      words: null,
      final,
    };
  }

  /** `words`: those that this message brings; clients leave word mode for good when a message has none. */
  #agentTranscription(turn: Turn, text: string, words: readonly TranscriptWord[], status: 0 | 1 | 2, at: number): AgentMessage {
    const spoken = this.#spoken(turn, at);
    const last = spoken.words.at(-1);
    spoken.sequence += 1;
    return {
      object: "assistant.transcription",
      text,
      start_ms: Math.round(spoken.startMs),
      duration_ms: last === undefined ? 0 : Math.max(0, Math.round(last.start_ms + last.duration_ms - spoken.startMs)),
      language: this.#options.language,
      turn_id: turn.turnId,
      turn_seq_id: spoken.sequence,
      stream_id: AGENT_STREAM,
      user_id: turn.uid,
      words: this.#options.words ? [...words] : null,
      quiet: false,
      turn_status: status,
    };
  }

  /** A clause's words as the wire wants them: joined with nothing between, no two of a turn at one instant. */
  #timeWords(turn: Turn, at: number, words: readonly SpokenWord[]): TranscriptWord[] {
    const spoken = this.#spoken(turn, words[0]?.startMs ?? at);
    const timed: TranscriptWord[] = [];
    for (const { text, startMs, endMs, isGlued = false } of words) {
      const before = spoken.words.at(-1);
      const start = Math.max(Math.round(startMs), before === undefined ? -Infinity : before.start_ms + 1);
      const word = {
        word: before === undefined || isGlued ? text : ` ${text}`,
        start_ms: start,
        duration_ms: Math.max(0, Math.round(endMs) - start),
        stable: true,
      };
      spoken.words.push(word);
      timed.push(word);
    }
    return timed;
  }

  #spoken(turn: Turn, startMs: number): Spoken {
    turn.spoken ??= { sequence: 0, words: [], startMs };
    return turn.spoken;
  }

  #finish(turn: Turn): AgentMessage {
    this.#turns.delete(turn.turnId);
    return {
      object: "turn.finished",
      payload: {
        turn_id: turn.turnId,
        agent_id: this.#options.agentId,
        start: { start_at: this.#unix(turn.startMs) },
        metrics: { e2e_latency_ms: turn.latencyMs === null ? null : Math.round(turn.latencyMs), segmented_latency_ms: turn.segments },
      },
    };
  }

  #nextId(): string {
    this.#count += 1;
    return `${this.#options.agentId}-${this.#count}`;
  }

  #unix(at: number): number {
    return Math.round(this.#options.epochMs + at);
  }
}

/** Clients drop modules that they do not know. */
function wireModule(module: Module): string {
  switch (module) {
    case "asr":
    case "llm":
    case "tts":
      return module;
    case "vad":
    case "transport":
    case "session":
      return "unknown";
  }
}

/** A uid that is a number is its own stream; text becomes a number that is never the agent's. */
function streamOf(uid: string): number {
  if (/^[1-9]\d{0,9}$/.test(uid)) return Number(uid);
  let hash = 0x811c9dc5; // FNV-1a, 32 bit
  for (const byte of Buffer.from(uid, "utf8")) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash === AGENT_STREAM ? 1 : hash;
}

/** The first of these words that stands behind the text; its signs are counted, since not every language has spaces between words. */
function firstBehind(text: string, words: readonly TranscriptWord[]): TranscriptWord | undefined {
  const signs = (part: string): number => part.replaceAll(/\s/gu, "").length;
  let left = signs(text);
  return words.find(({ word }) => {
    if (left <= 0) return true;
    left -= signs(word);
    return false;
  });
}
