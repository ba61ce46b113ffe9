/** What `parley bridge` prints while it runs: the conversation on stdout, the connection on stderr. */
import type { VoiceAgentEvent } from "@parley/voice-agent";
import type { SessionEvent } from "../../core/events.ts";
import type { BridgeNotice } from "../../bridge/core.ts";
import type { BridgePlan } from "./plan.ts";
import { notAgora, sessionHint } from "./remedy.ts";

/** What somebody who watches wants to know of the connection; undefined for what belongs to the conversation. */
export function connectionLine(event: VoiceAgentEvent, host: string): string | undefined {
  if (event.type === "session.ready") return `session ${event.session_id} with ${host}`;
  if (event.type === "session.error") return `${host}: ${event.code}: ${event.message} ${sessionHint(event.code)}`;
  if (event.type === "reconnecting")
    return `${host} is lost (${event.error.code}); attempt ${event.attempt} in ${Math.round(event.delayMs)} ms`;
  if (event.type === "resumed") return `session ${event.sessionId} goes on after ${Math.round(event.awayMs)} ms`;
  if (event.type === "restarted") return `the session could not be resumed: ${event.sessionId} begins anew`;
  if (event.type === "tool.call") return `tool ${event.name} is called`;
  if (event.type === "tool.result") return `tool ${event.name} ${event.is_error ? `failed: ${event.result}` : "has answered"}`;
  if (event.type === "closed") return `the session with ${host} has ended`;
  return undefined;
}

/** A finished line of the conversation. */
export function transcriptLine(event: SessionEvent): string | undefined {
  if (event.type === "turn-end") return `${event.uid === "" ? "user" : event.uid}: ${event.text}`;
  if (event.type === "reply-end" && event.text !== "") return `agent: ${event.text}`;
  if (event.type === "reply-interrupted" && event.text !== "") return `agent: ${event.heard} … (interrupted)`;
  return undefined;
}

export function noticeLine(notice: BridgeNotice, { channel, uid, engine }: BridgePlan): string {
  switch (notice.type) {
    case "alone":
      return (
        `alone in channel ${channel} for ${notice.seconds} s: nobody who is listened to is there. ` +
        `Join it as another uid than ${uid}, with the same App ID, at ${engine}. ${notAgora}`
      );
    case "voice-dropped":
      return "the endpoint has sent more than five minutes of its voice ahead: the rest is dropped";
  }
}
