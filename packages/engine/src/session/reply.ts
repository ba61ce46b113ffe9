/** One turn of the agent: language model, voice and playout under one signal. */
import { aborted } from "../aborted.ts";
import type { ReplySource, ReplyTrigger, SessionEvent } from "../core/events.ts";
import { Playout, type PlayoutOptions, type Taken } from "../core/playout.ts";
import { Clauses } from "../core/sentences.ts";
import type { Speech, TtsOutput, Voice } from "../vendors/vendor.ts";
import { ahead } from "./ahead.ts";
import type { Clock } from "./clock.ts";
import { OwnSound } from "./own-sound.ts";
import { runs } from "./runs.ts";
import type { Batch } from "./tools.ts";

/** Streaming rate conversion, as `@parley/media` does it. */
export interface Resampler {
  process(pcm: Int16Array): Int16Array;
  flush(): Int16Array;
}

export interface ReplyParts {
  readonly clock: Clock;
  readonly voice: Voice;
  /** Rate of the transport, in hertz. */
  readonly sampleRate: number;
  readonly resample: (from: number, to: number) => Resampler;
  readonly signal: AbortSignal;
  readonly playout?: PlayoutOptions;
  /** Speech that may wait in the playout before its source is asked for more, in milliseconds. Default 3000. */
  readonly aheadMs?: number;
}

/** What of a reply was heard, and what it takes to say the rest. */
export interface ReplyRest {
  readonly said: string;
  readonly saidMs: number;
  readonly rest: string;
  /** The rest is all of it; false: the language model had not finished. */
  readonly whole: boolean;
}

/** Session times, as far as these things have happened. */
interface ReplyTimes {
  readonly askedAt: number;
  firstTextAt: number | undefined;
  firstClauseAt: number | undefined;
  firstAudioAt: number | undefined;
  /** Whose it was. */
  firstAudioBy: "voice" | Speech["by"];
}

/** A word in between, on its way into the playout. */
interface Filling {
  /** Resolves when all of it is there, or nothing more of it comes. */
  readonly over: Promise<void>;
  readonly recall: AbortController;
  /** Some of it is there: the answer comes after it. */
  begun: boolean;
}

/** Speech that waits is thrown away by an interruption. */
const usualAheadMs = 3000;

/** Text that may wait for the voice, in characters: what a model writes is known as soon as it is written. */
const maxTextAhead = 20_000;

/** Silence in the middle of a reply after which it counts as dead, in milliseconds: a model may think for half a minute before it goes on. */
const stallMs = 45_000;

export class Reply {
  readonly playout: Playout;
  readonly #times: ReplyTimes;
  /** Why the agent speaks; a failing language model changes it. */
  source: ReplySource;
  /** Counts the replies of a session from 1. */
  readonly number: number;
  readonly trigger: ReplyTrigger;
  /** What its request said beside the conversation. */
  instructions: readonly string[] = [];
  /** The calls that it has made. */
  batch: Batch | undefined;
  /** Nobody wants it any more. */
  readonly signal: AbortSignal;
  readonly #parts: ReplyParts;
  readonly #abort = new AbortController();
  #room: PromiseWithResolvers<void> | undefined;
  #lastSoundAt: number;
  #filling: Filling | undefined;
  /** The answer itself is in the playout, or on its way there: it is too late for a word in between. */
  #begun = false;
  /** What its parts took is told with the answer's first sound, which may come after a word in between. */
  #measured = false;
  /** It waits for what others do. */
  #waiting = false;
  /** All text of the answer so far, whether it is spoken yet or not. */
  #text: string;
  /** Nothing will be added to it. */
  #whole = false;

