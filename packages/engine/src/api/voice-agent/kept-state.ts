/** What is kept of a session so that another process can go on with it, and what of it may be kept where words may not. Pure. */
import { voiceAgent } from "@parley/protocol";
import { z } from "zod";
import type { Memory } from "../../core/history.ts";
import type { CutReply, Remembered, Snapshot } from "../../session/snapshot.ts";
import type { Configuration } from "./configuration.ts";
import type { ConfigChange, TimelineTurn } from "./session-log.ts";
import type { LifeSnapshot } from "./session-life.ts";
import type { PastTimeline, TimelineSnapshot } from "./timeline.ts";
import type { PastWire, WireEvent, WireSnapshot } from "./to-wire.ts";

/** What changes all the time. Times are session time in milliseconds where nothing else is said. */
export interface KeptState {
  /** Of this form; another cannot be read. */
  readonly version: 1;
  /** Unix milliseconds of session time 0, and of the session's begin. */
  readonly epochMs: number;
  readonly createdAt: number;
  readonly resumeToken: string;
  /** How it has ended if nobody goes on with it. */
  readonly ifNobodyComes: "error" | "client_disconnect" | "server_shutdown";
  readonly greeted: boolean;
  /** Replies that were begun. */
  readonly replies: number;
  /** Milliseconds of the user's audio. */
  readonly audioMs: number;
  readonly life: LifeSnapshot;
  readonly wire: WireSnapshot;
  readonly timeline: TimelineSnapshot;
  readonly session: Snapshot;
  /** What the user has said of a turn that is not over. */
  readonly partial: string;
  /** Events that the client has yet to be told. */
  readonly untold: readonly WireEvent[];
}

/** A session as it was kept. */
export interface KeptSession {
  readonly state: KeptState;
  readonly configuration: Configuration;
  readonly remembered: Remembered;
  readonly turns: readonly TimelineTurn[];
  readonly changes: readonly ConfigChange[];
}

const trigger = z.enum(["turn", "tool-result", "create", "greeting", "command", "silence"]);
const source = z.enum(["llm", "greeting", "command", "silence", "llm_failure"]);
const Arguments = z.record(z.string(), z.unknown());

const CutReply = z.object({
  number: z.number(),
  trigger,
  source,
  instructions: z.array(z.string()),
  callIds: z.array(z.string()),
  said: z.string(),
  saidMs: z.number(),
  rest: z.string(),
  whole: z.boolean(),
});

const SessionSnapshot = z.object({
  turn: z.number(),
  reply: CutReply.exactOptional(),
  tools: z.object({
    open: z.array(z.object({ callId: z.string(), turnId: z.number(), until: z.number() })),
    unanswered: z.array(z.object({ callIds: z.array(z.string()), closed: z.boolean() })),
    late: z.array(z.object({ callId: z.string(), name: z.string() })),
  }),
  wishes: z.array(z.string()),
});

const State: z.ZodType<KeptState> = z.object({
  version: z.literal(1),
  epochMs: z.number(),
  createdAt: z.number(),
  resumeToken: z.string(),
  ifNobodyComes: z.enum(["error", "client_disconnect", "server_shutdown"]),
  greeted: z.boolean(),
  replies: z.number(),
  audioMs: z.number(),
  life: z.object({ endsAt: z.number(), warned: z.boolean() }),
  wire: z.object({
    reply: z.object({ number: z.number(), id: z.string(), itemId: z.string(), told: z.number() }).nullable(),
    speaking: z.string().nullable(),
  }),
  timeline: z.object({ wishes: z.array(z.string()), asked: z.number().nullable(), answering: z.number().nullable() }),
  session: SessionSnapshot,
  partial: z.string(),
  untold: z.array(voiceAgent.ServerEvent),
});

const Said = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.string(),
  turnId: z.number(),
  uid: z.string().exactOptional(),
  source: z.enum(["asr", "message", ...source.options]),
  startMs: z.number(),
  endMs: z.number(),
  delayMs: z.number().exactOptional(),
  original: z.string().exactOptional(),
});

