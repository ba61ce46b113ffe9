/** Channels: who is in, who hears whom, and what they are told of each other. */
import { AppError } from "../errors.ts";
import type { Source } from "./source.ts";

/** Why somebody is gone: they said so, nothing came from them any more, or the engine ended it. */
export type LeaveReason = "left" | "vanished" | "removed";

export type ChannelEvent =
  | { type: "joined"; member: Member }
  | { type: "left"; member: Member; reason: LeaveReason }
  /** Their voice can be heard from now on, or not any more. */
  | { type: "published" | "unpublished"; member: Member }
  | { type: "muted"; member: Member }
  /** Their loudspeaker plays. */
  | { type: "ready"; member: Member }
  /** A data packet for everybody (section 8.1 of the REST contract). */
  | { type: "packet"; member: Member; packet: string }
  /** A message to this agent alone. */
  | { type: "message"; member: Member; customType: string; body: string }
  /** The agent was cut: nothing but silence follows. */
  | { type: "flush"; member: Member }
  /** A person had played this agent's voice up to `timestamp` (48 kHz) `agoMs` before they said so. */
  | { type: "played"; member: Member; timestamp: number; agoMs: number };

/** Someone in a channel: a person behind a connection, or an agent in this process. */
export interface Member {
  readonly uid: string;
  readonly agent: boolean;
  /** Their voice; silent until they publish. */
  readonly source: Source;
  readonly publishing: boolean;
  readonly muted: boolean;
  readonly ready: boolean;
  /** Round trip to them in milliseconds, as far as it was measured; 0 for an agent. */
  readonly rttMs: number | null;
  /** True: what `member` says, writes and reports is meant for this one, too. */
  hears(member: Member): boolean;
  take(event: ChannelEvent): void;
  /** The engine ends their stay. */
  remove(): void;
}

/** More would drown every one of them in the others' voices. */
const maxMembers = 64;

export class Channel {
  readonly appId: string;
  readonly name: string;
  readonly #members = new Map<string, Member>();
  readonly #onEmpty: () => void;

  constructor(appId: string, name: string, onEmpty: () => void) {
    this.appId = appId;
    this.name = name;
    this.#onEmpty = onEmpty;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  find(uid: string): Member | undefined {
    return this.#members.get(uid);
  }

  /** A uid that nobody has: a 31-bit number other than 0. */
  freeUid(): string {
    for (;;) {
      const uid = String(1 + Math.floor(Math.random() * 0x7fff_fffe));
      if (!this.#members.has(uid)) return uid;
    }
  }

  /** Throws `uid-taken` or `channel-full`. */
  join(member: Member): void {
    if (this.#members.has(member.uid)) {
      throw new AppError("uid-taken", `uid ${member.uid} is in channel ${this.name} already`);
    }
    if (this.#members.size >= maxMembers) {
      throw new AppError("channel-full", `channel ${this.name} holds ${maxMembers} members, and no more`);
    }
    this.tell(member, { type: "joined", member });
    this.#members.set(member.uid, member);
  }

  leave(member: Member, reason: LeaveReason): void {
    if (this.#members.get(member.uid) !== member) return;
    this.#members.delete(member.uid);
    this.tell(member, { type: "left", member, reason });
    if (this.#members.size === 0) this.#onEmpty();
  }

  /** Tells everybody but `from`. */
  tell(from: Member, event: ChannelEvent): void {
    for (const member of this.#members.values()) if (member !== from) member.take(event);
  }
}

export class Channels {
  readonly #channels = new Map<string, Channel>();

  /** The channel of that project; it exists while somebody is in it. */
  open(appId: string, name: string): Channel {
    const key = `${appId}/${name}`;
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = new Channel(appId, name, () => this.#channels.delete(key));
      this.#channels.set(key, channel);
    }
    return channel;
  }

  get size(): number {
    return this.#channels.size;
  }

  /** Ends everybody's stay. */
  close(): void {
    for (const channel of this.#channels.values()) for (const member of channel.members) member.remove();
  }
}
