/** Decides whose turn it is: when a person's turn begins and ends, and what happens to the agent when someone speaks over it. */
import { Draft } from "./draft.ts";
import { People } from "./people.ts";
import { carriesMeaning, endsOpen, holdsPhrase } from "./phrases.ts";
import type { TurnDecision, TurnInput, TurnTakingSettings } from "./turn-contract.ts";

/** Silence that a reply is held for, waiting whether speech over it goes on, in milliseconds after `interruptMs`. A cough is over by then. */
const confirmMs = 440;
/** Longest wait for words that a held reply gives to a noise without any. */
const wordsPatienceMs = 1500;
/** Longest wait for a recogniser's final transcript. */
const finalPatienceMs = 2000;
/** A turn is ended when it has grown this long: a noise that never ends must not make the agent deaf. */
const maxTurnMs = 60_000;
/** Typed text waits this long for a person who is speaking at the same time. */
const textPatienceMs = 3000;
/** Texts that may wait. More are dropped. */
const maxQueued = 32;
/** Probability from which a sentence counts as complete. */
const completeFrom = 0.5;

/**
 *                        speech-start                speech-end               time
 *   listening ────────────────────▶ user-speaking ───────────▶ user-pausing ─────▶ user-finishing
 *       ▲                                 ▲  ◀── speech-start ──────┘                   │ final transcript
 *       │ reply-end                       │                                             ▼
 *       └─────────────────────────────────┼──────────────────────────────────────── replying ◀── reply-resume ──┐
 *                                         │ reply-interrupt                             │ speech-start (duck)   │
 *                                         │                                             ▼                       │
 *                                         └─── replying-held ◀── interruptMs (hold) ─ replying-ducked ──────────┤
 *                                                    │ speech-end                                               │
 *                                                    └──▶ replying-checking ── no words ────────────────────────┘
 */
type State =
  | { name: "listening" }
  | { name: "user-speaking"; until: number }
  | { name: "user-pausing"; until: number; extended: boolean }
  | { name: "user-finishing"; until: number }
  | { name: "replying" }
  /** `since`: onset of the speech over the agent. */
  | { name: "replying-ducked"; since: number; until: number }
  | { name: "replying-held"; since: number; until: number }
  | { name: "replying-checking"; since: number; until: number };

type TextInput = Extract<TurnInput, { type: "text" }>;

export class TurnTaking {
  readonly #settings: TurnTakingSettings;
  readonly #people = new People();
  #state: State = { name: "listening" };
  #turn = 0;
  #draft: Draft | undefined;
  #interruptable = true;
  #says: { id: number; interruptable: boolean }[] = [];
  /** Typed texts that wait until what goes on is answered. */
  #texts: TextInput[] = [];
  #decisions: TurnDecision[] = [];

  constructor(settings: TurnTakingSettings) {
    this.#settings = settings;
  }

  /** When the next `time` input is due. */
  get deadline(): number | undefined {
    return "until" in this.#state ? this.#state.until : undefined;
  }

  /** Whose floor it is. */
  get floor(): "nobody" | "people" | "agent" {
    switch (this.#state.name) {
      case "listening":
        return "nobody";
      case "user-speaking":
      case "user-pausing":
      case "user-finishing":
        return "people";
      case "replying":
      case "replying-ducked":
      case "replying-held":
      case "replying-checking":
        return "agent";
    }
  }

  /** Number of the newest turn; 0 before the first. */
  get turn(): number {
    return this.#turn;
  }

  /** What people have said in the turn that is not over yet, as far as it is understood. */
  get text(): string {
    return this.#draft?.text ?? "";
  }

