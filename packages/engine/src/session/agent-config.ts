/** What an agent should be. Each public API translates its own JSON into this. */
import type { voiceAgent } from "@parley/protocol";
import type { FillerSettings } from "../core/fillers.ts";
import type { GreetingMode } from "../core/greeting.ts";
import type { Overlapping, TurnTakingSettings } from "../core/turn-contract.ts";
import type { ToolPlan } from "../vendors/tool-source.ts";
import type { ChosenRecording } from "../vendors/vendor.ts";
import type { BracketPair } from "./brackets.ts";
import type { ToolSettings } from "./tools.ts";

export interface TurnSettings extends TurnTakingSettings {
  /** Audio kept from before the detected onset, in milliseconds. */
  readonly prefixMs: number;
  /** VAD probability that counts as voice, in (0, 1). */
  readonly threshold: number;
}

export interface ChosenAsr {
  readonly vendor: string;
  readonly language: string;
  readonly options: unknown;
  readonly keyterms: readonly string[];
}

export interface ChosenTts {
  readonly vendor: string;
  readonly options: unknown;
  /** Brackets whose content is remembered, but not spoken. */
  readonly skip?: readonly BracketPair[];
}

export interface ChosenLlm {
  readonly style: string;
  readonly options: unknown;
  /** Parameters of the operator's, who chose it: they stay where others are replaced. */
  readonly operatorParams?: Readonly<Record<string, unknown>>;
  /** Its answers may begin with what changes the voice. */
  readonly tunes?: boolean;
  /** It takes images. */
  readonly pictures?: boolean;
  /** It says everything itself, fixed texts, too: `tts` is silent. */
  readonly recites?: boolean;
}

/** An endpoint of the Voice Agent API that hears, thinks and speaks by itself, in place of `asr`, `llm` and `tts`. */
export interface ChosenBrain {
  /** Its WebSocket. */
  readonly url: string;
  readonly apiKey: string;
  /** `session` of its first `session.update`; the engine runs its tools' HTTP requests. */
  readonly session: voiceAgent.SessionSettings;
  /** What was said before: it is told, and not answered. */
  readonly messages: readonly SystemMessage[];
}

export interface SystemMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
  readonly raw?: Readonly<Record<string, unknown>>;
}

export interface GreetingConfig {
  /** Empty beside a recording: nobody knows what is said in it. */
  readonly text: string;
  /** Played in place of the text, where it can be had. */
  readonly recording?: ChosenRecording;
  /** Speech may cut it. */
  readonly interruptable: boolean;
  /** What becomes of speech over it where it may not. Default: as `turns` has it. */
  readonly overlapping?: Overlapping;
  /** The first person of the session, or everybody who comes while nobody else is there. Default `every`. */
  readonly mode?: GreetingMode;
  /** Wait before it begins, in milliseconds. Default 0. */
  readonly delayMs?: number;
}

/** What the agent does when nobody has said anything for a while. */
export interface SilenceConfig {
  readonly timeoutMs: number;
  /** Speak the content, or give it to the language model as if somebody had said it. */
  readonly action: "speak" | "think";
  readonly content: string;
}

export interface AgentConfig {
  readonly asr: ChosenAsr;
  readonly tts: ChosenTts;
  readonly llm: ChosenLlm;
  /** In place of those three. */
  readonly brain?: ChosenBrain;
  /** Put before every request, in order, exempt from `maxHistory`. */
  readonly systemMessages: readonly SystemMessage[];
  /** Entries of short-term memory that a request carries; people's and the agent's count each. 0: none. */
  readonly maxHistory: number;
  readonly greeting?: GreetingConfig;
  readonly silence?: SilenceConfig;
  /** `llm`: what makes the words, where some are made. */
  readonly fillers?: FillerSettings & { readonly llm?: ChosenLlm };
  readonly tools?: ToolSettings;
  /** Tools that are found and opened when the session starts, beside those. */
  readonly toolPlan?: ToolPlan;
  /** Spoken when the language model fails. */
  readonly failureMessage?: string;
  /** Seconds after the last person has left until the agent goes; 0: never. */
  readonly idleTimeoutS: number;
  /** Seconds that it waits for the first person; 0: for good. */
  readonly firstUserTimeoutS: number;
  readonly turns: TurnSettings;
}

export const defaultTurns: TurnSettings = {
  onset: "voice",
  endpointingMs: 640,
  endpointing: "silence",
  maxWaitMs: 3000,
  interruptMs: 160,
  interruption: "speech",
  keywords: [],
  overlapping: "append",
  prefixMs: 300,
  threshold: 0.5,
};
