/** What another process needs to go on with a session, and taking it up there. Its configuration is kept by whoever made it. */
import type { ReplySource, ReplyTrigger } from "../core/events.ts";
import type { History, Memory } from "../core/history.ts";
import type { Agenda } from "./agenda.ts";
import type { Mind } from "./mind.ts";
import type { Mouth } from "./mouth.ts";
import type { Reply, ReplyRest } from "./reply.ts";
import type { Tools, ToolsSnapshot } from "./tools.ts";

/** A reply that has the floor. */
export interface CutReply extends ReplyRest {
  readonly number: number;
  readonly trigger: ReplyTrigger;
  readonly source: ReplySource;
  readonly instructions: readonly string[];
  /** The calls that it has made. */
  readonly callIds: readonly string[];
}

/** JSON, but for what is remembered, which grows and is told apart. */
export interface Snapshot {
  /** Number of the newest turn. */
  readonly turn: number;
  readonly reply?: CutReply;
  readonly tools: ToolsSnapshot;
  /** Instructions of answers that are still to be given. */
  readonly wishes: readonly string[];
}

/** Where memories stand among all that there ever were. */
export interface Remembered {
  readonly memories: readonly Memory[];
  /** The number of the first of them. */
  readonly from: number;
}

interface Live {
  readonly history: History;
  readonly tools: Tools;
  readonly mouth: Mouth;
  readonly agenda: Agenda;
}

/** `until`: session time up to which the agent's voice was heard. */
export function takeSnapshot({ tools, mouth, agenda }: Omit<Live, "history">, turn: number, until: number): Snapshot {
  const { reply } = mouth;
  return {
    turn,
    ...(reply === undefined ? {} : { reply: cut(reply, until) }),
    tools: tools.snapshot(),
    wishes: [...agenda.wishes],
  };
}

/** Before anything has happened in the session. `say`: takes the floor. */
export function takeUp(
  { reply, tools: calls, wishes }: Snapshot,
  { memories, from }: Remembered,
  { history, tools, mind, agenda, say }: Omit<Live, "mouth"> & { readonly mind: Mind; readonly say: (reply: () => Reply) => void },
): void {
  history.takeUp(memories, from);
  tools.takeUp(calls);
  if (reply !== undefined) say(() => mind.goOn(reply));
  tools.failInterrupted();
  for (const wish of wishes) agenda.wish(wish);
  agenda.next();
}

function cut(reply: Reply, until: number): CutReply {
  const { number, trigger, source, instructions, batch } = reply;
  return { number, trigger, source, instructions, callIds: (batch?.uses ?? []).map(({ callId }) => callId), ...reply.restAt(until) };
}
