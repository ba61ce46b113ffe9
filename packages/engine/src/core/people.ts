/** Who speaks, and whose recogniser owes a final transcript. */

interface Person {
  /** Onset of the speech that goes on; undefined in silence. */
  speakingSince: number | undefined;
  /** Onset of the utterance that the recogniser works on. */
  utteranceAt: number;
  /** Spoke since their recogniser was last asked for a final. */
  open: boolean;
  /** Finals that were asked for, and have not come. */
  awaited: number;
  /** Of these, how many belong to what nobody waits for any more. */
  ignored: number;
  /** Their speech was there before the reply: only words make it count. */
  overheard: boolean;
}

export class People {
  readonly #people = new Map<string, Person>();

  /** False if that person was speaking already. */
  startSpeaking(uid: string, at: number): boolean {
    const person = this.#get(uid);
    if (person.speakingSince !== undefined) return false;
    person.speakingSince = at;
    if (!person.open) person.utteranceAt = at;
    person.open = true;
    person.overheard = false;
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

  /** Takes note of a transcript; tells where its utterance began, or undefined if nobody waits for it. */
  transcript(uid: string, final: boolean): number | undefined {
    const person = this.#get(uid);
    const ignored = person.ignored > 0;
    if (final) {
      person.awaited = Math.max(0, person.awaited - 1);
      person.ignored = Math.max(0, person.ignored - 1);
    }
    return ignored ? undefined : person.utteranceAt;
  }

  /** Asks for the finals of all open utterances; returns whose they are. */
  endUtterances(): string[] {
    const ended: string[] = [];
    for (const [uid, person] of this.#people) {
      if (!person.open) continue;
      person.open = person.speakingSince !== undefined;
      person.awaited += 1;
      ended.push(uid);
    }
    return ended;
  }

  /** Finals that are owed will be taken no notice of. */
  ignoreOwed(): void {
    for (const person of this.#people.values()) person.ignored = person.awaited;
  }

  /** From here on, speech that is going on counts only if it turns out to be words. */
  overhear(): void {
    for (const person of this.#people.values()) person.overheard = person.speakingSince !== undefined;
  }

  isOverheard(uid: string): boolean {
    return this.#get(uid).overheard;
  }

  get someoneSpeaks(): boolean {
    return this.#some((person) => person.speakingSince !== undefined);
  }

  get someoneIsOpen(): boolean {
    return this.#some((person) => person.open);
  }

  get someoneOwesFinal(): boolean {
    return this.#some((person) => person.awaited > person.ignored);
  }

  #some(is: (person: Person) => boolean): boolean {
    for (const person of this.#people.values()) if (is(person)) return true;
    return false;
  }

  #get(uid: string): Person {
    let person = this.#people.get(uid);
    if (person === undefined) {
      person = { speakingSince: undefined, utteranceAt: 0, open: false, awaited: 0, ignored: 0, overheard: false };
      this.#people.set(uid, person);
    }
    return person;
  }
}
