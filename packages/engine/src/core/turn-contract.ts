/** What goes into turn-taking, and what comes out: inputs that say when they happened, decisions to carry out. */
import type { IgnoredCause, InterruptCause, MarkRefusal, SpokenWord, TurnOrigin } from "./events.ts";

export interface TurnTakingSettings {
  /** What begins a turn: a voice, or the client's own mark (push to talk); then voices without a mark count for nothing. */
  readonly onset: "voice" | "manual";
  /** Silence after speech that ends the turn, in milliseconds. */
  readonly endpointingMs: number;
  /** `semantic`: a sentence that is not complete yet gets up to `maxWaitMs`. `manual`: the client's own mark ends the turn. */
  readonly endpointing: "silence" | "semantic" | "manual";
  readonly maxWaitMs: number;
  /** Speech over the agent that silences it, in milliseconds. */
  readonly interruptMs: number;
  /** What interrupts for good: speech that goes on, only words that are no backchannel, only keywords, or nothing. */
  readonly interruption: "speech" | "words" | "keywords" | "never";
  /** Words and phrases that interrupt with `keywords`, in any case. */
  readonly keywords: readonly string[];
  readonly overlapping: Exclude<Overlapping, "remember">;
}

/** What a text may do to the interaction under way: cut it, wait for its end, or give way to it. */
export type SayPriority = "interrupt" | "append" | "ignore";

/** What becomes of speech over a reply that nothing interrupts: answered afterwards, forgotten, or remembered without an answer. */
export type Overlapping = "append" | "ignore" | "remember";

/** What people's speech over a reply does. */
export interface ReplyRule {
  /** It may cut it. */
  readonly interruptable: boolean;
  /** What becomes of it where it may not; absent: as the settings say. */
  readonly overlapping?: Overlapping | undefined;
}

export interface TextOptions {
  /** Over a reply; default `interrupt`. With `ignore` the text counts only when nothing goes on. */
  readonly priority?: SayPriority;
  /** While people speak: become part of their turn (default), take its place, wait until it is answered, or be dropped. */
  readonly whileSpeaking?: "join" | "replace" | "append" | "ignore";
  /** Speech may cut the answer; default true. */
  readonly interruptable?: boolean;
  /** Default `text`. */
  readonly origin?: "text" | "command";
}

export type TurnInput =
  /** `at`: the onset, which lies before the moment this is said. */
  | { type: "speech-start"; at: number; uid: string }
  | { type: "speech-end"; at: number; uid: string }
  /** `complete`: probability that the sentence is, if the recogniser knows. */
  | { type: "transcript"; at: number; uid: string; text: string; final: boolean; complete?: number }
  /** Someone typed, or the API speaks for them. */
  | ({ type: "text"; at: number; uid: string; text: string } & TextOptions)
  /** A fixed text wants to be spoken. */
  | ({ type: "say"; at: number; id: number; priority: SayPriority } & ReplyRule)
  | { type: "interrupt"; at: number; cause: InterruptCause }
  /** Someone's client marks the start or the end of their speech; answered by one `turn-marked`. */
  | { type: "mark"; at: number; mark: "start" | "end"; uid: string; requestId: string }
  /** Words of the reply that begin to sound: people's words that repeat them are an echo. */
  | { type: "reply-words"; at: number; words: readonly SpokenWord[] }
  /** From the next decision on. A pause that is being waited for keeps its length. */
  | { type: "settings"; at: number; settings: TurnTakingSettings }
  /** The reply under way says itself whether people's speech may cut it. */
  | { type: "reply-rule"; at: number; interruptable: boolean }
  /** The reply under way was played to its end, or came to nothing. */
  | { type: "reply-end"; at: number }
  | { type: "user-left"; at: number; uid: string }
  | { type: "time"; at: number };

export type TurnDecision =
  | { type: "turn-start"; at: number; turn: number; uid: string }
  /** Ask that person's recogniser for its final transcript. */
  | { type: "utterance-end"; at: number; uid: string }
  /** `endMs`: when the last sound of the turn ended, `at` for typed text. Answer it. */
  | {
      type: "turn-end";
      at: number;
      turn: number;
      uid: string;
      text: string;
      startMs: number;
      endMs: number;
      by: TurnOrigin;
    }
  | { type: "turn-dropped"; at: number; turn: number; uid: string }
  | { type: "reply-duck" | "reply-hold" | "reply-resume"; at: number }
  | { type: "reply-interrupt"; at: number; cause: InterruptCause }
  | TurnMarked
  /** A turn that only a mark ends went on for `maxMs`, and is ended. */
  | { type: "turn-overlong"; at: number; turn: number; uid: string; maxMs: number }
  | IgnoredSpeech
  /** These words of a person repeat what the agent is saying, in time with it. Told once for each utterance. */
  | { type: "echo-suspected"; at: number; uid: string; text: string }
  | { type: "say-start"; at: number; id: number; turn: number }
  | { type: "say-queued" | "say-dropped"; at: number; id: number }
  /** Typed text that came at the wrong time, by its own wish. */
  | { type: "text-dropped"; at: number };

/** What became of a mark. `turn`: whose number is not known yet where the agent speaks on; `refused`: why it counts for nothing. */
export interface TurnMarked {
  type: "turn-marked";
  at: number;
  mark: "start" | "end";
  uid: string;
  requestId: string;
  turn: number | null;
  refused: MarkRefusal | null;
}

/** What was said over a reply. */
export type Overheard = Omit<IgnoredSpeech, "type" | "at" | "turn" | "cause">;

/** Speech over a reply was understood, and counts for nothing. It has a number of its own, and no answer. */
export interface IgnoredSpeech {
  type: "speech-ignored";
  at: number;
  turn: number;
  uid: string;
  text: string;
  startMs: number;
  endMs: number;
  cause: IgnoredCause;
  /** It is part of the memory all the same. */
  remembered?: true;
}
