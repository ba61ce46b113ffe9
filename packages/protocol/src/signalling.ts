/** The signalling contract: every message of the WebSocket `/rtc`, in both directions, as zod schemas and their types. */
import { z } from "zod";

/** Where the engine listens for signalling. */
export const signallingPath = "/rtc";

/** Largest message in bytes that either side sends. */
export const maxMessageBytes = 128 * 1024;

/** Why the engine closed the socket, beside the standard codes of RFC 6455. */
export const closeCodes = {
  /** The client asked to leave. */
  left: 1000,
  /** The engine shuts down. */
  goingAway: 1001,
  /** An `error` with `fatal: true` came before; the reason of the close frame is its code. */
  fatal: 4000,
  /** Somebody with the same session took the uid over. */
  takenOver: 4001,
} as const;

/** Agora's rule for channel names and string uids: letters, digits, space and these marks (RTC SDK reference, `joinChannel`). */
const namePattern = /^[a-zA-Z0-9 !#$%&()+\-:;<=.>?@[\]^_{}|~,]+$/;

/** Length in bytes equals length in characters, for the set is ASCII. */
export const ChannelName = z
  .string()
  .min(1)
  .max(64)
  .regex(namePattern, "only letters, digits, space and !#$%&()+-:;<=.>?@[]^_{}|~, are allowed");

/** Who someone is, as text: `1002` and `"1002"` are the same uid. */
export const Uid = z.string().min(1).max(255).regex(namePattern, "only letters, digits, space and !#$%&()+-:;<=.>?@[]^_{}|~, are allowed");

/** A uid as a client may write it: a 32-bit number or text. */
const UidInput = z.union([Uid, z.int().min(0).max(0xffff_ffff).transform(String)]);

/** RFC 8843 lets a mid be any token; browsers and libdatachannel use short ones. */
const Mid = z.string().min(1).max(32);

const Sdp = z
  .string()
  .min(1)
  .max(64 * 1024);

/** Chosen by the client, echoed in the answer. */
const OfferId = z.int().min(0).max(0xffff_ffff);

/** One packet of a data message: at most 1,024 bytes, as base64. */
const PacketData = z
  .string()
  .min(1)
  .max(1368)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/, "base64 is expected");

/** Most people one client can subscribe to. */
export const maxSubscriptions = 64;

/** What each m-line of an offer is for. */
export const OfferLine = z.union([
  z.object({ mid: Mid, publish: z.literal(true) }),
  z.object({ mid: Mid, subscribe: Uid }),
  /** A line that is not used any more. SDP cannot remove it. */
  z.object({ mid: Mid, unused: z.literal(true) }),
]);
export type OfferLine = z.infer<typeof OfferLine>;

/** First message of a client, due within five seconds. */
export const Join = z.object({
  type: z.literal("join"),
  appId: z.string().min(1).max(64),
  channel: ChannelName,
  /** Left out or 0: the uid that the token names, else one that the engine chooses. */
  uid: UidInput.default("0"),
  /** A 007 token for this channel and uid. Empty or the App ID where the project has tokens switched off. */
  token: z.string().max(4096).default(""),
  /** From an earlier `joined`: proves that this is the same person, and takes the uid over. */
  sessionId: z.string().min(1).max(64).optional(),
});

/** The client always offers. No trickle: candidates may be in the SDP, the engine learns the address from the first check. */
export const Offer = z.object({
  type: z.literal("offer"),
  id: OfferId,
  sdp: Sdp,
  plan: z.array(OfferLine).max(maxSubscriptions + 8),
});

/** The client's loudspeaker plays: the greeting may begin. */
export const Ready = z.object({ type: z.literal("ready") });

/** Whom this client wants to hear; `["*"]`, which is the default, means everybody. */
export const Subscribe = z.object({
  type: z.literal("subscribe"),
  uids: z.array(z.union([z.literal("*"), UidInput])).max(maxSubscriptions),
});

export const Mute = z.object({ type: z.literal("mute"), muted: z.boolean() });

/** A message to an agent, of a kind of section 8.6 of the REST contract; `body` is JSON text. */
export const MessageToAgent = z.object({
  type: z.literal("message"),
  to: UidInput,
  customType: z.string().min(1).max(64),
  body: z.string().max(32 * 1024),
});

/** One data packet of at most 1,024 bytes to everybody in the channel. */
export const ClientStreamMessage = z.object({ type: z.literal("stream-message"), data: PacketData });

/**
 * What the loudspeaker has played of `uid`, from `RTCRtpReceiver.getSynchronizationSources()[0]`: `rtpTimestamp` and
 * when it was played. `atMs` and `nowMs`, the moment of sending, are on one clock of the client's.
 */
