/** What happened in a call, turn by turn: pure, from what the caller said, what it heard, and what the agent's messages said. */
import type { AgentMessage } from "@parley/protocol";
import { silentFrom, type Sound } from "./loudness.ts";

/** Something that the caller said, by its waveform; times are milliseconds from the first sample sent. */
export interface Utterance extends Sound {
  /** `ask`: an answer is expected; `barge-in`: said into the answer before. */
  readonly kind: "ask" | "barge-in";
}

export interface Heard {
  readonly at: number;
  readonly message: AgentMessage;
}

export interface TurnAccount {
  readonly user: { readonly text: string; readonly startMs: number; readonly endMs: number };
  readonly agent: {
    /** All that it would have said. */
    readonly text: string;
    /** What was heard of it. */
    readonly heard: string;
    readonly interrupted: boolean;
    readonly firstSoundMs: number | null;
    readonly endMs: number | null;
  };
  /** From the end of the caller's last audible sample to the first audible sample of the answer. */
  readonly voiceToVoiceMs: number | null;
  /** From the caller's first audible sample to the agent's last one before silence; null where the agent went on, or was not cut. */
  readonly bargeInToSilenceMs: number | null;
}

/** So long must silence last to count as the end of what was cut: longer than the pauses between words. */
const QUIET_MS = 300;

export interface CallRecord {
  readonly utterances: readonly Utterance[];
  /** What was heard of the agent, pauses between words left whole. */
  readonly sounds: readonly Sound[];
  readonly messages: readonly Heard[];
}

/** One account for each thing that the caller said. */
export function accountOf({ utterances, sounds, messages }: CallRecord): TurnAccount[] {
  return utterances.map((utterance, index) => {
    const untilMs = utterances[index + 1]?.startMs ?? Infinity;
    const within = messages.filter(({ at }) => at >= utterance.startMs && at < untilMs).map(({ message }) => message);
    const answer = answerOf(sounds, utterance, untilMs);
    const before = utterances[index - 1];
    return {
      user: { text: userText(within), startMs: round(utterance.startMs), endMs: round(utterance.endMs) },
      agent: {
        ...replyOf(messages, utterance, untilMs),
        firstSoundMs: answer === undefined ? null : round(answer.startMs),
        endMs: answer === undefined ? null : round(answer.endMs),
      },
      voiceToVoiceMs: answer === undefined ? null : round(answer.startMs - utterance.endMs),
      bargeInToSilenceMs:
        utterance.kind === "barge-in" && before !== undefined && replyOf(messages, before, utterance.startMs).interrupted
          ? round(silentFrom(sounds, utterance.startMs, QUIET_MS) - utterance.startMs)
          : null,
    };
  });
}

/** The agent's first sound after the caller had finished, and the end of its last one before the caller spoke again. */
function answerOf(sounds: readonly Sound[], utterance: Utterance, untilMs: number): Sound | undefined {
  const after = sounds.filter(({ startMs }) => startMs >= utterance.endMs && startMs < untilMs);
  const [first] = after;
  const last = after.at(-1);
  return first === undefined || last === undefined ? undefined : { startMs: first.startMs, endMs: last.endMs };
}

/** A person who pauses may be heard as several turns: their words belong together here. */
function userText(messages: readonly AgentMessage[]): string {
  return messages
    .flatMap((message) => (message.object === "user.transcription" && message.final && message.text !== "" ? [message.text] : []))
    .join(" ");
}

/** The agent's last reply to what was said: the one of the newest turn that ended in words of the caller's. */
function replyOf(messages: readonly Heard[], utterance: Utterance, untilMs: number): { text: string; heard: string; interrupted: boolean } {
  const asked = messages.flatMap(({ at, message }) =>
    at >= utterance.startMs && at < untilMs && message.object === "user.transcription" && message.final && message.text !== ""
      ? [message.turn_id]
      : [],
  );
  const turnId = Math.max(...asked);
  const captions = messages.flatMap(({ message }) =>
    message.object === "assistant.transcription" && message.turn_id === turnId ? [message] : [],
  );
  const last = captions.at(-1);
  if (last === undefined) return { text: "", heard: "", interrupted: false };
  const interrupted = last.turn_status === 2;
  const whole = captions.findLast((caption) => caption.turn_status !== 2)?.text ?? last.text;
  return { text: whole, heard: last.text, interrupted };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
