/** What happened in a session; each public API translates this into its own messages. */

/** Where an error comes from, in the words of the public contracts. */
export type Module = "asr" | "llm" | "tts" | "vad" | "transport" | "session";

/** What the agent is doing, as clients show it. `silent`: someone is there and nothing goes on. */
export type AgentState = "idle" | "silent" | "listening" | "thinking" | "speaking";

/** What made the agent speak. */
export type ReplySource = "llm" | "greeting" | "command" | "silence" | "llm_failure";

/** How a person's turn came in; `command`: the API speaks for them. */
export type TurnOrigin = "voice" | "text" | "command";

/** What ended a reply early. */
export type InterruptCause = "start_of_speech" | "text" | "api_speak" | "api_interrupt" | "api_leave";

/** Why speech over a reply does not count: nothing interrupts, the keywords were not among it, or it is a sign of listening. */
export type IgnoredCause = "disable" | "keywords" | "semantic";

/** Why a client's mark of a start or an end counts for nothing: it is not asked for, or there is no turn for it. */
export type MarkRefusal = "not-manual" | "no-turn";

/** What gave the agent the floor: a person's turn, a tool's result, a wish of the API's, or a fixed text of that source. */
export type ReplyTrigger = "turn" | "tool-result" | "create" | Exclude<ReplySource, "llm" | "llm_failure">;

export interface SpokenWord {
  /** With its punctuation; a space stands between words, unless `isGlued`. */
  readonly text: string;
  /** No space stands before it, as in languages without spaces. */
  readonly isGlued?: true;
  /** Session time at which the word is due at the transport. */
  readonly startMs: number;
  readonly endMs: number;
}

/** How a session ended, in the words of the public contracts. */
export interface Ending {
  readonly status: "STOPPED" | "FAILED";
  readonly reason: string;
}

/** Times are session time in milliseconds. Turns count from 1; a person's words and the answer share one number. */
export type SessionEvent =
  | { type: "user-joined"; at: number; uid: string }
  | { type: "user-left"; at: number; uid: string }
  | { type: "state"; at: number; state: AgentState; turnId: number }
  | { type: "turn-start"; at: number; turnId: number; uid: string }
  | { type: "transcript"; at: number; turnId: number; uid: string; text: string; startMs: number; endMs: number }
  | {
      type: "turn-end";
      at: number;
      turnId: number;
      uid: string;
      text: string;
      startMs: number;
      endMs: number;
      by: TurnOrigin;
    }
  /** What sounded like a turn held no words. */
  | { type: "turn-dropped"; at: number; turnId: number; uid: string }
  /** A client marked the start or the end of somebody's speech. `turn`: null where it counts for nothing, or has no number yet. */
  | {
      type: "turn-marked";
      at: number;
      turn: number | null;
      mark: "start" | "end";
      uid: string;
      requestId: string;
      refused: MarkRefusal | null;
    }
  /** The mark that would have ended the turn had not come after `maxMs`. */
  | { type: "turn-overlong"; at: number; turnId: number; uid: string; maxMs: number }
  /** Speech over a reply counts for nothing. Its number is its own; the turn under way goes on. */
  | {
      type: "speech-ignored";
      at: number;
      turnId: number;
      uid: string;
      text: string;
      startMs: number;
      endMs: number;
      cause: IgnoredCause;
      /** It is part of the memory all the same. */
      remembered?: true;
    }
  /** Someone's microphone hears the agent: these words, taken for theirs, are its own. Told once for each utterance. */
  | { type: "echo-suspected"; at: number; turnId: number; uid: string; text: string }
  /** The agent has the floor; there is no sound yet. `reply` numbers it in the session; it ends with one `reply-end` or `reply-interrupted`. */
  | { type: "reply-begin"; at: number; turnId: number; reply: number; trigger: ReplyTrigger }
  /** The reply's first sound is written. `latencyMs`: from the end of the person's speech. */
  | { type: "reply-start"; at: number; turnId: number; reply: number; source: ReplySource; latencyMs: number | null }
  /** A clause begins to sound: the whole text of the reply so far, and the clause's words with their times. */
  | { type: "reply-text"; at: number; turnId: number; reply: number; text: string; words: readonly SpokenWord[] }
  | { type: "reply-interrupted"; at: number; turnId: number; reply: number; heard: string; text: string; cause: InterruptCause }
  /** Its last sound was due to be heard. */
  | { type: "reply-end"; at: number; turnId: number; reply: number; text: string; playedMs: number }
  /** The model asks for a tool; `by`: who runs it. */
  | {
      type: "tool-call";
      at: number;
      turnId: number;
      reply: number;
      callId: string;
      name: string;
      arguments: Readonly<Record<string, unknown>>;
      by: "client" | "engine";
    }
  /** An image goes with the next words to the language model. Of one at an address, sizes are 0; `url` is empty for one that came whole. */
  | {
      type: "picture-taken";
      at: number;
      turnId: number;
      uid: string;
      id: string;
      width: number;
      height: number;
      bytes: number;
      source: "url" | "base64";
      url: string;
      /** Images of this person so far. */
      count: number;
    }
  | { type: "picture-refused"; at: number; turnId: number; uid: string; id: string; message: string }
  /** What a call gave, or that nothing came in time. */
  | {
      type: "tool-result";
      at: number;
      turnId: number;
      callId: string;
      name: string;
      output: string;
      isError: boolean;
      timedOut: boolean;
    }
  | {
      type: "metric";
      at: number;
      turnId: number;
      module: "asr" | "llm" | "tts" | "total";
      name: "ttlw" | "ttfb" | "ttfs" | "ttfa" | "e2e";
      latencyMs: number;
    }
  | {
      type: "error";
      at: number;
      turnId: number;
      module: Module;
      code: number;
      message: string;
      remedy: string;
      cause: unknown;
    }
  /** The last event. */
  | ({ type: "closed"; at: number } & Ending);
