/** What a caller hears of an agent as the call goes on: when it speaks, and when it has finished. Pure. */
import type { AgentMessage } from "@parley/protocol";
import type { Heard } from "./account.ts";
import { Arrivals } from "./arrivals.ts";
import { Loudness, type Sound } from "./loudness.ts";

/** Silence inside a sentence is shorter than this. */
const BRIDGE_MS = 200;
/** So long is an agent silent that has said that it listens again. */
const QUIET_MS = 300;
/** So long is one silent that says nothing about itself, before it counts as having finished. */
const QUIET_WITHOUT_STATE_MS = 2500;

type State = Extract<AgentMessage, { object: "message.state" }>["state"];

export class Hearing {
  readonly #loudness: Loudness;
  readonly #arrivals = new Arrivals();
  readonly #messages: Heard[] = [];
  #state: State | undefined;

  constructor(sampleRate: number) {
    this.#loudness = new Loudness({ sampleRate, bridgeMs: BRIDGE_MS });
  }

  get sounds(): readonly Sound[] {
    return this.#loudness.sounds;
  }

  get messages(): readonly Heard[] {
    return this.#messages;
  }

  get arrivals(): Arrivals {
    return this.#arrivals;
  }

  /** Times are milliseconds from the first sample sent; `at` of audio is when its first sample could be heard. */
  audio(at: number, pcm: Int16Array): void {
    this.#loudness.push(at, pcm);
  }

  packet(at: number): void {
    this.#arrivals.push(at);
  }

  message(at: number, message: AgentMessage): void {
    this.#messages.push({ at, message });
    if (message.object === "message.state") this.#state = message.state;
  }

  /** The first sound that began after `at`. */
  firstSoundMs(at: number): number | undefined {
    return this.sounds.find(({ startMs }) => startMs >= at)?.startMs;
  }

  /** When the agent, having spoken after `at`, had finished; undefined while it has not. */
  finishedMs(at: number, now: number): number | undefined {
    const last = this.sounds.at(-1);
    if (last === undefined || last.startMs < at) return undefined;
    const busy = this.#state === "speaking" || this.#state === "thinking";
    if (busy) return undefined;
    const quietMs = this.#state === undefined ? QUIET_WITHOUT_STATE_MS : QUIET_MS;
    return now - last.endMs >= quietMs ? last.endMs : undefined;
  }
}
