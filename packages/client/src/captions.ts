/** Live captions of a call: who said what, and which of the agent's words were heard. Pure: time comes in from outside. */
import type { AgentMessage, AssistantTranscription, TranscriptWord, UserTranscription } from "@parley/protocol";

export interface CaptionWord {
  /** With its punctuation, without the space before it. */
  readonly text: string;
  /** On the agent's clock, in milliseconds; null where the agent sends no times. */
  readonly startMs: number | null;
  /** False for what was not spoken yet, and for good once the agent was interrupted. */
  readonly heard: boolean;
}

export interface Caption {
  readonly id: string;
  readonly role: "user" | "agent";
  readonly uid: string;
  readonly turnId: number;
  readonly words: readonly CaptionWord[];
  readonly final: boolean;
  readonly interrupted: boolean;
  /** From the end of the person's speech to the first sound of this answer; null while unknown. */
  readonly latencyMs: number | null;
}

/** Captions that are kept; the oldest go. */
const maxCaptions = 400;

/** What passes between a word's time at the engine and the loudspeaker: network, jitter buffer, device. */
const loudspeakerDelayMs = 60;

export class Captions {
  #captions: readonly Caption[] = [];
  /** Local time minus the agent's, the least seen: the agent sends a clause's words as the clause begins. */
  #offsetMs: number | null = null;
  /** Cut of a turn that was interrupted, until its last message comes. */
  #cut: { turnId: number; startMs: number } | null = null;
  /** Latency of the turn that was reported last: it may come before the answer's words. */
  #latency: { turnId: number; latencyMs: number | null } | null = null;
  #count = 0;

  /** Oldest first. The array and its captions are replaced, never changed. */
  get list(): readonly Caption[] {
    return this.#captions;
  }

  /** Takes a message of the agent `agentUid` that came at local time `at`, in milliseconds. */
  handle(message: AgentMessage, agentUid: string, at: number): void {
    switch (message.object) {
      case "user.transcription":
        return this.#hearUser(message);
      case "assistant.transcription":
        return this.#hearAgent(message, agentUid, at);
      case "message.interrupt":
        return this.#interrupt(message.turn_id, message.start_ms);
      case "turn.finished":
        return this.#finish(message.payload.turn_id, message.payload.metrics.e2e_latency_ms);
      case "message.metrics":
      case "message.error":
      case "message.info":
      case "message.state":
      case "message.sal_status":
      case "user.manual_sos.result":
      case "user.manual_eos.result":
      case "assistant.manual_eos.result":
        return;
    }
  }

