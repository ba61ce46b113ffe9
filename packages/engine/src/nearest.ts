/** Finds what somebody probably meant: the allowed word closest to the one they wrote. */

/** The allowed word nearest to `word`, or undefined when none is near enough to be worth naming. */
export function nearest(word: string, allowed: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase().slice(0, LONGEST);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of allowed) {
    const distance = editDistance(wanted, candidate.toLowerCase().slice(0, LONGEST));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  if (best === undefined) return undefined;
  return bestDistance <= Math.max(2, Math.floor(Math.max(wanted.length, best.length) / 2)) ? best : undefined;
}

/** Compares at most this many characters, so that a hostile word costs little. */
const LONGEST = 64;

/** Levenshtein distance, with swapped neighbours at the price of one (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(before, j - 2) + 1);
      next.push(cost);
    }
    [before, row] = [row, next];
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
