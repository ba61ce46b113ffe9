/** What a session is made of, and what may change in it. */
import type { HistoryEntry } from "../core/history.ts";
import type { SayPriority } from "../core/turn-contract.ts";
import type { Transport } from "../transports/transport.ts";
import type { Asr, Llm, Recording, Voice } from "../vendors/vendor.ts";
import type { AgentConfig, SystemMessage, TurnSettings } from "./agent-config.ts";
import type { ReadMessage } from "./client-message.ts";
import type { Clock } from "./clock.ts";
import type { Resampler } from "./reply.ts";
import type { ToolSettings } from "./tools.ts";
import type { TunableVoice } from "./tunable-voice.ts";
import type { OpenVad } from "./vad.ts";

export interface SessionParts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly config: AgentConfig;
  readonly asr: Asr;
  readonly llm: Llm;
  /** Makes words in between, where the agent has such. */
  readonly fillerLlm?: Llm;
  /** `tune` changes its parameters; absent: they stay. Without a voice the language model says everything itself. */
  readonly voice: (Voice & Partial<Pick<TunableVoice, "tune">>) | undefined;
  /** Of the greeting, as soon as it is there; who rejects it tells why. */
  readonly recording?: Promise<Recording>;
  readonly openVad: OpenVad;
  readonly resample: (from: number, to: number) => Resampler;
  readonly readMessage: ReadMessage;
  /** What was said before an interruption of the engine, and the number of the last turn. */
  readonly restored?: Restored;
}

export interface Restored {
  readonly history: readonly HistoryEntry[];
  readonly turn: number;
  /** Replies that were begun. Default 0. */
  readonly replies?: number;
  /** People were greeted before: who comes first knows the agent. */
  readonly greeted: boolean;
}

/** What may change in mid-conversation. */
export interface SessionChange {
  readonly systemMessages?: readonly SystemMessage[];
  readonly llm?: Llm;
  readonly tools?: ToolSettings;
  readonly turns?: TurnSettings;
  /** Words that people are likely to say. */
  readonly keyterms?: readonly string[];
  /** Parameters of the voice, beside its own. */
  readonly voiceParams?: Readonly<Record<string, unknown>>;
}

export interface SayOptions {
  readonly priority: SayPriority;
  /** People's speech may cut it. */
  readonly interruptable: boolean;
}
