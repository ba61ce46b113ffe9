/** Holds the call: joins as a participant, says the recordings in real time, and keeps what was heard. */
import { Caller, EAR_RATE, MICROPHONE_RATE, type CallerOptions, type HeardFrame } from "@parley/caller";
import type { Utterance } from "./account.ts";
import { Hearing } from "./hearing.ts";
import { audibleSpan } from "./loudness.ts";

/** What is said: 16 kHz mono. */
export interface Line {
  readonly pcm: Int16Array;
  readonly bargeIn?: { readonly afterMs: number; readonly pcm: Int16Array };
}

export interface ConversationOptions extends Omit<CallerOptions, "signal"> {
  readonly lines: readonly Line[];
  readonly waitForGreeting: boolean;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** The caller hangs up so long after the answer has ended. */
  readonly lingerMs: number;
  readonly signal: AbortSignal;
}

/** All times are milliseconds from the first sample sent. */
export interface Conversation {
  readonly uid: string;
  readonly connectAttempts: number;
  readonly joinMs: number;
  readonly greetingFirstSoundMs: number | null;
  readonly utterances: readonly Utterance[];
  readonly hearing: Hearing;
  /** All that was heard, from the first frame on, at {@link EAR_RATE}. */
  readonly heard: Int16Array;
  /** Something that was asked has got no answer. */
  readonly unanswered: boolean;
}

/** How often the caller looks whether what it waits for has happened. */
const LOOK_MS = 10;
/** A greeting begins within this, or there is none. */
const GREETING_MS = 3000;
/** An agent that was interrupted and has nothing to answer keeps silent for longer than this. */
const QUIET_AFTER_BARGE_IN_MS = 6000;

export async function converse({
  lines,
  waitForGreeting,
  timeoutMs,
  lingerMs,
  signal,
  ...join
}: ConversationOptions): Promise<Conversation> {
  const begun = performance.now();
  await using caller = await Caller.join({ ...join, signal });
  const epoch = performance.now();
  const now = (): number => performance.now() - epoch;
  const hearing = new Hearing(EAR_RATE);
  const frames: Int16Array[] = [];
  /** The agent, or, where nobody says that they are one, whoever is heard first. */
  let speaker: string | undefined;
  const isSpeaker = (uid: string): boolean => {
    const agent = caller.users.find((user) => user.agent)?.uid;
    speaker = agent ?? speaker ?? uid;
    return uid === speaker;
  };
  caller.on("packet", ({ uid, at }) => {
    if (isSpeaker(uid)) hearing.packet(at - epoch);
  });
  caller.on("audio", ({ uid, pcm }: HeardFrame) => {
    if (!isSpeaker(uid)) return;
    // A loudspeaker plays it when it is there, not before.
    hearing.audio(now(), pcm);
    frames.push(pcm);
  });
  caller.on("message", ({ at, message }) => {
    hearing.message(at - epoch, message);
  });
  let gone = false;
  void caller.closed.then(() => {
    gone = true;
  });

  /** Resolves with the first value that is not undefined, or with undefined when the time is up or the call is over. */
  const until = async <T>(look: () => T | undefined, waitMs: number): Promise<T | undefined> => {
    const deadline = now() + waitMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (gone || signal.aborted || now() >= deadline) return undefined;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };

  const utterances: Utterance[] = [];
  const say = async (pcm: Int16Array, kind: Utterance["kind"]): Promise<Utterance> => {
    const { startedAt } = await caller.say(pcm);
    const span = audibleSpan(pcm, MICROPHONE_RATE) ?? { startMs: 0, endMs: (pcm.length * 1000) / MICROPHONE_RATE };
    const utterance = { kind, startMs: startedAt - epoch + span.startMs, endMs: startedAt - epoch + span.endMs };
    utterances.push(utterance);
    return utterance;
  };

  let greetingFirstSoundMs: number | null = null;
  if (waitForGreeting) {
    greetingFirstSoundMs = (await until(() => hearing.firstSoundMs(0), GREETING_MS)) ?? null;
    if (greetingFirstSoundMs !== null) await until(() => hearing.finishedMs(0, now()), timeoutMs);
  }

  let unanswered = false;
  for (const { pcm, bargeIn } of lines) {
    if (gone || signal.aborted) break;
    const asked = await say(pcm, "ask");
    const answerMs = await until(() => hearing.firstSoundMs(asked.endMs), timeoutMs);
    unanswered ||= answerMs === undefined;
    if (answerMs === undefined) continue;
    let from = asked.endMs;
    if (bargeIn !== undefined) {
      await until(() => (now() >= answerMs + bargeIn.afterMs ? true : undefined), bargeIn.afterMs + LOOK_MS);
      from = (await say(bargeIn.pcm, "barge-in")).endMs;
      // What was cut may get an answer, or not: either is a fair end of the turn.
      await until(() => hearing.firstSoundMs(from), Math.min(timeoutMs, QUIET_AFTER_BARGE_IN_MS));
      if (hearing.firstSoundMs(from) === undefined) continue;
    }
    await until(() => hearing.finishedMs(from, now()), timeoutMs);
  }
  if (!unanswered) await until(() => undefined, lingerMs);
  return {
    uid: caller.uid,
    connectAttempts: caller.connectAttempts,
    joinMs: epoch - begun,
    greetingFirstSoundMs,
    utterances,
    hearing,
    heard: concat(frames),
    unanswered,
  };
}

function concat(frames: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(frames.reduce((length, frame) => length + frame.length, 0));
  let offset = 0;
  for (const frame of frames) {
    whole.set(frame, offset);
    offset += frame.length;
  }
  return whole;
}
