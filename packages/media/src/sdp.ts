/** Session descriptions: what we need of the other side's, checked, and ours, written. Audio only, one bundled transport. */
import { isIP } from "node:net";

import { parse } from "sdp-transform";
import type { MediaDescription, SessionDescription } from "sdp-transform";

import { SdpError } from "./peer.ts";
import type { Direction, MediaCodecs } from "./peer.ts";

/** Room for {@link MAX_MEDIA} m-lines of a browser, at 1.6 kB each. */
const MAX_SDP_CHARACTERS = 256 * 1024;
const MAX_MEDIA = 96;
const MAX_CANDIDATES = 32;
const MAX_SSRCS = 8;
const AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

export type Setup = "actpass" | "active" | "passive";

/** What ICE and DTLS of one side need to know of the other's. */
export interface TransportParameters {
  readonly ufrag: string;
  readonly password: string;
  readonly fingerprint: string;
  readonly setup: Setup;
  /** Without `a=`, UDP only: `candidate:1 1 UDP 2122317823 192.0.2.1 50000 typ host`. */
  readonly candidates: readonly string[];
  /** It is Firefox, which pairs none of its addresses with one of the loopback interface, its own machine's included. */
  readonly shunsLoopback: boolean;
}

/** One m-line of the other side. */
export interface RemoteMedia {
  /** Kind, protocol and formats as they stand: an m-line that is refused repeats them. */
  readonly kind: string;
  readonly protocol: string;
  readonly formats: string;
  readonly mid: string;
  /** We can take part in it: audio, Opus, bundled, not stopped by the other side. */
  readonly usable: boolean;
  /** As the other side sees it. */
  readonly direction: Direction;
  readonly opus: number;
  readonly red: number | null;
  readonly audioLevelId: number | null;
  /** What the other side sends with. */
  readonly ssrcs: readonly number[];
}

export interface RemoteDescription {
  readonly transport: TransportParameters;
  readonly media: readonly RemoteMedia[];
}

/** Reads an offer or answer; throws {@link SdpError} that says what is wrong with it. */
export function readSdp(sdp: string): RemoteDescription {
  if (sdp.length > MAX_SDP_CHARACTERS) throw new SdpError(`The SDP has ${sdp.length} characters; ${MAX_SDP_CHARACTERS} is the most`);
  if (!sdp.startsWith("v=0")) throw new SdpError(`An SDP begins with v=0, not with ${JSON.stringify(sdp.slice(0, 12))}`);
  const session = parse(sdp);
  if (session.media.length === 0) throw new SdpError("The SDP has no m-line");
  if (session.media.length > MAX_MEDIA)
    throw new SdpError(`The SDP has ${session.media.length} m-lines; ${MAX_MEDIA} is the most: use those again that are inactive`);
  const bundle = bundled(session);
  const media = session.media.map((line, index) => readMedia(line, index, bundle));
  const mids = new Set<string>();
  for (const { mid } of media) {
    if (mids.has(mid)) throw new SdpError(`Two m-lines have a=mid:${mid}`);
    mids.add(mid);
  }
  const usable = session.media.filter((_, index) => media[index]?.usable === true);
  if (usable.length === 0) throw new SdpError("No m-line is audio with Opus over UDP/TLS/RTP/SAVPF");
  for (const line of usable) {
    if (line.rtcpMux === undefined) throw new SdpError(`The m-line ${text(line.mid)} lacks a=rtcp-mux`);
  }
  return { transport: readTransport(session, usable), media };
}

function bundled(session: SessionDescription): ReadonlySet<string> {
  const group = session.groups?.find(({ type }) => type === "BUNDLE");
  const mids = group === undefined ? [] : text(group.mids).trim().split(/\s+/);
  const only = session.media[0];
  if (group === undefined && session.media.length === 1 && only?.mid !== undefined) mids.push(text(only.mid));
  return new Set(mids);
}

