/** The agent's mouth: gives the transport the frames of the reply that has the floor, and tells what became of it. */
import type { InterruptCause, SessionEvent } from "../core/events.ts";
import { FRAME_MS } from "../core/frame.ts";
import type { History, HistoryEntry } from "../core/history.ts";
import { DUCKED } from "../core/playout.ts";
import { AppError } from "../errors.ts";
import type { Played, Transport } from "../transports/transport.ts";
import type { Clock } from "./clock.ts";
import { cutTransport } from "./played.ts";
import type { Reply } from "./reply.ts";
import type { Tasks } from "./tasks.ts";
import type { Tools } from "./tools.ts";

export interface MouthParts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly history: History;
  readonly tools: Tools;
  readonly tasks: Tasks;
  readonly emit: (event: SessionEvent) => void;
  /** The reply has its first sound, or is over. */
  readonly onChange: () => void;
  /** The reply was played to its end, or came to nothing. */
  readonly onEnd: (at: number) => void;
  readonly onError: (error: unknown) => void;
  readonly onVoiceError: (error: unknown) => void;
}

interface Current {
  readonly turnId: number;
  readonly reply: Reply;
  /** When the speech that it answers ended. */
  readonly speechEndMs: number | undefined;
  sounding: boolean;
  /** When its next frame is due, where frames are written early. */
  nextAt: number | undefined;
  /** All of it is written; its last sound ends then. */
  endsAt: number | undefined;
}

export class Mouth {
  readonly #parts: MouthParts;
  #current: Current | undefined;
  #detached = false;
  /** Finding out what was heard of interrupted replies; the next request waits for it. */
  #settling: Promise<void> = Promise.resolve();

  constructor(parts: MouthParts) {
    this.#parts = parts;
  }

  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** What has the floor. */
  get reply(): Reply | undefined {
    return this.#current?.reply;
  }

  /** There is a sound of it already. */
  get sounding(): boolean {
    return this.#current?.sounding ?? false;
  }

  /** Resolves when the history says how much of the last replies was heard. */
  get settled(): Promise<void> {
    return this.#settling;
  }

  /** From now on the frames come from this reply. */
  play(turnId: number, reply: Reply, speechEndMs: number | undefined): void {
    this.#current = { turnId, reply, speechEndMs, sounding: false, nextAt: undefined, endsAt: undefined };
    this.#parts.emit({ type: "reply-begin", at: this.#parts.clock.now(), turnId, reply: reply.number, trigger: reply.trigger });
  }

  /** Says this while the reply keeps people waiting. */
  fill(text: string): void {
    const { tasks, onVoiceError } = this.#parts;
    const current = this.#current;
    if (current === undefined) return;
    const { reply } = current;
    tasks.own(reply.fill(text).catch((error: unknown) => (reply.signal.aborted ? undefined : onVoiceError(error))));
  }

