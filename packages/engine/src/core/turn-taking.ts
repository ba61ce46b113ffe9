/** Decides whose turn it is: when a person's turn begins and ends, and what happens to the agent when someone speaks over it. */
import { TurnQueue, type Say, type TextInput } from "./turn-queue.ts";
import { BargeIn, type Verdict } from "./barge-in.ts";
import { Draft } from "./draft.ts";
import { Endpointing, maxTurnMs, type EndVerdict } from "./endpointing.ts";
import type { IgnoredCause, MarkRefusal } from "./events.ts";
import { Hearing } from "./hearing.ts";
import { interrupts, whyIgnored } from "./overlap.ts";
import { People } from "./people.ts";
import type { Overheard, Overlapping, ReplyRule, TurnDecision, TurnInput, TurnTakingSettings } from "./turn-contract.ts";
import { TurnNumbers } from "./turn-numbers.ts";

/**
 *                 speech-start or sos          the turn is over (`Endpointing`)
 *   listening ───────────────────────▶ people ─────────────────────────────────▶ replying
 *       ▲                                ▲                                          │  │
 *       │                                └────── reply-interrupt (`BargeIn`) ───────┘  │
 *       └──────────────────────────────────── reply-end ───────────────────────────────┘
 */
type State = { readonly floor: "nobody"; readonly deadline: undefined } | Endpointing | BargeIn;

const listening: State = { floor: "nobody", deadline: undefined };

type Mark = Extract<TurnInput, { type: "mark" }>;

export class TurnTaking {
  #settings: TurnTakingSettings;
  readonly #people = new People();
  readonly #numbers: TurnNumbers;
  readonly #queue = new TurnQueue();
  readonly #hearing = new Hearing(this.#people);
  #state: State = listening;
  #draft: Draft | undefined;
  #decisions: TurnDecision[] = [];

  /** `turn`: number of the last turn before this began. */
  constructor(settings: TurnTakingSettings, turn = 0) {
    this.#settings = settings;
    this.#numbers = new TurnNumbers(turn);
    this.#people.onlyMarked = settings.onset === "manual";
  }

  /** When the next `time` input is due. */
  get deadline(): number | undefined {
    return this.#state.deadline;
  }

  /** Whose floor it is. */
  get floor(): "nobody" | "people" | "agent" {
    return this.#state.floor;
  }

  /** Number of the newest turn that had the floor; 0 before the first. Never goes down. */
  get turn(): number {
    return this.#numbers.newest;
  }

  /** What people have said in the turn that is not over yet, as far as it is understood. */
  get text(): string {
    return this.#draft?.text ?? "";
  }

