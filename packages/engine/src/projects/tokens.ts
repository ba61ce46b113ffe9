/** Agora's AccessToken2, version 007: reads, checks and builds tokens (section 9 of the REST contract). */
import { createHmac, randomInt, timingSafeEqual } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";
import { AppError } from "../errors.ts";

/** Length that no token with two services reaches. */
const maxTokenLength = 4096;

/** What a token may inflate to, in bytes: a bomb of 4 KB would come to 4 MB. */
const maxInflated = 16 * 1024;

/** How far ahead of ours the clock of a token's maker may be, in seconds. */
const maxSkewS = 600;

const serviceTypes = { rtc: 1, rtm: 2, rtm2: 8 } as const;

/** Strings after the privileges of each service type; the remaining types end what can be read. */
const stringsOf: Readonly<Record<number, number>> = { 1: 2, 2: 1, 3: 2, 4: 0, 5: 1, 6: 2, 9: 0, 10: 0 };

/** Privileges of the RTC service. */
const privileges = { join: 1, publishAudio: 2, publishVideo: 3, publishData: 4 } as const;
type Privilege = keyof typeof privileges;

interface Service {
  readonly type: number;
  /** Seconds after the token's issue; 0: as long as the token. */
  readonly privileges: ReadonlyMap<number, number>;
  readonly strings: readonly string[];
}

/** What a token says. Nothing of it is proven before {@link verifyToken}. */
export interface AccessToken {
  readonly appId: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds after `issuedAt`. */
  readonly expire: number;
  readonly salt: number;
  readonly services: readonly Service[];
  readonly signature: Buffer;
  /** The bytes that the signature covers. */
  readonly signed: Buffer;
}

/** The project that a token must come from. */
export interface TokenProject {
  readonly appId: string;
  readonly certificate: string;
}

/** What a verified RTC token allows in one channel; times in milliseconds since 1970. */
export interface ChannelGrant {
  /** The uid that the token names; undefined: any. */
  readonly uid: string | undefined;
  /** When the right to be in the channel ends. */
  readonly expiresAt: number;
  /** Until when audio may be published; 0: never. */
  readonly publishUntil: number;
  /** Until when data messages may be sent; 0: never. */
  readonly dataUntil: number;
}

/** Reads a token without checking its signature. Throws `token-malformed`. */
export function parseToken(token: string): AccessToken {
  if (token.length > maxTokenLength) throw malformed(`it has ${token.length} characters, at most ${maxTokenLength} are read`);
  if (token.startsWith("006")) throw malformed("it begins with 006: tokens of that version are not accepted, 007 is expected");
  if (!token.startsWith("007")) throw malformed("it does not begin with 007");
  const base64 = token.slice(3);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw malformed("what follows 007 is not base64");
  const reader = new Reader(inflate(base64));
  const signature = reader.bytes();
  const signed = reader.rest();
  const appId = reader.string();
  const issuedAt = reader.u32();
  const expire = reader.u32();
  const salt = reader.u32();
  return { appId, issuedAt, expire, salt, services: readServices(reader), signature, signed };
}

/**
 * Reads a token and checks App ID, signature and times. `now` in milliseconds since 1970.
 * Throws `token-malformed`, `token-foreign` or `token-expired`.
 */
export function verifyToken(text: string, project: TokenProject, now: number): AccessToken {
  const token = parseToken(text);
  if (token.appId !== project.appId) {
    throw new AppError("token-foreign", `The token belongs to App ID ${printable(token.appId)}, this is project ${project.appId}.`);
  }
  const expected = sign(project.certificate, token.issuedAt, token.salt, token.signed);
  if (token.signature.length !== expected.length || !timingSafeEqual(token.signature, expected)) {
    throw new AppError("token-foreign", `The token for App ID ${token.appId} is not signed with this project's certificate.`);
  }
  const expiresAt = (token.issuedAt + token.expire) * 1000;
  if (now >= expiresAt) throw expired("The token", expiresAt, now);
  if (token.issuedAt * 1000 > now + maxSkewS * 1000) {
    const ahead = Math.round(token.issuedAt - now / 1000);
    throw new AppError(
      "token-expired",
      `The token was issued ${ahead} s in the future (${iso(token.issuedAt * 1000)}): the clock of its maker or of this machine is wrong.`,
    );
  }
  return token;
}