function readMedia(line: MediaDescription, index: number, bundle: ReadonlySet<string>): RemoteMedia {
  const name = `m-line ${index + 1}`;
  const kind = matching(line.type, /^[a-z]{1,16}$/, `the kind of ${name}`);
  const protocol = matching(line.protocol, /^[A-Za-z0-9/.-]{1,32}$/, `the protocol of ${name}`);
  const formats = matching(line.payloads, /^[\w. +-]{1,512}$/, `the formats of ${name}`);
  const mid = matching(line.mid, /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}$/, `a=mid of ${name}`);
  // Port 0 says that the m-line is over, except for one that waits to be bundled (RFC 8843, 6).
  const stopped = line.port === 0 && line.bundleOnly === undefined;
  const opus = payloadType(line, ({ codec, rate }) => /^opus$/i.test(codec) && rate === 48_000);
  const around = new RegExp(`^${opus}(/${opus})*$`);
  const redFormat = payloadType(line, ({ codec, rate, payload }) => {
    // Browsers name the codec inside in a=fmtp; a RED around something else is of no use here.
    const inside = line.fmtp.find((entry) => entry.payload === payload)?.config;
    return /^red$/i.test(codec) && rate === 48_000 && (inside === undefined || around.test(text(inside)));
  });
  const level = line.ext?.find(({ uri, direction }) => uri === AUDIO_LEVEL_URI && direction === undefined)?.value;
  const ssrcs = new Set((line.ssrcs ?? []).map(({ id }) => id).filter((id) => Number.isInteger(id) && id > 0 && id <= 0xffff_ffff));
  return {
    kind,
    protocol,
    formats,
    mid,
    usable: !stopped && kind === "audio" && protocol === "UDP/TLS/RTP/SAVPF" && opus !== null && bundle.has(mid),
    direction: line.direction ?? "sendrecv",
    opus: opus ?? 0,
    red: redFormat,
    audioLevelId: level !== undefined && Number.isInteger(level) && level >= 1 && level <= 14 ? level : null,
    ssrcs: [...ssrcs].slice(0, MAX_SSRCS),
  };
}

function payloadType(
  line: MediaDescription,
  wanted: (format: { payload: number; codec: string; rate?: number }) => boolean,
): number | null {
  const listed = new Set(text(line.payloads).trim().split(/\s+/));
  const format = line.rtp.find((entry) => listed.has(text(entry.payload)) && wanted({ ...entry, codec: text(entry.codec) }));
  return format !== undefined && Number.isInteger(format.payload) && format.payload >= 0 && format.payload <= 127 ? format.payload : null;
}

function readTransport(session: SessionDescription, usable: readonly MediaDescription[]): TransportParameters {
  // The bundle's transport is described by its first m-line, or for all of them above.
  const sources = [...usable, session];
  const fingerprint = sources.find((source) => source.fingerprint !== undefined)?.fingerprint;
  const setup = sources.find((source) => source.setup !== undefined)?.setup ?? "actpass";
  if (setup !== "actpass" && setup !== "active" && setup !== "passive")
    throw new SdpError(`a=setup:${text(setup)} is not actpass, active or passive`);
  if (fingerprint === undefined) throw new SdpError("The SDP lacks a=fingerprint: media without DTLS is not taken");
  const hash = matching(fingerprint.type, /^sha-(1|224|256|384|512)$/i, "the hash of a=fingerprint");
  const value = matching(fingerprint.hash, /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}$/, "a=fingerprint");
  const bytes = { "sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64 }[hash.toLowerCase()];
  if (value.split(":").length !== bytes)
    throw new SdpError(`a=fingerprint:${hash} has ${value.split(":").length} bytes in place of ${String(bytes)}`);
  return {
    ufrag: matching(sources.find((source) => source.iceUfrag !== undefined)?.iceUfrag, /^[A-Za-z0-9+/]{4,256}$/, "a=ice-ufrag"),
    password: matching(sources.find((source) => source.icePwd !== undefined)?.icePwd, /^[A-Za-z0-9+/]{22,256}$/, "a=ice-pwd"),
    fingerprint: `${hash.toLowerCase()} ${value.toUpperCase()}`,
    setup,
    candidates: usable.flatMap(readCandidates).slice(0, MAX_CANDIDATES),
    shunsLoopback: text(session.origin?.username).startsWith("mozilla"),
  };
}

/** UDP candidates with an IP address; `.local` names would be looked up, and the others find us without them. */
function readCandidates(line: MediaDescription): string[] {
  return (line.candidates ?? [])
    .filter(
      ({ component, transport, ip, port, priority, type }) =>
        component === 1 &&
        /^udp$/i.test(text(transport)) &&
        isIP(text(ip)) !== 0 &&
        Number.isInteger(port) &&
        port > 0 &&
        port <= 0xffff &&
        Number.isInteger(priority) &&
        priority > 0 &&
        priority <= 0x7fff_ffff &&
        /^(host|srflx|prflx|relay)$/.test(text(type)),
    )
    .map(
      ({ ip, port, priority, type }, index) =>
        `candidate:${index + 1} 1 UDP ${priority} ${ip} ${port} typ ${type}${type === "host" ? "" : " raddr 0.0.0.0 rport 9"}`,
    );
}

function matching(value: unknown, pattern: RegExp, what: string): string {
  if (value === undefined) throw new SdpError(`The SDP lacks ${what}`);
  const found = text(value);
  if (!pattern.test(found)) throw new SdpError(`${JSON.stringify(found.slice(0, 64))} is not possible as ${what}`);
  return found;
}

/** The parser makes a number of whatever looks like one, and its types do not say so. */
function text(value: unknown): string {
  return typeof value === "number" ? String(value) : typeof value === "string" ? value : "";
}

/** What we send on an m-line: the SSRC, and the stream that the other side shall see. */
export interface LocalSource {
  readonly ssrc: number;
  readonly streamId: string;
}

