/** How many calls with embedded speech this machine holds: from its cores, and from how fast it speaks one sentence. */
import type { Speech } from "@parley/speech";

/** Seconds of one core for a second of speech on the machine where {@link CALLS_PER_CORE} was measured. */
const REFERENCE_COST = 0.05;
/** More than this many calls at once on such a core, and answers begin to come late. */
const CALLS_PER_CORE = 4;

const SENTENCE = "This sentence is spoken to see how fast this machine is.";
/** The cheapest of so many counts: what else the machine does at that moment must not. */
const ROUNDS = 3;

/** `cost`: seconds that one core takes for a second of speech. At least one call: a slow machine still has to answer. */
export function embeddedCalls({ cores, cost }: { readonly cores: number; readonly cost: number }): number {
  return Math.max(1, Math.floor((cores * CALLS_PER_CORE * REFERENCE_COST) / Math.max(cost, REFERENCE_COST / 4)));
}

/** Speaks a sentence, unheard, and returns what a second of speech costs, in seconds of one core. */
export async function measureSpeechCost(speech: Speech, signal: AbortSignal): Promise<number> {
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [begun, used] = [performance.now(), process.cpuUsage()];
    const { pcm, sampleRate } = await speech.speak(SENTENCE, { speaker: 0, speed: 1, signal });
    const { user, system } = process.cpuUsage(used);
    // The clock runs on while other programs have the core, processor time counts what this one does besides: the lesser is nearer.
    const seconds = Math.min((performance.now() - begun) / 1000, (user + system) / 1e6);
    costs.push(seconds / (pcm.length / sampleRate));
  }
  return Math.min(...costs);
}