  /** Marks the words that have sounded by local time `at`; true if something changed. */
  tick(at: number): boolean {
    const before = this.#captions;
    if (this.#offsetMs === null) return false;
    const nowMs = at - this.#offsetMs - loudspeakerDelayMs;
    this.#captions = before.map((caption) => {
      const open = caption.role === "agent" && !caption.final && !caption.interrupted;
      if (!open || !caption.words.some((word) => isDue(word, nowMs))) return caption;
      return { ...caption, words: caption.words.map((word) => (isDue(word, nowMs) ? { ...word, heard: true } : word)) };
    });
    const changed = this.#captions.some((caption, index) => caption !== before[index]);
    if (!changed) this.#captions = before;
    return changed;
  }

  #hearUser(message: UserTranscription): void {
    const uid = message.user_id ?? String(message.stream_id ?? "");
    const words = plainWords(message.text, true);
    const known = this.#captions.findLast(
      (caption) => caption.role === "user" && caption.turnId === message.turn_id && caption.uid === uid,
    );
    if (known !== undefined && words.length === 0 && message.final) return this.#remove(known.id);
    if (words.length === 0) return;
    this.#put(known ?? this.#begin("user", uid, message.turn_id), { words, final: message.final });
  }

  #hearAgent(message: AssistantTranscription, uid: string, at: number): void {
    const open = this.#captions.findLast(
      (caption) => caption.role === "agent" && caption.turnId === message.turn_id && caption.uid === uid && !caption.final,
    );
    const caption = open ?? this.#begin("agent", uid, message.turn_id);
    const [first] = message.words ?? [];
    if (message.turn_status === 0 && first !== undefined) this.#offsetMs = Math.min(this.#offsetMs ?? Infinity, at - first.start_ms);
    const words = mergeWords(caption.words, message);
    if (words.length === 0 && open === undefined) return;
    if (message.turn_status === 2) return this.#close(caption, words, message.text);
    const ended = message.turn_status === 1;
    this.#put(caption, { words: ended ? words.map((word) => ({ ...word, heard: true })) : words, final: ended });
  }

  /** The last message of an interrupted turn carries what was heard. */
  #close(caption: Caption, words: readonly CaptionWord[], heardText: string): void {
    const cut = this.#cut?.turnId === caption.turnId ? this.#cut.startMs : Infinity;
    this.#cut = null;
    const byText = Math.min(plainWords(heardText, true).length, words.length);
    const heardAll = byText === words.length;
    const marked = words.map((word, index) => ({
      ...word,
      heard: index < byText && !(heardAll && word.startMs !== null && word.startMs >= cut),
    }));
    this.#put(caption, { words: marked, final: true, interrupted: true });
  }

  #interrupt(turnId: number, startMs: number): void {
    const caption = this.#captions.findLast((one) => one.role === "agent" && one.turnId === turnId);
    if (caption === undefined) return;
    this.#cut = caption.final ? null : { turnId, startMs };
    if (caption.interrupted) return;
    const words = caption.words.map((word) => (word.startMs === null ? word : { ...word, heard: word.startMs < startMs }));
    this.#put(caption, { words, interrupted: true });
  }

  #finish(turnId: number, latencyMs: number | null): void {
    this.#latency = { turnId, latencyMs };
    const caption = this.#captions.find((one) => one.role === "agent" && one.turnId === turnId);
    if (caption !== undefined) this.#put(caption, { latencyMs });
  }

  #begin(role: Caption["role"], uid: string, turnId: number): Caption {
    const latencyMs = role === "agent" && this.#latency?.turnId === turnId ? this.#latency.latencyMs : null;
    const id = `${role}-${++this.#count}`;
    return { id, role, uid, turnId, words: [], final: false, interrupted: false, latencyMs };
  }

  #put(caption: Caption, change: Partial<Caption>): void {
    const next = { ...caption, ...change };
    const known = this.#captions.some((one) => one.id === caption.id);
    this.#captions = known
      ? this.#captions.map((one) => (one.id === caption.id ? next : one))
      : [...this.#captions, next].slice(-maxCaptions);
  }

  #remove(id: string): void {
    this.#captions = this.#captions.filter((caption) => caption.id !== id);
  }
}

function isDue(word: CaptionWord, nowMs: number): boolean {
  return !word.heard && word.startMs !== null && word.startMs <= nowMs;
}

function plainWords(text: string, heard: boolean): CaptionWord[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => ({ text: word, startMs: null, heard }));
}

/** The words so far, and what a message adds: timed words where it has some, else the whole text. */
function mergeWords(words: readonly CaptionWord[], message: AssistantTranscription): readonly CaptionWord[] {
  const timed = message.words ?? [];
  if (timed.length > 0) return withTimed(words, timed);
  const fromText = plainWords(message.text, true);
  // The last message's text is what was heard, or the whole: never fewer words than have been shown.
  if (fromText.length < words.length) return words;
  return fromText.map((word, index) => {
    const known = words[index];
    return known === undefined || known.startMs === null ? word : known;
  });
}

function withTimed(words: readonly CaptionWord[], timed: readonly TranscriptWord[]): CaptionWord[] {
  const merged = [...words];
  for (const one of timed) {
    const text = one.word.trim();
    if (text === "") continue;
    const index = merged.findIndex((word) => word.startMs === one.start_ms);
    if (index < 0) merged.push({ text, startMs: one.start_ms, heard: false });
    else merged[index] = { text, startMs: one.start_ms, heard: merged[index]?.heard ?? false };
  }
  return merged;
}
