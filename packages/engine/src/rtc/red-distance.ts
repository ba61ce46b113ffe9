/** Decides how much redundancy a subscriber needs, from what it reports as lost. */

/** Lost share above which each packet carries the one before it, and above which it carries two. */
const redAbove = 0.02;
const moreRedAbove = 0.08;

/** Reports in a row, about one a second, that must be better before redundancy is taken back. */
const calmReports = 5;

/** How many packets back the redundancy should reach, from what the subscriber reports. */
export class RedDistance {
  #packets: 0 | 1 | 2 = 0;
  #calm = 0;

  get packets(): 0 | 1 | 2 {
    return this.#packets;
  }

  /** `fractionLost`: 0 to 1, of the packets since the report before. */
  report(fractionLost: number): void {
    const wanted = fractionLost > moreRedAbove ? 2 : fractionLost > redAbove ? 1 : 0;
    if (wanted >= this.#packets) {
      this.#packets = wanted;
      this.#calm = 0;
      return;
    }
    this.#calm += 1;
    if (this.#calm < calmReports) return;
    this.#packets = wanted;
    this.#calm = 0;
  }
}