  constructor(number: number, source: ReplySource, trigger: ReplyTrigger, parts: ReplyParts) {
    this.number = number;
    this.source = source;
    this.trigger = trigger;
    this.#parts = parts;
    this.signal = AbortSignal.any([parts.signal, this.#abort.signal]);
    this.playout = new Playout(parts.sampleRate, parts.playout);
    this.#text = parts.playout?.before?.text ?? "";
    this.#lastSoundAt = parts.clock.now();
    this.#times = {
      askedAt: parts.clock.now(),
      firstTextAt: undefined,
      firstClauseAt: undefined,
      firstAudioAt: undefined,
      firstAudioBy: "voice",
    };
  }

  /** Stops making words and drops what waits. */
  abort(): void {
    this.#abort.abort();
    this.playout.clear();
    this.#room?.resolve();
  }

  /** If everything due before `until` was heard. */
  restAt(until: number): ReplyRest {
    const { said, ms, unsaid } = this.playout.parted(until);
    const rest = `${unsaid} ${behind(this.#text, `${said}${unsaid}`)}`.trim();
    return { said, saidMs: ms, rest, whole: this.#whole };
  }

  /** The next 20 ms. */
  take(due: number): Taken {
    const queued = this.playout.queuedMs;
    const taken = this.playout.take(due);
    if (queued > 0) this.#lastSoundAt = due;
    if (this.playout.queuedMs < this.#aheadMs) this.#room?.resolve();
    return taken;
  }

  /** Nothing has come for so long that nothing will. */
  isStalled(now: number): boolean {
    return !this.playout.over && !this.#waiting && now - this.#lastSoundAt > stallMs;
  }

  /** Nobody could hear it until now. */
  wake(now: number): void {
    this.#lastSoundAt = now;
  }

  /** Waits for work that has a time limit of its own, or for its end. */
  async waitFor(work: Promise<void>): Promise<void> {
    this.#waiting = true;
    using over = aborted(this.signal);
    await Promise.race([work, over.promise]);
    this.#waiting = false;
    this.wake(this.#parts.clock.now());
  }

  /** Its first sound goes out. `speechEndMs`: when the speech that it answers ended. */
  started(at: number, turnId: number, speechEndMs: number | undefined): SessionEvent[] {
    const latencyMs = speechEndMs === undefined ? null : Math.max(0, at - speechEndMs);
    return [
      { type: "reply-start", at, turnId, reply: this.number, source: this.source, latencyMs },
      ...(this.#filling === undefined ? this.measured(at, turnId) : []),
      ...(latencyMs === null ? [] : [metric(at, turnId, "total", "e2e", latencyMs)]),
    ];
  }

  /** The answer's first sound goes out: tells, once, how long its parts took. */
  measured(at: number, turnId: number): SessionEvent[] {
    if (this.#measured) return [];
    this.#measured = true;
    const { askedAt, firstTextAt = at, firstClauseAt = at, firstAudioAt = at, firstAudioBy } = this.#times;
    if (firstAudioBy === "recording") return [];
    if (firstAudioBy === "model") return [metric(at, turnId, "llm", "ttfa", firstAudioAt - askedAt)];
    const tts = metric(at, turnId, "tts", "ttfb", firstAudioAt - firstClauseAt);
    if (this.source !== "llm") return [tts];
    return [metric(at, turnId, "llm", "ttfb", firstTextAt - askedAt), metric(at, turnId, "llm", "ttfs", firstClauseAt - askedAt), tts];
  }

  /** Says this while the answer is not there, and before it; nothing happens where that comes first. Rejects when the voice fails. */
  async fill(text: string): Promise<void> {
    if (this.#begun || this.#filling !== undefined || this.signal.aborted) return;
    const recall = new AbortController();
    const signal = AbortSignal.any([this.signal, recall.signal]);
    const over = Promise.withResolvers<void>();
    const filling = { over: over.promise, recall, begun: false };
    this.#filling = filling;
    try {
      await this.#utter(this.#parts.voice.speak(once(text), { signal }), signal, filling);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      // The answer waits for it, whatever becomes of it.
      over.resolve();
    }
  }

  /** Speaks the text and plays the sound as they come; resolves when all of it waits in the playout, rejects when the voice fails. Silent after an abort. */
  async speak(said: AsyncIterable<string | Speech>): Promise<void> {
    const { voice } = this.#parts;
    for await (const run of runs(said)) {
      const { signal } = this;
      await this.#utter(run.type === "text" ? voice.speak(this.#clauses(run.pieces), { signal }) : run.pieces, signal);
    }
    await this.#filling?.over;
  }

  /** The answer is here: after a word in between that has begun, in place of one that has not. */
  async #begin(): Promise<void> {
    if (this.#filling?.begun === false) {
      this.#filling.recall.abort();
      this.#filling = undefined;
    }
    await this.#filling?.over;
    this.#begun = true;
  }

  async #utter(outputs: AsyncIterable<TtsOutput>, signal: AbortSignal, filling?: Filling): Promise<void> {
    const { clock, voice, sampleRate, resample } = this.#parts;
    const isFiller = filling !== undefined;
    let own: OwnSound | undefined;
    // The voice may be changed for what comes after this.
    let rate: number | undefined;
    // One for each clause, so that none hears the end of another.
    let resampler: Resampler | undefined;
    const endClause = (): void => {
      if (resampler !== undefined) this.playout.push(resampler.flush());
      resampler = undefined;
    };
    try {
      for await (const output of outputs) {
        if (!isFiller && !this.#begun) await this.#begin();
        if (signal.aborted) return;
        if (isFiller) filling.begun = true;
        switch (output.type) {
          case "clause":
            endClause();
            this.playout.clause(output.text, output.words, isFiller);
            break;
          case "audio":
            if (!isFiller) this.#times.firstAudioAt ??= clock.now();
            rate ??= voice.sampleRate;
            if (rate !== sampleRate) resampler ??= resample(rate, sampleRate);
            this.playout.push(resampler === undefined ? output.pcm : resampler.process(output.pcm));
            await this.#untilRoom(signal);
            break;
          case "speech":
            if (!isFiller && output.pcm.length > 0) this.#soundsFirst(output.by);
            own ??= new OwnSound({ playout: this.playout, sampleRate, resample, isFiller });
            own.push(output);
            await this.#untilRoom(signal);
            break;
        }
      }
    } finally {
      own?.end();
      // Its memory is native: it is given back after an abort, too.
      endClause();
    }
  }

  #soundsFirst(by: Speech["by"]): void {
    if (this.#times.firstAudioAt !== undefined) return;
    this.#times.firstAudioAt = this.#parts.clock.now();
    this.#times.firstAudioBy = by;
  }

  get #aheadMs(): number {
    return this.#parts.aheadMs ?? usualAheadMs;
  }

  async *#clauses(text: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
    const { clock } = this.#parts;
    const clauses = new Clauses();
    for await (const piece of ahead(this.#noted(text), maxTextAhead)) {
      if (piece !== "") this.#times.firstTextAt ??= clock.now();
      for (const clause of clauses.push(piece)) {
        this.#times.firstClauseAt ??= clock.now();
        yield clause;
      }
    }
    for (const clause of clauses.end()) {
      this.#times.firstClauseAt ??= clock.now();
      yield clause;
    }
  }

  async *#noted(text: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
    for await (const piece of text) {
      this.#text += piece;
      yield piece;
    }
    this.#whole = true;
  }

  async #untilRoom(signal: AbortSignal): Promise<void> {
    while (this.playout.queuedMs >= this.#aheadMs && !signal.aborted) {
      const room = Promise.withResolvers<void>();
      this.#room = room;
      // Nobody may ever play what waits: the end of the session ends the waiting, too.
      const stop = (): void => room.resolve();
      signal.addEventListener("abort", stop, { once: true });
      await room.promise;
      signal.removeEventListener("abort", stop);
    }
  }
}

type Metric = Extract<SessionEvent, { type: "metric" }>;

export function metric(at: number, turnId: number, module: Metric["module"], name: Metric["name"], latencyMs: number): Metric {
  return { type: "metric", at, turnId, module, name, latencyMs: Math.max(0, Math.round(latencyMs)) };
}

/** What of `text` stands behind `first`, which it begins with, whatever spaces are in either. */
function behind(text: string, first: string): string {
  const count = first.replaceAll(/\s/gu, "").length;
  let index = 0;
  for (let passed = 0; passed < count && index < text.length; index += 1) if (!/\s/u.test(text[index] ?? "")) passed += 1;
  return text.slice(index).trim();
}

/** A text that is known already, as a stream. */
export async function* once(text: string): AsyncGenerator<string, void, undefined> {
  yield text;
}