/**
 * Checks that a token lets someone be in `channel` as `uid`, and says what else it allows. `uid` undefined: whoever
 * the token names. Throws the errors of {@link verifyToken}, `token-mismatch` and `token-privilege`.
 */
export function verifyChannelToken(
  text: string,
  project: TokenProject,
  wanted: { readonly channel: string; readonly uid: string | undefined; readonly needs?: readonly Privilege[] },
  now: number,
): ChannelGrant {
  const token = verifyToken(text, project, now);
  const service = rtcService(token, wanted.channel, wanted.uid);
  const until = (privilege: Privilege): number => privilegeEnd(token, service, privileges[privilege]);
  for (const privilege of new Set<Privilege>(["join", ...(wanted.needs ?? [])])) {
    const end = until(privilege);
    if (end === 0) {
      throw new AppError(
        "token-privilege",
        `The token for channel ${quote(wanted.channel)} lacks the privilege ${privileges[privilege]} (${privilege}).`,
      );
    }
    if (now >= end) throw expired(`The token's privilege ${privileges[privilege]} (${privilege})`, end, now);
  }
  const uid = service.strings[1] ?? "";
  return {
    uid: uid === "" ? undefined : uid,
    expiresAt: until("join"),
    publishUntil: until("publishAudio"),
    dataUntil: until("publishData"),
  };
}

/** Checks that a token lets `userId` log in to RTM. Throws as {@link verifyChannelToken}. */
export function verifyRtmToken(text: string, project: TokenProject, userId: string, now: number): void {
  const token = verifyToken(text, project, now);
  const services = token.services.filter(({ type }) => type === serviceTypes.rtm || type === serviceTypes.rtm2);
  if (services.length === 0) throw new AppError("token-privilege", "The token holds no RTM service (type 2 or 8).");
  const service = services.find(({ strings }) => strings[0] === userId);
  if (service === undefined) {
    throw new AppError(
      "token-mismatch",
      `The token's RTM service is for user ${listed(services.map(({ strings }) => strings[0] ?? ""))}, not for ${quote(userId)}.`,
    );
  }
  const end = privilegeEnd(token, service, 1);
  if (end === 0) throw new AppError("token-privilege", `The token's RTM service for ${quote(userId)} lacks the privilege 1 (login).`);
  if (now >= end) throw expired("The token's privilege 1 (RTM login)", end, now);
}