  handle(input: TurnInput): TurnDecision[] {
    this.#decisions = [];
    switch (input.type) {
      case "speech-start":
        if (this.#people.startSpeaking(input.uid, input.at)) this.#speechStart(input.at, input.uid);
        break;
      case "speech-end":
        if (this.#people.stopSpeaking(input.uid)) this.#speechEnd(input.at);
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
        if (this.floor !== "agent") break;
        this.#decide({ type: "reply-interrupt", at: input.at, cause: input.cause });
        this.#afterReply(input.at);
        break;
      case "reply-end":
        if (this.floor === "agent") this.#afterReply(input.at);
        break;
      case "user-left":
        this.#userLeft(input.at, input.uid);
        break;
      case "time":
        if (this.deadline !== undefined && input.at >= this.deadline) this.#deadlinePassed(input.at);
        break;
    }
    return this.#decisions;
  }

  // What people do

  #speechStart(at: number, uid: string): void {
    switch (this.#state.name) {
      case "listening":
        this.#draft = new Draft(uid, at);
        this.#userSpeaks(at);
        break;
      case "user-pausing":
      case "user-finishing":
        this.#userSpeaks(at);
        break;
      case "replying":
        if (this.#deaf && this.#settings.overlapping === "ignore") break;
        this.#draft ??= new Draft(uid, at);
        if (this.#deaf) break;
        this.#state = { name: "replying-ducked", since: at, until: at + this.#settings.interruptMs };
        this.#decide({ type: "reply-duck", at });
        break;
      case "replying-checking":
        this.#state = {
          name: "replying-held",
          since: this.#state.since,
          until: at + this.#settings.interruptMs + confirmMs,
        };
        break;
      case "user-speaking":
      case "replying-ducked":
      case "replying-held":
        break;
    }
  }

  #speechEnd(at: number): void {
    if (this.#draft !== undefined) this.#draft.endMs = Math.max(this.#draft.endMs, at);
    if (this.#people.someoneSpeaks) return;
    switch (this.#state.name) {
      case "listening":
      case "replying":
        // Speech that nobody answers, or only later: its words are wanted all the same.
        this.#endUtterances(at);
        break;
      case "user-speaking":
        this.#state = { name: "user-pausing", until: at + this.#settings.endpointingMs, extended: false };
        break;
      case "replying-ducked":
        this.#endUtterances(at);
        this.#resumeReply(at, this.#state.since);
        break;
      case "replying-held":
        this.#endUtterances(at);
        this.#state = { name: "replying-checking", since: this.#state.since, until: at + wordsPatienceMs };
        break;
      case "user-pausing":
      case "user-finishing":
      case "replying-checking":
        break;
    }
  }

  #transcript({ at, uid, text, final, complete }: Extract<TurnInput, { type: "transcript" }>): void {
    const utteranceAt = this.#people.transcript(uid, final);
    if (utteranceAt === undefined) return;
    const overheard = this.#people.isOverheard(uid);
    if (overheard && text.trim() !== "") this.#draft ??= new Draft(uid, utteranceAt);
    this.#draft?.hear(uid, utteranceAt, text, final);
    if (this.#draft !== undefined && complete !== undefined) this.#draft.complete = complete;
    switch (this.#state.name) {
      case "listening":
        // A noise that was there before the last reply, and outlasted it, turns out to be words.
        if ((this.#draft?.text ?? "") !== "") this.#handOver(at);
        break;
      case "user-speaking":
      case "replying-ducked":
        break;
      case "user-pausing":
        if (this.#state.extended && this.#isComplete) this.#finishTurn(at);
        break;
      case "user-finishing":
        if (!this.#people.someoneOwesFinal) this.#endTurn(at);
        break;
      case "replying":
        if (overheard && !this.#deaf && this.#meansIt) this.#barge(at);
        break;
      case "replying-held":
        if (this.#meansIt) this.#barge(at);
        break;
      case "replying-checking":
        if (this.#meansIt) this.#barge(at);
        else if (!this.#people.someoneOwesFinal) this.#resumeReply(at, this.#state.since);
        break;
    }
  }

  #text(input: TextInput): void {
    const { at, uid, text, priority = "interrupt", whileSpeaking = "join", interruptable = true, origin = "text" } = input;
    if (this.floor === "people" ? whileSpeaking === "ignore" : this.floor === "agent" && priority === "ignore") {
      this.#decide({ type: "text-dropped", at });
      return;
    }
    if (this.floor === "people" && whileSpeaking === "append" && this.#texts.length < maxQueued) {
      this.#texts.push(input);
      return;
    }
    const replaces = this.floor === "people" && whileSpeaking === "replace";
    if (replaces && this.#draft !== undefined) {
      const { announced } = this.#draft;
      this.#draft = new Draft(uid, at);
      this.#draft.announced = announced;
    }
    const draft = (this.#draft ??= new Draft(uid, at));
    draft.type(uid, at, text);
    draft.interruptable &&= interruptable;
    draft.origin = origin;
    if (this.floor === "agent") {
      if (this.#deaf || priority === "append") return;
      this.#decide({ type: "reply-interrupt", at, cause: "text" });
    }
    this.#announce(at);
    if (this.#people.someoneSpeaks && draft.spoken !== "") {
      const until = this.#state.name === "user-speaking" ? this.#state.until : Number.POSITIVE_INFINITY;
      this.#state = { name: "user-speaking", until: Math.min(until, at + textPatienceMs) };
    } else if (replaces || (this.#state.name !== "user-pausing" && this.#state.name !== "user-finishing")) {
      this.#endTurn(at); // A pause ends by itself, and takes the text along.
    }
  }

  #userLeft(at: number, uid: string): void {
    if (this.#people.stopSpeaking(uid)) this.#speechEnd(at);
    this.#people.leave(uid);
    if (this.#people.someoneOwesFinal) return;
    if (this.#state.name === "user-finishing") this.#endTurn(at);
    else if (this.#state.name === "replying-checking") this.#resumeReply(at, this.#state.since);
  }

  // What the API asks for

  #say({ at, id, priority, interruptable }: Extract<TurnInput, { type: "say" }>): void {
    const free = this.#state.name === "listening" && this.#says.length === 0;
    if (priority === "interrupt" || free) {
      if (this.floor === "agent") this.#decide({ type: "reply-interrupt", at, cause: "api_speak" });
      this.#startSay(at, id, interruptable);
    } else if (priority === "append" && this.#says.length < maxQueued) {
      this.#says.push({ id, interruptable });
      this.#decide({ type: "say-queued", at, id });
    } else {
      this.#decide({ type: "say-dropped", at, id });
    }
  }

  #startSay(at: number, id: number, interruptable: boolean): void {
    // Words of a person that it cuts into stay in the draft, and are answered afterwards under a number of their own.
    if (this.#draft?.announced === true) {
      this.#decide({ type: "turn-dropped", at, turn: this.#turn, uid: this.#draft.uid });
      this.#draft.announced = false;
      this.#turn -= 1;
    }
    this.#turn += 1;
    this.#decide({ type: "say-start", at, id, turn: this.#turn });
    this.#reply(interruptable);
  }

  // Time

  #deadlinePassed(at: number): void {
    switch (this.#state.name) {
      case "listening":
      case "replying":
        break;
      case "user-speaking":
        this.#finishTurn(at);
        break;
      case "user-pausing": {
        const waits = this.#settings.endpointing === "semantic" && !this.#state.extended && !this.#isComplete;
        const patience = this.#settings.maxWaitMs - this.#settings.endpointingMs;
        if (waits && patience > 0) this.#state = { name: "user-pausing", until: this.#state.until + patience, extended: true };
        else this.#finishTurn(at);
        break;
      }
      case "user-finishing":
        this.#people.ignoreOwed();
        this.#endTurn(at);
        break;
      case "replying-ducked": {
        const { since, until } = this.#state;
        const patience = this.#settings.interruption === "speech" ? confirmMs : wordsPatienceMs;
        this.#state = { name: "replying-held", since, until: until + patience };
        this.#decide({ type: "reply-hold", at });
        if (this.#meansIt) this.#barge(at);
        break;
      }
      case "replying-held":
        if (this.#settings.interruption === "speech") this.#barge(at);
        else this.#giveUpOnNoise(at);
        break;
      case "replying-checking":
        this.#resumeReply(at, this.#state.since);
        break;
    }
  }

  // Steps

  #userSpeaks(at: number): void {
    this.#state = { name: "user-speaking", until: (this.#draft?.startMs ?? at) + maxTurnMs };
    this.#announce(at);
  }

  #announce(at: number): void {
    if (this.#draft === undefined || this.#draft.announced) return;
    this.#draft.announced = true;
    this.#turn += 1;
    this.#decide({ type: "turn-start", at, turn: this.#turn, uid: this.#draft.uid });
  }

  /** The silence is long enough: the turn is over as soon as its words are known. */
  #finishTurn(at: number): void {
    this.#endUtterances(at);
    if (this.#people.someoneOwesFinal) this.#state = { name: "user-finishing", until: at + finalPatienceMs };
    else this.#endTurn(at);
  }

  #endTurn(at: number): void {
    const draft = this.#draft;
    this.#people.ignoreOwed();
    this.#draft = undefined;
    if (draft === undefined || draft.text === "") {
      if (draft?.announced === true) {
        this.#decide({ type: "turn-dropped", at, turn: this.#turn, uid: draft.uid });
        this.#turn -= 1;
      }
      this.#listen(at);
      return;
    }
    const by = draft.spoken === "" ? draft.origin : "voice";
    const endMs = by === "voice" ? draft.endMs : at;
    this.#decide({
      type: "turn-end",
      at,
      turn: this.#turn,
      uid: draft.uid,
      text: draft.text,
      startMs: draft.startMs,
      endMs,
      by,
    });
    this.#reply(draft.interruptable);
  }

  #reply(interruptable: boolean): void {
    this.#state = { name: "replying" };
    this.#interruptable = interruptable;
    this.#people.overhear();
  }

  /** Someone means it: the reply is over, the floor is theirs. */
  #barge(at: number): void {
    this.#decide({ type: "reply-interrupt", at, cause: "start_of_speech" });
    this.#handOver(at);
  }

  #handOver(at: number): void {
    if (this.#people.someoneSpeaks) {
      this.#userSpeaks(at);
      return;
    }
    this.#announce(at);
    const until = Math.max(at, (this.#draft?.endMs ?? at) + this.#settings.endpointingMs);
    this.#state = { name: "user-pausing", until, extended: false };
  }

  #resumeReply(at: number, since: number): void {
    this.#people.ignoreOwed();
    this.#draft?.forgetSince(since);
    if (this.#draft?.text === "") this.#draft = undefined;
    this.#state = { name: "replying" };
    this.#decide({ type: "reply-resume", at });
  }

  /** A noise without words goes on: the reply does too, and the noise counts no more until it has words. */
  #giveUpOnNoise(at: number): void {
    this.#people.overhear();
    this.#state = { name: "replying" };
    this.#decide({ type: "reply-resume", at });
  }

  /** The agent has finished: people who spoke in the meantime come next, then texts that wait. */
  #afterReply(at: number): void {
    const unanswered = this.#people.someoneOwesFinal || this.#people.someoneIsOpen || (this.#draft?.text ?? "") !== "";
    if (this.#draft !== undefined && unanswered) this.#handOver(at);
    else this.#listen(at);
  }

  #listen(at: number): void {
    this.#state = { name: "listening" };
    this.#draft = undefined;
    const text = this.#texts.shift();
    if (text !== undefined) {
      this.#text({ ...text, at });
      return;
    }
    const say = this.#says.shift();
    if (say !== undefined) this.#startSay(at, say.id, say.interruptable);
  }

  #endUtterances(at: number): void {
    for (const uid of this.#people.endUtterances()) this.#decide({ type: "utterance-end", at, uid });
  }

  // What is known

  /** The reply under way cannot be interrupted: what people say is kept for afterwards. */
  get #deaf(): boolean {
    return !this.#interruptable || this.#settings.interruption === "never";
  }

  /** There are words over the agent, and they count. */
  get #meansIt(): boolean {
    const words = this.#draft?.spoken ?? "";
    switch (this.#settings.interruption) {
      case "speech":
        return words !== "";
      case "words":
        return carriesMeaning(words);
      case "keywords":
        return holdsPhrase(words, this.#settings.keywords);
      case "never":
        return false;
    }
  }

  get #isComplete(): boolean {
    if (this.#draft === undefined) return true;
    return (this.#draft.complete ?? 1) >= completeFrom && !endsOpen(this.#draft.text);
  }

  #decide(decision: TurnDecision): void {
    this.#decisions.push(decision);
  }
}
