/** Who speaks, who holds the button, and whose recogniser owes a final transcript. */

interface Person {
  /** Onset of the speech that goes on; undefined in silence. */
  speakingSince: number | undefined;
  /** Onset of the utterance that the recogniser works on. */
  utteranceAt: number;
  /** Spoke since their recogniser was last asked for a final. */
  open: boolean;
  /** Finals that were asked for and have not come, in order: whether somebody waits for it. */
  owed: boolean[];
  /** Their speech was there before the reply: only words make it count. */
  overheard: boolean;
  /** They have marked a start that still holds. */
  holds: boolean;
  /** A mark ended their turn while they spoke: what is left of that speech counts for nothing. */
  released: boolean;
}

/** Finals at most that one recogniser can owe. */
const MAX_OWED = 64;

export class People {
  /** Only the speech of people who have marked its start counts. */
  onlyMarked = false;
  readonly #people = new Map<string, Person>();

  /** False if that person was speaking already. */
  startSpeaking(uid: string, at: number): boolean {
    const person = this.#get(uid);
    if (person.speakingSince !== undefined) return false;
    person.speakingSince = at;
    if (!person.open) person.utteranceAt = at;
    person.open = true;
    person.overheard = false;
    person.released = false;
    return true;
  }

  /** False if that person was not speaking. */
  stopSpeaking(uid: string): boolean {
    const person = this.#get(uid);
    if (person.speakingSince === undefined) return false;
    person.speakingSince = undefined;
    return true;
  }

  leave(uid: string): void {
    this.#people.delete(uid);
  }

  /** Their speech is part of what is being decided. */
  counts(uid: string): boolean {
    return this.#counts(this.#get(uid));
  }

  /** They have marked the start of their speech: what they have said so far is not part of it. True if their recogniser must begin anew. */
  hold(uid: string, at: number): boolean {
    const person = this.#get(uid);
    person.holds = true;
    const { open } = person;
    if (open) this.#ask(person, false);
    person.utteranceAt = at;
    return open;
  }

  holds(uid: string): boolean {
    return this.#get(uid).holds;
  }

  holdsAlone(uid: string): boolean {
    return this.#get(uid).holds && !this.#some((person) => person.holds && person !== this.#get(uid));
  }

  /** Their mark holds no longer. */
  releaseOne(uid: string): void {
    this.#get(uid).holds = false;
  }

  /** Nobody's mark does. */
  release(): void {
    for (const person of this.#people.values()) person.holds = false;
  }

  /** Speech that is going on was cut by a mark: the rest of it counts for nothing. */
  cutSpeech(): void {
    for (const person of this.#people.values()) person.released = person.speakingSince !== undefined;
  }

  /** Marks are wanted from now on: who speaks counts as if they had marked its start. */
  holdSpeakers(): void {
    for (const person of this.#people.values()) person.holds ||= person.speakingSince !== undefined;
  }

  /** Takes note of a transcript; tells where its utterance began, or undefined if nobody waits for it. */
  transcript(uid: string, final: boolean): number | undefined {
    const person = this.#get(uid);
    const wanted = person.owed[0] ?? this.#counts(person);
    if (final) person.owed.shift();
    return wanted ? person.utteranceAt : undefined;
  }

  /** Asks for the finals of all open utterances that count; returns whose they are. */
  endUtterances(): string[] {
    const ended: string[] = [];
    for (const [uid, person] of this.#people) {
      if (!person.open || !this.#counts(person)) continue;
      this.#ask(person, true);
      ended.push(uid);
    }
    return ended;
  }

  /** The same for one person, whether they count or not; false if they have none. */
  endUtterance(uid: string): boolean {
    const person = this.#get(uid);
    if (!person.open) return false;
    this.#ask(person, this.#counts(person));
    return true;
  }

  /** Finals that are owed will be taken no notice of. */
  ignoreOwed(): void {
    for (const person of this.#people.values()) person.owed.fill(false);
  }

  ignoreOwedBy(uid: string): void {
    this.#get(uid).owed.fill(false);
  }

  /** From here on, speech that is going on counts only if it turns out to be words. */
  overhear(): void {
    for (const person of this.#people.values()) person.overheard = person.speakingSince !== undefined && !person.released;
  }

  isOverheard(uid: string): boolean {
    const person = this.#get(uid);
    return person.overheard && this.#counts(person);
  }

  /** They have spoken since their recogniser was last asked for a final. */
  isOpen(uid: string): boolean {
    return this.#get(uid).open;
  }

  get someoneSpeaks(): boolean {
    return this.#some((person) => person.speakingSince !== undefined && this.#counts(person));
  }

  get someoneIsOpen(): boolean {
    return this.#some((person) => person.open && this.#counts(person));
  }

  get someoneOwesFinal(): boolean {
    return this.#some((person) => person.owed.includes(true));
  }

  get someoneHolds(): boolean {
    return this.#some((person) => person.holds);
  }

  #counts(person: Person): boolean {
    return !this.onlyMarked || person.holds;
  }

  #ask(person: Person, wanted: boolean): void {
    person.open = person.speakingSince !== undefined;
    person.owed.push(wanted);
    // A recogniser that never answers.
    if (person.owed.length > MAX_OWED) person.owed.shift();
  }

  #some(is: (person: Person) => boolean): boolean {
    for (const person of this.#people.values()) if (is(person)) return true;
    return false;
  }

  #get(uid: string): Person {
    let person = this.#people.get(uid);
    if (person === undefined) {
      person = {
        speakingSince: undefined,
        utteranceAt: 0,
        open: false,
        owed: [],
        overheard: false,
        holds: false,
        released: false,
      };
      this.#people.set(uid, person);
    }
    return person;
  }
}
