/** How people's audio and messages get in and out: an RTC channel, a WebSocket, later LiveKit and phone lines. */
import type { Frame, VoiceFrame } from "../core/frame.ts";
import type { Clock } from "../session/clock.ts";

export interface TransportCaps {
  /** Rate that `write` expects, in hertz. */
  readonly sampleRate: number;
  /** How early a voice frame may be written, in milliseconds: 0 for a channel, 200 to 400 for a WebSocket. */
  readonly leadMs: number;
  /** Each person's audio arrives by itself, under its uid. */
  readonly perUserAudio: boolean;
  /** Clients report what they have played. */
  readonly playoutReports: boolean;
  /** `send` reaches someone. */
  readonly messages: boolean;
}

/** What has been heard of the agent: audio whose `VoiceFrame.at` lies before `until` has been at the ear. */
export interface Played {
  readonly until: number;
  readonly source: "client" | "mark" | "rtcp" | "estimate";
  /** How wrong `until` may be, in milliseconds. */
  readonly errorMs: number;
}

export type TransportEvent =
  /** Someone the agent listens to is there. `ready`: their loudspeaker plays, the greeting may begin. */
  | { type: "user-joined"; at: number; uid: string }
  | { type: "user-ready"; at: number; uid: string }
  | { type: "user-left"; at: number; uid: string }
  /** A message from a client, of the kinds of section 8.6 of the REST contract (`customType`), body as JSON text. */
  | { type: "message"; at: number; uid: string; customType: string; body: string }
  /** Nobody is at the other end for now: what the agent says has to wait. */
  | { type: "detached"; at: number }
  /** Somebody is there again. Frames that were due before `until` had arrived. */
  | { type: "attached"; at: number; until: number }
  /** The transport is gone for good and says why; nothing follows. */
  | { type: "closed"; at: number; reason: string };

export interface Transport extends AsyncDisposable {
  readonly caps: TransportCaps;
  /** People's audio, 20 ms each, in continuous time per uid: holes filled and flagged. Ends when the transport closes. */
  readonly frames: AsyncIterable<Frame>;
  /** Comings, goings and messages. People who are already there come first. Ends when the transport closes. */
  readonly events: AsyncIterable<TransportEvent>;
  /**
   * One frame of the agent's voice, due at `frame.at`. Without `caps.leadMs` every 20 ms, silence included; with it
   * inside replies alone, and up to `leadMs` early. Never blocks; a closed transport ignores it.
   */
  write(frame: VoiceFrame): void;
  /** Drops what lies below (5 ms fade, then silence) and tells the clients; resolves with what was heard. */
  flush(): Promise<Played>;
  played(): Played;
  /** A data message to one uid or to everybody. */
  send(to: string, data: Uint8Array): void;
}

/** Opens a transport on the session's clock; aborting the signal closes it. */
export type OpenTransport = (clock: Clock, signal: AbortSignal) => Promise<Transport>;