  /** Someone makes a sound: speak more softly; who has not begun does not begin now. */
  duck(): void {
    if (this.#current === undefined) return;
    const { reply, sounding } = this.#current;
    if (sounding) reply.playout.gain = DUCKED;
    else reply.playout.held = true;
  }

  /** They go on: fall silent now, lose nothing. */
  hold(): void {
    if (this.#current !== undefined) this.#current.reply.playout.held = true;
  }

  /** It was a cough. */
  resume(): void {
    this.#current?.reply.playout.resume();
  }

  /** Nobody is at the other end: nothing is said until there is. */
  detach(): void {
    this.#detached = true;
  }

  /** Somebody is there again; frames that were due before `until` had arrived. */
  attach(until: number): void {
    this.#detached = false;
    const current = this.#current;
    if (current === undefined) return;
    const now = this.#parts.clock.now();
    current.reply.playout.rewind(until);
    current.reply.wake(now);
    current.nextAt = undefined;
    current.endsAt = current.reply.playout.over ? now : undefined;
  }

  /** A frame is due. */
  tick(due: number): void {
    if (this.#detached) return;
    if (this.#parts.transport.caps.leadMs > 0) this.#tickAhead(due);
    else this.#tickNow(due);
  }

  /** They mean it: stop making words, drop the rest, remember what was heard. */
  cut(cause: InterruptCause): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const { turnId, reply } = current;
    const { clock, transport, history, tools, tasks, emit } = this.#parts;
    const at = clock.now();
    reply.abort();
    if (reply.batch !== undefined) tools.interrupt(reply.batch);
    const entry = (played: Played): HistoryEntry => {
      const { answer, ms } = reply.playout.heard(played.until);
      return { role: "assistant", content: answer.text, original: answer.all, turnId, source: reply.source, startMs: at - ms, endMs: at };
    };
    // The entry takes its place now; how much of it was heard is known when the clients have answered.
    const guess = entry(transport.played());
    if (guess.original !== "") history.add(guess, tools.placeOf(reply.batch));
    const before = this.#settling;
    const settle = async (): Promise<void> => {
      const played = await cutTransport(transport, clock);
      // In their order, and only when all of them are known.
      await before;
      history.replace(guess, entry(played));
      const { text: heard, all: text } = reply.playout.heard(played.until);
      emit({ type: "reply-interrupted", at, turnId, reply: reply.number, heard, text, cause });
    };
    this.#settling = settle();
    tasks.own(this.#settling);
  }

  /** One frame every 20 ms, silence included. */
  #tickNow(due: number): void {
    const { transport } = this.#parts;
    const current = this.#current;
    if (current === undefined) return transport.write({ at: due, pcm: new Int16Array((transport.caps.sampleRate * FRAME_MS) / 1000) });
    const taken = current.reply.take(due);
    this.#tell(current, due, taken);
    transport.write({ at: due, pcm: taken.pcm });
    if (taken.finished) this.#end(due, current);
    else if (current.reply.isStalled(due)) this.#stall(due, current);
  }

  /** Whatever may be written already; silence is not. */
  #tickAhead(due: number): void {
    const { transport } = this.#parts;
    const current = this.#current;
    if (current === undefined) return;
    // What comes too late is due at once.
    let at = Math.max(current.nextAt ?? due, due);
    while (current.endsAt === undefined && at <= due + transport.caps.leadMs) {
      const taken = current.reply.take(at);
      if (taken.samples > 0) {
        this.#tell(current, at, taken);
        transport.write({ at, pcm: taken.pcm });
        at += FRAME_MS;
      }
      if (taken.finished) current.endsAt = at;
      if (taken.samples === 0) break;
    }
    current.nextAt = at;
    if (current.endsAt !== undefined && due >= current.endsAt) this.#end(due - FRAME_MS, current);
    else if (current.endsAt === undefined && current.reply.isStalled(due)) this.#stall(due, current);
  }

  #tell(current: Current, at: number, { first, started }: ReturnType<Reply["take"]>): void {
    const { emit, onChange } = this.#parts;
    const { reply, turnId, speechEndMs } = current;
    if (first) {
      current.sounding = true;
      for (const event of reply.started(at, turnId, speechEndMs)) emit(event);
      onChange();
    }
    for (const { text, words, isFiller } of started) {
      if (!isFiller) for (const event of reply.measured(at, turnId)) emit(event);
      emit({ type: "reply-text", at, turnId, reply: reply.number, text, words });
    }
  }

  /** `at`: its last frame. */
  #end(at: number, { turnId, reply }: Current): void {
    this.#current = undefined;
    const { history, tools, emit, onEnd } = this.#parts;
    const endMs = at + FRAME_MS;
    const { all, ms, answer } = reply.playout.heard(endMs);
    const entry: HistoryEntry = { role: "assistant", content: answer.all, turnId, source: reply.source, startMs: endMs - ms, endMs };
    if (answer.all !== "") history.add(entry, tools.placeOf(reply.batch));
    emit({ type: "reply-end", at, turnId, reply: reply.number, text: all, playedMs: ms });
    onEnd(at);
  }

  #stall(at: number, current: Current): void {
    this.#parts.onError(new AppError("reply-stalled", "the reply stopped in the middle: no word and no sound came any more"));
    current.reply.abort();
    this.#end(at, current);
  }
}