const MemoryFromJson: z.ZodType<Memory> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("said"), entry: Said }),
  z.object({ type: z.literal("note"), content: z.string() }),
  z.object({
    type: z.literal("tools"),
    uses: z.array(
      z.object({
        callId: z.string(),
        name: z.string(),
        arguments: Arguments,
        output: z.string().exactOptional(),
        isError: z.boolean().exactOptional(),
      }),
    ),
  }),
]);

const Call = z.object({
  call_id: z.string(),
  name: z.string(),
  arguments: Arguments,
  result: z.string().nullable(),
  dispatched_at_ms: z.number(),
  result_received_at_ms: z.number().nullable(),
  duration_ms: z.number().nullable(),
  is_error: z.boolean().nullable(),
  timed_out: z.boolean(),
});

const at = z.number().nullable();
const words = z.string().nullable();
const Turn: z.ZodType<TimelineTurn> = z.object({
  turn_id: z.number(),
  item_id: z.string(),
  status: z.enum(["completed", "interrupted", "no_reply"]),
  trigger: z.enum(["greeting", "user_speech", "tool_result", "reply_create"]),
  requested_instructions: words,
  user_transcript: words,
  user_speech_started_at_ms: at,
  user_speech_ended_at_ms: at,
  user_confidence: at,
  agent_text: words,
  agent_reply_started_at_ms: at,
  agent_reply_ended_at_ms: at,
  interrupted_at_ms: at,
  time_to_first_audio_ms: at,
  tool_calls: z.array(Call),
});

const Changes: z.ZodType<ConfigChange[]> = z.array(z.object({ at_ms: z.number(), config: voiceAgent.SessionEcho }));

/** Each throws where the text is not of this form. */
export const readState = (text: string): KeptState => State.parse(JSON.parse(text));
export const readConfiguration = (text: string): Configuration => voiceAgent.SessionSettings.parse(JSON.parse(text));
export const readMemory = (text: string): Memory => MemoryFromJson.parse(JSON.parse(text));
export const readTurn = (text: string): TimelineTurn => Turn.parse(JSON.parse(text));
export const readChanges = (text: string): ConfigChange[] => Changes.parse(JSON.parse(text));

/** An event as JSON: its time is that of its sending. */
export const writeState = (state: KeptState): string =>
  JSON.stringify({ ...state, untold: state.untold.map((event) => ({ ...event, timestamp: 0 })) });

/** `resumeReply`: a reply that was cut goes on. */
export function pastTimeline({ state, turns, changes }: KeptSession, resumeReply: boolean): PastTimeline {
  return { ...state.timeline, turns, changes, reply: resumeReply ? state.session.reply?.number : undefined };
}

export function pastWire({ wire, session: { reply } }: KeptState): PastWire {
  const own = reply !== undefined && reply.number === wire.reply?.number;
  return { ...wire, heard: own ? reply.said : "", heardMs: own ? reply.saidMs : 0 };
}

/** With the part of a reply that was heard before it was cut for good, at session time `at`. */
export function withHeard(
  { memories, from }: Remembered,
  { said, saidMs, rest, source }: CutReply,
  turnId: number,
  at: number,
): Remembered {
  if (said === "") return { memories, from };
  const times = { startMs: at - saidMs, endMs: at };
  const entry = { role: "assistant", content: said, original: `${said} ${rest}`.trim(), turnId, source, ...times } as const;
  return { memories: [...memories, { type: "said", entry }], from };
}

/** Nothing of what was said, or of what tools were asked and gave: a reply that is cut cannot go on. */
export function withoutWords(state: KeptState): KeptState {
  const { reply: _reply, ...session } = state.session;
  const untold = state.untold.filter(({ type }) => !tellsWords.has(type));
  const timeline = { ...state.timeline, wishes: [] };
  return { ...state, session: { ...session, wishes: [] }, timeline, untold, partial: "" };
}

const tellsWords: ReadonlySet<WireEvent["type"]> = new Set([
  "transcript.user",
  "transcript.user.delta",
  "transcript.agent",
  "transcript.agent.delta",
  "tool.call",
]);

/** Undefined: it is nothing but words. Calls stay, so that they can be answered. */
export function memoryWithoutWords(memory: Memory): Memory | undefined {
  if (memory.type !== "tools") return undefined;
  return {
    type: "tools",
    uses: memory.uses.map((use) => ({ ...use, arguments: {}, ...(use.output === undefined ? {} : { output: "" }) })),
  };
}
