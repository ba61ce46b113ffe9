/** What a Voice Agent session is made of. */
import type { Logger } from "pino";
import type { Project } from "../../projects/project.ts";
import type { ChosenLlm } from "../../session/agent-config.ts";
import type { Clock } from "../../session/clock.ts";
import type { Session } from "../../session/session.ts";
import type { WebSocketTransport } from "../../transports/websocket.ts";
import type { Llm } from "../../vendors/vendor.ts";
import type { Configuration, ConfigurationRules } from "./configuration.ts";
import type { MakeId } from "./ids.ts";
import type { KeptSession } from "./kept-state.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import type { SessionLimits } from "./session-life.ts";
import type { CloseReason, SessionLog } from "./session-log.ts";
import type { Offer } from "./to-config.ts";
import type { VoiceSession } from "./voice-session.ts";

export interface VoiceSessionParts {
  readonly id: string;
  readonly project: Project;
  readonly configuration: Configuration;
  readonly session: Session;
  readonly transport: WebSocketTransport;
  /** The session's. */
  readonly clock: Clock;
  readonly offer: Offer;
  readonly rules: ConfigurationRules;
  readonly limits: SessionLimits;
  /** After a lost socket the reply goes on; false: it is cut. */
  readonly resumeReply: boolean;
  /** What a noise has cut off is said after all. */
  readonly resumeFalseInterruption: boolean;
  readonly legacyArgs: boolean;
  readonly openLlm: (chosen: ChosenLlm) => Llm;
  readonly makeId: MakeId;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  readonly sessionLog: SessionLog;
  /** Lays down what it takes to go on elsewhere; absent: nothing is. */
  readonly keeper?: SessionKeeper;
  /** What another process has laid down: the session goes on from there. */
  readonly kept?: KeptSession;
  /** It has ended; its conversation may still be closing. Undefined: it goes on in another engine. */
  readonly onEnded: (session: VoiceSession, reason: CloseReason | undefined) => void;
}