export interface TokenOptions extends TokenProject {
  readonly channel: string;
  /** Empty or 0: any uid. */
  readonly uid: string;
  /** Lifetime from `now`, in seconds. */
  readonly expireSeconds: number;
  /** False: the token lets its holder listen only. Default true. */
  readonly publish?: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A token for one channel and uid, with RTM login for the same uid if it names one. */
export function buildToken(options: TokenOptions): string {
  for (const [name, value] of [
    ["App ID", options.appId],
    ["App certificate", options.certificate],
  ] as const) {
    if (!/^[0-9a-fA-F]{32}$/.test(value))
      throw new RangeError(`${name} of ${value.length} characters: 32 hexadecimal digits are needed to build a token`);
  }
  const uid = options.uid === "0" ? "" : options.uid;
  const granted = options.publish === false ? [privileges.join] : Object.values(privileges);
  const services = [
    Buffer.concat([
      service(serviceTypes.rtc, new Map(granted.map((id) => [id, options.expireSeconds]))),
      string(options.channel),
      string(uid),
    ]),
  ];
  if (uid !== "") services.push(Buffer.concat([service(serviceTypes.rtm, new Map([[1, options.expireSeconds]])), string(uid)]));
  const issuedAt = Math.floor(options.now / 1000);
  const salt = randomInt(1, 99_999_999);
  const head = [string(options.appId), u32(issuedAt), u32(options.expireSeconds), u32(salt), u16(services.length)];
  const signed = Buffer.concat([...head, ...services]);
  const signature = sign(options.certificate, issuedAt, salt, signed);
  return `007${deflateSync(Buffer.concat([u16(signature.length), signature, signed])).toString("base64")}`;
}

function rtcService(token: AccessToken, channel: string, uid: string | undefined): Service {
  const services = token.services.filter(({ type }) => type === serviceTypes.rtc);
  if (services.length === 0) throw new AppError("token-privilege", "The token holds no RTC service (type 1).");
  const here = services.filter(({ strings }) => strings[0] === channel);
  if (here.length === 0) {
    throw new AppError(
      "token-mismatch",
      `The token is for channel ${listed(services.map(({ strings }) => strings[0] ?? ""))}, not for ${quote(channel)}.`,
    );
  }
  const found = here.find(({ strings }) => uid === undefined || strings[1] === uid) ?? here.find(({ strings }) => strings[1] === "");
  if (found === undefined) {
    throw new AppError(
      "token-mismatch",
      `The token for channel ${quote(channel)} is for uid ${listed(here.map(({ strings }) => strings[1] ?? ""))}, not for ${quote(uid ?? "")}.`,
    );
  }
  return found;
}

/** When a privilege ends, in milliseconds since 1970; 0: not granted. The token's own end comes first. */
function privilegeEnd(token: AccessToken, { privileges: granted }: Service, privilege: number): number {
  const seconds = granted.get(privilege);
  if (seconds === undefined) return 0;
  return (token.issuedAt + (seconds === 0 ? token.expire : Math.min(seconds, token.expire))) * 1000;
}

function inflate(base64: string): Buffer {
  try {
    return inflateSync(Buffer.from(base64, "base64"), { maxOutputLength: maxInflated });
  } catch (error) {
    throw malformed("what follows 007 is not zlib data of a token's size", error);
  }
}

function readServices(reader: Reader): Service[] {
  const services: Service[] = [];
  for (let left = reader.u16(); left > 0; left--) {
    const type = reader.u16();
    const granted = new Map<number, number>();
    const known = stringsOf[type] ?? (type === serviceTypes.rtm2 ? 1 : undefined);
    // How long a service of an unknown type is cannot be told; the signature covers it all the same.
    if (known === undefined) return services;
    for (let count = reader.u16(); count > 0; count--) granted.set(reader.u16(), reader.u32());
    const strings = Array.from({ length: known }, () => reader.string());
    if (type === serviceTypes.rtm2) skipPermissions(reader);
    services.push({ type, privileges: granted, strings });
  }
  return services;
}

/** The lists of resources behind an RTM2 service. */
function skipPermissions(reader: Reader): void {
  for (let types = reader.u16(); types > 0; types--) {
    reader.u16();
    for (let permissions = reader.u16(); permissions > 0; permissions--) {
      reader.u16();
      for (let resources = reader.u16(); resources > 0; resources--) reader.string();
    }
  }
}

function sign(certificate: string, issuedAt: number, salt: number, message: Buffer): Buffer {
  const key = hmac(u32(salt), hmac(u32(issuedAt), Buffer.from(certificate, "ascii")));
  return hmac(key, message);
}

function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac("sha256", key).update(message).digest();
}

/** Takes little-endian values off the front; past the end is `token-malformed`. */
class Reader {
  #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u16(): number {
    return this.#take(2).readUInt16LE();
  }

  u32(): number {
    return this.#take(4).readUInt32LE();
  }

  bytes(): Buffer {
    return this.#take(this.u16());
  }

  string(): string {
    return this.bytes().toString("utf8");
  }

  rest(): Buffer {
    return this.#bytes;
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length) throw malformed("it ends too early");
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([u16(bytes.length), bytes]);
}

function service(type: number, granted: ReadonlyMap<number, number>): Buffer {
  return Buffer.concat([u16(type), u16(granted.size), ...[...granted].flatMap(([id, seconds]) => [u16(id), u32(seconds)])]);
}

function malformed(what: string, cause?: unknown): AppError {
  return new AppError("token-malformed", `The token cannot be read: ${what}.`, { cause });
}

function expired(what: string, end: number, now: number): AppError {
  return new AppError("token-expired", `${what} expired at ${iso(end)}, ${Math.ceil((now - end) / 1000)} s ago.`);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Text out of an unverified token, safe for messages and logs. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 64);
}

function quote(text: string): string {
  return JSON.stringify(printable(text));
}

function listed(texts: readonly string[]): string {
  return texts.slice(0, 4).map(quote).join(", ");
}
