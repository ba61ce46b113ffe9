/** What was let pass in a client's messages, for the log: each once in a session, and no more than a bound. Pure. */

/** More than a client's mistakes are; who wants to fill the log has these. */
const maxNotes = 50;
/** A note quotes names of the client's choice. */
const maxLength = 500;

export class Notes {
  readonly #written = new Set<string>();

  /** What is written already, elsewhere. */
  include(notes: Notes): void {
    for (const note of notes.#written) this.#written.add(note);
  }

  /** Those of a message that have not been written yet. */
  fresh(notes: readonly string[]): string[] {
    const fresh: string[] = [];
    for (const note of notes) {
      if (this.#written.size >= maxNotes) break;
      const short = note.slice(0, maxLength);
      if (this.#written.has(short)) continue;
      this.#written.add(short);
      fresh.push(this.#written.size < maxNotes ? short : `${short}; whatever follows is not noted`);
    }
    return fresh;
  }
}
