/**
 * The bridge between a channel and a Voice Agent endpoint, without either: frames and events go in with their times,
 * frames and events come out. Pure but for the resampler. Both `parley bridge` and an agent whose model is such an
 * endpoint stand around it.
 */
import { createResampler, type Resampler } from "@parley/media";
import type { VoiceAgentEvent } from "@parley/voice-agent";
import type { InterruptCause, SessionEvent } from "../core/events.ts";
import { Listening, type ListeningMode } from "./listening.ts";
import { Retelling } from "./retelling.ts";
import { Voice, VOICE_RATE } from "./voice.ts";

/** What people who run it should know, beside what happens in the conversation. */
export type BridgeNotice =
  /** Nobody who is listened to has been in the channel for so long. Told once each time. */
  | { readonly type: "alone"; readonly seconds: number }
  /** More of the endpoint's voice waits than there is room for: it sends minutes ahead. */
  | { readonly type: "voice-dropped" };

export interface BridgeStep {
  /** What waited of the agent's voice was dropped: what lies below should be, too. */
  readonly flushed: boolean;
  readonly events: readonly SessionEvent[];
  readonly notices: readonly BridgeNotice[];
}

export interface BridgeTick extends BridgeStep {
  /** 20 ms for the endpoint: what people say. */
  readonly heard: Int16Array;
  /** 20 ms at {@link VOICE_RATE} for the channel: what the agent says. */
  readonly spoken: Int16Array;
}

const aloneMs = 10_000;

export class BridgeCore {
  readonly #listening: Listening;
  readonly #voice = new Voice();
  readonly #retelling: Retelling;
  #resampler: { readonly rate: number; readonly replyId: string; readonly stream: Resampler } | undefined;
  #aloneSince: number | undefined = 0;
  #events: SessionEvent[] = [];
  #notices: BridgeNotice[] = [];
  #flushed = false;

  /** `hearRate`: of people's frames, in hertz. `turn`: the number of the last one before this conversation. */
  constructor(mode: ListeningMode, { hearRate = VOICE_RATE, turn = 0 }: { readonly hearRate?: number; readonly turn?: number } = {}) {
    this.#listening = new Listening(mode, hearRate);
    this.#retelling = new Retelling(turn);
  }

  // From the channel

  join(uid: string, at: number): BridgeStep {
    this.#listening.join(uid);
    if (this.#listening.people > 0) this.#aloneSince = undefined;
    this.#events.push({ type: "user-joined", at, uid });
    return this.#step();
  }

  leave(uid: string, at: number): BridgeStep {
    this.#listening.leave(uid);
    if (this.#listening.people === 0) this.#aloneSince ??= at;
    this.#events.push({ type: "user-left", at, uid });
    return this.#step();
  }

  /** 20 ms of somebody. */
  hear(uid: string, pcm: Int16Array): void {
    this.#listening.hear(uid, pcm);
  }

  // From the endpoint

  brain(event: VoiceAgentEvent, at: number): BridgeStep {
    if (event.type === "reply.audio") this.#push(event.reply_id, event.pcm, event.sampleRate);
    // Both mean: nothing of what waits may be heard.
    if (event.type === "input.speech.started" || (event.type === "reply.done" && event.status === "interrupted")) this.#flush(at);
    if (event.type === "restarted" || event.type === "lost") this.#flush(at);
    this.#events.push(...this.#retelling.handle(event, at, this.#listening.speaker ?? ""));
    if (event.type === "reply.done" && event.status === "completed") {
      this.#drain(event.reply_id);
      this.#voice.end(event.reply_id);
    }
    return this.#step();
  }

  /** The agent is to be silent, whatever the endpoint goes on to send of its replies. */
  interrupt(at: number, cause: InterruptCause): BridgeStep {
    this.#flush(at);
    this.#events.push(...this.#retelling.interrupt(at, cause));
    return this.#step();
  }

  // Time

  /** The 20 ms that begin at `at`. */
  tick(at: number): BridgeTick {
    if (this.#aloneSince !== undefined && at - this.#aloneSince >= aloneMs) {
      this.#aloneSince = Number.POSITIVE_INFINITY;
      this.#notices.push({ type: "alone", seconds: aloneMs / 1000 });
    }
    const heard = this.#listening.take();
    const { pcm: spoken, began, ended } = this.#voice.take();
    for (const { id, playedMs } of ended) this.#events.push(...this.#retelling.ended(id, at, playedMs));
    if (began !== undefined) this.#events.push(...this.#retelling.began(began, at));
    this.#events.push(...this.#retelling.pass(at));
    return { heard, spoken, ...this.#step() };
  }

  [Symbol.dispose](): void {
    this.#resampler?.stream[Symbol.dispose]();
  }

  #push(id: string, pcm: Int16Array, rate: number): void {
    // Of a reply that is over for this side, more may be on its way.
    if (!this.#retelling.knows(id)) return;
    if (this.#resampler === undefined || this.#resampler.replyId !== id || this.#resampler.rate !== rate) {
      this.#resampler?.stream[Symbol.dispose]();
      this.#resampler = { rate, replyId: id, stream: createResampler(rate, VOICE_RATE) };
    }
    if (!this.#voice.push(id, this.#resampler.stream.process(pcm))) this.#notices.push({ type: "voice-dropped" });
  }

  /** The last milliseconds of a reply are inside the resampler. */
  #drain(id: string): void {
    if (this.#resampler?.replyId !== id) return;
    this.#voice.push(id, this.#resampler.stream.flush());
    this.#resampler = undefined;
  }

  #flush(at: number): void {
    this.#flushed = true;
    for (const { id, playedMs } of this.#voice.clear()) this.#events.push(...this.#retelling.cut(id, at, playedMs));
    this.#resampler?.stream[Symbol.dispose]();
    this.#resampler = undefined;
  }

  #step(): BridgeStep {
    const step = { events: this.#events, notices: this.#notices, flushed: this.#flushed };
    this.#flushed = false;
    this.#events = [];
    this.#notices = [];
    return step;
  }
}