  handle(input: TurnInput): TurnDecision[] {
    this.#decisions = [];
    switch (input.type) {
      case "speech-start":
        if (this.#people.startSpeaking(input.uid, input.at) && this.#people.counts(input.uid)) this.#speechStart(input.at, input.uid);
        break;
      case "speech-end":
        if (this.#people.stopSpeaking(input.uid)) this.#speechEnd(input.at, input.uid);
        break;
      case "transcript":
        this.#transcript(input);
        break;
      case "text":
        if (input.text.trim() !== "") this.#text(input);
        break;
      case "say":
        this.#say(input);
        break;
      case "interrupt":
        if (input.cause === "api_leave") this.#queue.clear();
        if (this.floor !== "agent") break;
        this.#decide({ type: "reply-interrupt", at: input.at, cause: input.cause });
        this.#afterReply(input.at);
        break;
      case "mark":
        if (input.mark === "start") this.#markStart(input);
        else this.#markEnd(input);
        break;
      case "reply-words":
        this.#hearing.agentSays(input.words);
        break;
      case "reply-rule":
        if (this.#state.floor === "agent") this.#state.interruptable = input.interruptable;
        break;
      case "reply-end":
        if (this.floor === "agent") this.#afterReply(input.at);
        break;
      case "user-left":
        this.#userLeft(input.at, input.uid);
        break;
      case "settings":
        this.#change(input.at, input.settings);
        break;
      case "time":
        if (this.deadline !== undefined && input.at >= this.deadline) this.#deadlinePassed(input.at);
        break;
    }
    return this.#decisions;
  }

  // What people do

  #speechStart(at: number, uid: string): void {
    const overlapping = this.#overlappingBy(uid);
    this.#hearing.speechStart(uid, at, overlapping);
    switch (this.#state.floor) {
      case "nobody":
        this.#draft = new Draft(uid, at);
        this.#userSpeaks(at);
        break;
      case "people":
        this.#state.speechStart(this.#settings);
        break;
      case "agent":
        if (overlapping !== "append") break;
        this.#draft ??= new Draft(uid, at);
        if (!this.deaf) this.#carryOut(at, this.#state.speechStart(at, this.#settings));
        break;
    }
  }

  #speechEnd(at: number, uid: string): void {
    this.#hearing.speechEnd(uid, at);
    // Nobody wants these words; the recogniser shall begin anew.
    if (!this.#people.counts(uid)) return this.#endUtterance(at, uid);
    if (this.#draft !== undefined) this.#draft.endMs = Math.max(this.#draft.endMs, at);
    if (this.#people.someoneSpeaks) return;
    if (this.#state.floor === "people") return this.#endAs(at, this.#state.quiet(at, this.#settings));
    // Of speech that nobody answers, or only later, the words are wanted all the same.
    this.#endUtterances(at);
    if (this.#state.floor === "agent") this.#carryOut(at, this.#state.quiet(at));
  }

  #transcript(input: Extract<TurnInput, { type: "transcript" }>): void {
    const understood = this.#hearing.understand(input);
    if (understood === undefined) return;
    const { at, complete } = input;
    const { uid, startMs, text, final, echo, aside } = understood;
    if (understood.isNewEcho) this.#decide({ type: "echo-suspected", at, uid, text: echo });
    if (aside !== undefined) {
      if (final) this.#ignore(at, { ...aside, uid, text }, "disable");
      return;
    }
    const overheard = this.#people.isOverheard(uid);
    if (overheard && text.trim() !== "") this.#draft ??= new Draft(uid, startMs);
    this.#draft?.hear(understood, complete);
    switch (this.#state.floor) {
      case "nobody":
        // A noise that was there before the last reply, and outlasted it, turns out to be words.
        if (this.text !== "") this.#handOver(at);
        break;
      case "people":
        this.#endAs(at, this.#state.understood({ isComplete: this.#draft?.isComplete ?? true, isOwed: this.#people.someoneOwesFinal }));
        if (final) this.#dropNoise(at);
        break;
      case "agent": {
        const isOpen = this.#people.someoneOwesFinal;
        const isOver = final && !isOpen && !this.#people.someoneSpeaks;
        const isEcho = echo !== "" && text === "";
        const wasThere = overheard && !this.deaf;
        this.#carryOut(at, this.#state.understood({ means: this.#meansIt, isEcho, isOpen, isOver, wasThere }));
        break;
      }
    }
  }

  #text(input: TextInput): void {
    const { at, uid, text, priority = "interrupt", whileSpeaking = "join", interruptable = true, origin = "text" } = input;
    const { floor } = this;
    if (floor === "people" ? whileSpeaking === "ignore" : floor === "agent" && priority === "ignore") {
      this.#decide({ type: "text-dropped", at });
      return;
    }
    if (floor === "people" && whileSpeaking === "append" && this.#queue.addText(input)) return;
    const replaces = floor === "people" && whileSpeaking === "replace";
    if (replaces) this.#draft = new Draft(uid, at, this.#draft?.turn);
    const draft = (this.#draft ??= new Draft(uid, at));
    draft.type(uid, at, text);
    draft.interruptable &&= interruptable;
    draft.origin = origin;
    if (floor === "agent") {
      if (this.deaf || priority === "append") return;
      this.#decide({ type: "reply-interrupt", at, cause: "text" });
    }
    this.#announce(at);
    const turn = this.#state.floor === "people" ? this.#state : undefined;
    const isHeld = this.#byHand && (this.#people.someoneHolds || draft.spoken !== "");
    if (replaces) this.#endTurn(at);
    else if (isHeld && (turn === undefined || turn.isOpen)) this.#userSpeaks(at);
    else if (this.#people.someoneSpeaks && draft.spoken !== "" && !this.#byHand) {
      (turn ?? this.#userSpeaks(at)).hurry(at);
    } else if (turn === undefined || turn.isSpeaking) this.#endTurn(at); // A pause ends by itself, and takes the text along.
  }

  #userLeft(at: number, uid: string): void {
    if (this.#people.stopSpeaking(uid)) this.#speechEnd(at, uid);
    const isLast = this.#people.someoneHolds ? this.#people.holdsAlone(uid) : this.#draft?.uid === uid;
    this.#people.leave(uid);
    this.#hearing.leave(uid);
    // They would have marked its end.
    const isOrphan = this.#state.floor === "people" && this.#state.isOpen && this.#byHand && isLast;
    if (isOrphan && !this.#people.someoneSpeaks) this.#finishTurn(at);
    const isOwed = this.#people.someoneOwesFinal;
    if (this.#state.floor === "people") this.#endAs(at, this.#state.understood({ isComplete: false, isOwed }));
    else if (this.#state.floor === "agent") this.#carryOut(at, this.#state.leftOpen(isOwed));
  }

  // What clients and the API ask for

  #markStart(mark: Mark): void {
    const { at, uid } = mark;
    const holds = this.#people.holds(uid);
    const waits = this.#state.floor === "agent" && this.deaf;
    const goesOn = holds && (waits || (this.#state.floor === "people" && this.#state.isSpeaking));
    if (this.#settings.onset !== "manual") return this.#answer(mark, "not-manual");
    if (goesOn || (waits && this.#overlappingBy(uid) === "ignore")) return this.#answer(mark, "no-turn");
    if (!holds && this.#people.hold(uid, at)) this.#decide({ type: "utterance-end", at, uid });
    this.#draft ??= new Draft(uid, at);
    this.#draft.closed = false;
    if (this.floor === "agent" && !waits) this.#decide({ type: "reply-interrupt", at, cause: "start_of_speech" });
    if (!waits) this.#userSpeaks(at);
    this.#answer(mark);
  }

  #markEnd(mark: Mark): void {
    const { at, uid } = mark;
    const state = this.#state;
    const isOpen = state.floor === "people" ? state.isOpen : state.floor === "agent" && this.#draft?.closed === false;
    if (!this.#byHand) return this.#answer(mark, "not-manual");
    if (!isOpen || (this.#people.someoneHolds && !this.#people.holds(uid))) return this.#answer(mark, "no-turn");
    this.#answer(mark);
    if (this.#people.someoneHolds && !this.#people.holdsAlone(uid)) {
      this.#endUtterance(at, uid); // Somebody else goes on.
      this.#people.releaseOne(uid);
    } else if (state.floor === "people") {
      if (this.#people.someoneSpeaks) state.release(at);
      else this.#finishTurn(at);
    } else {
      if (this.#draft !== undefined) this.#draft.closed = true;
      this.#endUtterances(at);
      this.#people.release();
    }
  }

  #answer({ mark, at, uid, requestId }: Mark, refused: MarkRefusal | null = null): void {
    const turn = refused === null ? (this.#draft?.turn ?? null) : null;
    this.#decide({ type: "turn-marked", at, mark, uid, requestId, turn, refused });
  }

  #change(at: number, settings: TurnTakingSettings): void {
    this.#settings = settings;
    const onlyMarked = settings.onset === "manual";
    if (onlyMarked && !this.#people.onlyMarked && this.floor === "people") this.#people.holdSpeakers();
    this.#people.onlyMarked = onlyMarked;
    const { someoneSpeaks, someoneHolds } = this.#people;
    // Nothing else would end it any more.
    if (this.#state.floor === "people" && this.#state.isSpeaking && !this.#byHand && !someoneSpeaks && !someoneHolds)
      this.#state.pause(at, at, settings);
  }

  #say({ at, priority, ...say }: Extract<TurnInput, { type: "say" }>): void {
    const free = this.#state.floor === "nobody" && !this.#queue.saysWait;
    if (priority === "interrupt" || free) {
      if (this.floor === "agent") this.#decide({ type: "reply-interrupt", at, cause: "api_speak" });
      this.#startSay(at, say);
    } else {
      const waits = priority === "append" && this.#queue.addSay(say);
      this.#decide({ type: waits ? "say-queued" : "say-dropped", at, id: say.id });
    }
  }

  #startSay(at: number, { id, ...rule }: Say): void {
    // Words of a person that it cuts into stay in the draft, and are answered afterwards under a number of their own.
    this.#withdraw(at, this.#draft);
    this.#decide({ type: "say-start", at, id, turn: this.#numbers.take() });
    this.#reply(at, rule);
  }

  // Time

  #deadlinePassed(at: number): void {
    switch (this.#state.floor) {
      case "nobody":
        break;
      case "people":
        this.#endAs(at, this.#state.late(this.#settings, this.#draft?.isComplete ?? true));
        break;
      case "agent": {
        const verdict = this.#state.late(this.#settings, this.#draft?.isDoubtful ?? false);
        this.#carryOut(at, verdict);
        if (verdict.type === "hold" && this.#meansIt) this.#barge(at);
        break;
      }
    }
  }

  // Steps

  #userSpeaks(at: number): Endpointing {
    const turn = this.#state.floor === "people" ? this.#state : new Endpointing(this.#draft?.startMs ?? at);
    turn.speak();
    this.#state = turn;
    this.#announce(at);
    return turn;
  }

  #announce(at: number): void {
    if (this.#draft === undefined || this.#draft.turn !== undefined) return;
    this.#draft.turn = this.#numbers.take();
    this.#decide({ type: "turn-start", at, turn: this.#draft.turn, uid: this.#draft.uid });
  }

  /** What was told to be a turn is none, or not yet. */
  #withdraw(at: number, draft: Draft | undefined): void {
    if (draft?.turn === undefined) return;
    this.#decide({ type: "turn-dropped", at, turn: draft.turn, uid: draft.uid });
    this.#numbers.giveBack(draft.turn);
    draft.turn = undefined;
  }

  #endAs(at: number, verdict: EndVerdict): void {
    switch (verdict) {
      case "none":
        break;
      case "cut":
        this.#endUtterances(at);
        this.#dropNoise(at);
        break;
      case "overlong":
        if (this.#draft?.turn !== undefined)
          this.#decide({ type: "turn-overlong", at, turn: this.#draft.turn, uid: this.#draft.uid, maxMs: maxTurnMs });
        this.#finishTurn(at);
        break;
      case "finish":
        this.#finishTurn(at);
        break;
      case "end":
        this.#endTurn(at);
        break;
    }
  }

  /** The silence is long enough, or a mark has come: the turn is over as soon as its words are known. */
  #finishTurn(at: number): void {
    this.#endUtterances(at);
    if (this.#byHand) {
      if (this.#draft !== undefined && this.#people.someoneSpeaks) this.#draft.endMs = at;
      this.#people.cutSpeech();
      this.#people.release();
    }
    if (!this.#people.someoneOwesFinal || this.#state.floor !== "people") this.#endTurn(at);
    else this.#state.finish(at);
  }

  /** A voice began a turn that a mark shall end, and it was none: nobody would mark its end. */
  #dropNoise(at: number): void {
    const { someoneSpeaks, someoneHolds, someoneOwesFinal } = this.#people;
    if (this.floor === "people" && this.#byHand && this.text === "" && !someoneSpeaks && !someoneHolds && !someoneOwesFinal)
      this.#endTurn(at);
  }

  #endTurn(at: number): void {
    const draft = this.#draft;
    this.#people.ignoreOwed();
    this.#people.release();
    this.#draft = undefined;
    if (draft === undefined || draft.text === "") {
      this.#withdraw(at, draft);
      this.#listen(at);
      return;
    }
    const { uid, text, startMs, turn = this.#numbers.take() } = draft;
    const by = draft.spoken === "" ? draft.origin : "voice";
    const endMs = by === "voice" ? Math.max(draft.endMs, startMs) : at;
    this.#decide({ type: "turn-end", at, turn, uid, text, startMs, endMs, by });
    this.#reply(at, draft);
  }

  #reply(at: number, rule: ReplyRule): void {
    this.#state = new BargeIn(at, rule);
    this.#people.overhear();
  }

  #carryOut(at: number, verdict: Verdict): void {
    switch (verdict.type) {
      case "none":
        break;
      case "duck":
      case "hold":
        this.#decide({ type: `reply-${verdict.type}`, at });
        break;
      case "interrupt":
        this.#barge(at);
        break;
      case "resume":
        this.#people.ignoreOwed();
        this.#ignoreSince(at, verdict.since);
        this.#decide({ type: "reply-resume", at });
        break;
      case "ignore":
        this.#ignoreSince(at, verdict.since);
        break;
      case "give-up":
        this.#people.overhear();
        this.#decide({ type: "reply-resume", at });
        break;
    }
  }

  /** Someone means it: the reply is over, the floor is theirs. */
  #barge(at: number): void {
    this.#decide({ type: "reply-interrupt", at, cause: "start_of_speech" });
    this.#handOver(at);
  }

  #handOver(at: number): void {
    const turn = this.#userSpeaks(at);
    if (this.#draft?.closed === true) this.#finishTurn(at);
    else if (!this.#byHand && !this.#people.someoneSpeaks && !this.#people.someoneHolds)
      turn.pause(at, this.#draft?.endMs ?? at, this.#settings);
  }

  /** What was said over the reply from then on counts for nothing. */
  #ignoreSince(at: number, since: number): void {
    const draft = this.#draft;
    if (draft === undefined) return;
    const forgotten = draft.forgetSince(since);
    this.#ignore(at, { ...forgotten, endMs: Math.max(draft.endMs, forgotten.startMs) }, whyIgnored(this.#settings));
    if (draft.text === "") this.#draft = undefined;
  }

  #ignore(at: number, speech: Overheard, cause: IgnoredCause | undefined): void {
    if (speech.text === "" || cause === undefined) return;
    this.#decide({ type: "speech-ignored", at, turn: this.#numbers.takeAside(), ...speech, cause });
  }

  /** The agent has finished: people who spoke in the meantime come next, then texts that wait. */
  #afterReply(at: number): void {
    this.#draft ??= this.#hearing.outlasting();
    const { someoneOwesFinal, someoneIsOpen, someoneHolds } = this.#people;
    const unanswered = someoneOwesFinal || someoneIsOpen || someoneHolds || this.text !== "";
    if (this.#draft !== undefined && unanswered) this.#handOver(at);
    else this.#listen(at);
  }

  #listen(at: number): void {
    this.#state = listening;
    this.#draft = undefined;
    const text = this.#queue.nextText();
    if (text !== undefined) return this.#text({ ...text, at });
    const say = this.#queue.nextSay();
    if (say !== undefined) this.#startSay(at, say);
  }

  #endUtterances(at: number): void {
    for (const uid of this.#people.endUtterances()) this.#decide({ type: "utterance-end", at, uid });
  }

  #endUtterance(at: number, uid: string): void {
    if (this.#people.endUtterance(uid)) this.#decide({ type: "utterance-end", at, uid });
  }

  // What is known

  /** A mark ends the turn, and nothing else. */
  get #byHand(): boolean {
    return this.#settings.endpointing === "manual";
  }

  /** The reply under way cannot be interrupted: what people say is kept for afterwards. */
  get deaf(): boolean {
    return this.#state.floor === "agent" && this.#state.isDeaf(this.#settings);
  }

  /** What becomes of that person's speech now. */
  #overlappingBy(uid: string): Overlapping {
    return this.#state.floor === "agent" ? this.#state.overlapping(this.#settings, this.#people.holds(uid)) : "append";
  }

  /** There are words over the agent, and they count. */
  get #meansIt(): boolean {
    return interrupts(this.#draft?.spoken ?? "", this.#settings);
  }

  #decide(decision: TurnDecision): void {
    this.#decisions.push(decision);
  }
}