/** One m-line of ours. */
export type LocalMedia =
  | { readonly type: "agreed"; readonly codecs: MediaCodecs; readonly source: LocalSource | null }
  /** Answered with port 0. */
  | { readonly type: "refused"; readonly media: RemoteMedia };

/** Identity of our descriptions within a connection: the version counts up with each. */
export interface SessionIdentity {
  readonly id: string;
  readonly version: number;
}

/** Writes our offer or answer. */
export function writeSdp(identity: SessionIdentity, transport: TransportParameters, media: readonly LocalMedia[]): string {
  const agreed = media.flatMap((line) => (line.type === "agreed" ? [line.codecs.mid] : []));
  const lines = [
    "v=0",
    `o=parley ${identity.id} ${identity.version} IN IP4 127.0.0.1`,
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${agreed.join(" ")}`,
    "a=msid-semantic: WMS *",
    ...media.flatMap((line) =>
      line.type === "refused"
        ? [
            `m=${line.media.kind} 0 ${line.media.protocol} ${line.media.formats}`,
            "c=IN IP4 0.0.0.0",
            "a=inactive",
            `a=mid:${line.media.mid}`,
          ]
        : mediaLines(line.codecs, line.source, transport, line.codecs.mid === agreed[0]),
    ),
  ];
  return `${lines.join("\r\n")}\r\n`;
}

function mediaLines(codecs: MediaCodecs, source: LocalSource | null, transport: TransportParameters, first: boolean): string[] {
  const { opus, red, audioLevelId } = codecs;
  const lines = [
    `m=audio 9 UDP/TLS/RTP/SAVPF ${red === null ? opus : `${opus} ${red}`}`,
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    `a=ice-ufrag:${transport.ufrag}`,
    `a=ice-pwd:${transport.password}`,
    "a=ice-options:trickle",
    `a=fingerprint:${transport.fingerprint}`,
    `a=setup:${transport.setup}`,
    `a=mid:${codecs.mid}`,
    `a=${codecs.direction}`,
    "a=rtcp-mux",
    `a=rtpmap:${opus} opus/48000/2`,
    `a=fmtp:${opus} minptime=10;useinbandfec=1`,
  ];
  if (red !== null) lines.push(`a=rtpmap:${red} red/48000/2`, `a=fmtp:${red} ${opus}/${opus}`);
  if (audioLevelId !== null) lines.push(`a=extmap:${audioLevelId} ${AUDIO_LEVEL_URI}`);
  lines.push("a=ptime:20", "a=maxptime:60");
  if (source !== null) {
    const stream = encodeURIComponent(source.streamId);
    const track = `${stream}-${codecs.mid}`;
    // The CNAME is the stream's: the browser keeps streams of one CNAME in step, and two people have nothing to keep.
    lines.push(`a=msid:${stream} ${track}`, `a=ssrc:${source.ssrc} cname:${stream}`, `a=ssrc:${source.ssrc} msid:${stream} ${track}`);
  }
  if (first) lines.push(...transport.candidates.map((candidate) => `a=${candidate}`), "a=end-of-candidates");
  return lines;
}

/**
 * The description that the library below is given: the other side's transport, and one m-line that stands for all,
 * since the library then hands over every packet. Nothing of the other side's text gets through unchecked.
 */
export function transportSdp(transport: TransportParameters): string {
  const lines = [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${TRANSPORT_MID}`,
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 0.0.0.0",
    `a=mid:${TRANSPORT_MID}`,
    "a=sendrecv",
    "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2",
    `a=ice-ufrag:${transport.ufrag}`,
    `a=ice-pwd:${transport.password}`,
    "a=ice-options:trickle",
    `a=fingerprint:${transport.fingerprint}`,
    `a=setup:${transport.setup}`,
    ...transport.candidates.map((candidate) => `a=${candidate}`),
  ];
  return `${lines.join("\r\n")}\r\n`;
}

/** The one m-line of {@link transportSdp}. */
export const TRANSPORT_MID = "media";
/** The audio level's id in our own offers. */
export const OUR_AUDIO_LEVEL_ID = 1;
/** Payload types in our own offers: those of Chromium. */
export const OUR_OPUS = 111;
export const OUR_RED = 63;

/** The other side's view of a direction. */
export function reverse(direction: Direction): Direction {
  if (direction === "sendonly") return "recvonly";
  return direction === "recvonly" ? "sendonly" : direction;
}

export function sends(direction: Direction): boolean {
  return direction === "sendrecv" || direction === "sendonly";
}

export function receives(direction: Direction): boolean {
  return direction === "sendrecv" || direction === "recvonly";
}

/** What two sides that want something each can agree on, both seen from the same side. */
export function intersect(ours: Direction, allowed: Direction): Direction {
  const send = sends(ours) && sends(allowed);
  const receive = receives(ours) && receives(allowed);
  if (send) return receive ? "sendrecv" : "sendonly";
  return receive ? "recvonly" : "inactive";
}
