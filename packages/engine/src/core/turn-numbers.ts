/** Numbers of turns, from 1: none is given twice to turns that happened, and none that clients have seen goes down. */

export class TurnNumbers {
  #next: number;
  #newest: number;

  /** `last`: number of the last turn before. */
  constructor(last = 0) {
    this.#next = last + 1;
    this.#newest = last;
  }

  /** Number of the newest turn that had the floor; 0 before the first. Stays when that turn comes to nothing. */
  get newest(): number {
    return this.#newest;
  }

  /** For a turn that takes the floor. */
  take(): number {
    this.#newest = this.#next;
    return this.#next++;
  }

  /** For a turn beside the one that has the floor: clients go on seeing that one. */
  takeAside(): number {
    return this.#next++;
  }

  /** That turn came to nothing: its number is used again, unless a higher one has been given since. */
  giveBack(turn: number): void {
    if (turn === this.#next - 1) this.#next = turn;
  }
}