export const PlayedReport = z.object({
  type: z.literal("played"),
  uid: UidInput,
  rtpTimestamp: z.int().min(0).max(0xffff_ffff),
  atMs: z.number().min(0).max(1e14),
  nowMs: z.number().min(0).max(1e14),
});

/** A new token for the same channel and uid, before the old one expires. */
export const Renew = z.object({ type: z.literal("renew"), token: z.string().min(1).max(4096) });

const Count = z.number().min(0).max(1e12);

/** What the browser measures, about once in five seconds; the engine shows it in its metrics. */
export const Stats = z.object({
  type: z.literal("stats"),
  rttMs: Count.optional(),
  packetsReceived: Count.optional(),
  packetsLost: Count.optional(),
  packetsSent: Count.optional(),
  jitterMs: Count.optional(),
  jitterBufferMs: Count.optional(),
  concealedMs: Count.optional(),
});

export const Leave = z.object({ type: z.literal("leave") });

export const ClientMessage = z.discriminatedUnion("type", [
  Join,
  Offer,
  Ready,
  Subscribe,
  Mute,
  MessageToAgent,
  ClientStreamMessage,
  PlayedReport,
  Renew,
  Stats,
  Leave,
]);
/** A client's message as the engine reads it, defaults filled in. */
export type ClientMessage = z.infer<typeof ClientMessage>;
/** A client's message as a client may write it. */
export type ClientMessageInput = z.input<typeof ClientMessage>;

/** Someone in the channel. */
export const User = z.object({
  uid: Uid,
  agent: z.boolean(),
  /** Their microphone, or their voice, can be subscribed to. */
  publishing: z.boolean(),
  muted: z.boolean(),
});
export type User = z.infer<typeof User>;

/** As `RTCPeerConnection` takes it. */
export const IceServer = z.object({
  urls: z.union([z.string(), z.array(z.string())]),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof IceServer>;

export const Joined = z.object({
  type: z.literal("joined"),
  appId: z.string(),
  channel: ChannelName,
  uid: Uid,
  /** A secret: whoever sends it in `join` takes the uid over. Keep it in sessionStorage. */
  sessionId: z.string(),
  /** Everybody else who is there. */
  users: z.array(User),
  iceServers: z.array(IceServer),
  /** Seconds until the token expires; null where there is none. */
  tokenExpiresInSeconds: z.number().nullable(),
});

export const Answer = z.object({ type: z.literal("answer"), id: OfferId, sdp: Sdp });

/** Please offer again: whom this client can hear has changed. `subscribe` lists who should have a line now. */
export const Negotiate = z.object({ type: z.literal("negotiate"), subscribe: z.array(Uid) });

export const UserJoined = z.object({ type: z.literal("user-joined"), ...User.shape });
export const UserLeft = z.object({
  type: z.literal("user-left"),
  uid: Uid,
  /** `left`: they said so; `vanished`: nothing came from them; `removed`: the engine ended it. */
  reason: z.enum(["left", "vanished", "removed"]),
});
export const UserPublished = z.object({ type: z.literal("user-published"), uid: Uid });
export const UserUnpublished = z.object({ type: z.literal("user-unpublished"), uid: Uid });
export const UserMuted = z.object({ type: z.literal("user-muted"), uid: Uid, muted: z.boolean() });

/** One packet of section 8.1 of the REST contract. */
export const ServerStreamMessage = z.object({ type: z.literal("stream-message"), uid: Uid, data: PacketData });

/** The agent `uid` was interrupted: send a `played` report now; nothing but silence follows what was sent. */
export const Flush = z.object({ type: z.literal("flush"), uid: Uid });

/**
 * Sent when the voice of the agent `uid` begins on a line: the sample with this RTP timestamp is at `ms` of the agent's
 * conversation, the axis of `start_ms` in its data messages. RTP counts 48 in a millisecond and wraps at 2³².
 */
export const VoiceTime = z.object({
  type: z.literal("voice-time"),
  uid: Uid,
  rtpTimestamp: z.int().min(0).max(0xffff_ffff),
  ms: z.number().min(0),
});

export const TokenWillExpire = z.object({ type: z.literal("token-will-expire"), inSeconds: z.number().min(0) });

/** The same session joined from elsewhere; this socket is closed. */
export const TakenOver = z.object({ type: z.literal("taken-over") });

export const SignallingError = z.object({
  type: z.literal("error"),
  /** From the table in docs/signalling.md. */
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  /** The socket is closed after it. */
  fatal: z.boolean(),
});

export const ServerMessage = z.discriminatedUnion("type", [
  Joined,
  Answer,
  Negotiate,
  UserJoined,
  UserLeft,
  UserPublished,
  UserUnpublished,
  UserMuted,
  ServerStreamMessage,
  Flush,
  VoiceTime,
  TokenWillExpire,
  TakenOver,
  SignallingError,
]);
export type ServerMessage = z.infer<typeof ServerMessage>;
