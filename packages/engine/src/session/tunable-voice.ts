/** A voice whose parameters may change in mid-conversation. */
import type { Tts, Voice } from "../vendors/vendor.ts";

type Params = Readonly<Record<string, unknown>>;

export interface TunableVoice extends Voice {
  /** What is spoken from now on is spoken so; throws an `AppError` when the vendor does not take it. */
  tune(params: Params): void;
}

/**
 * `open`: the voice with these parameters beside its own. `waits`: nothing is asked of the vendor before the first words
 * are there, so that what a model says before them counts for them, too.
 */
export function tunable(open: (params: Params) => Voice, { waits }: { readonly waits: boolean }): TunableVoice {
  let params: Params = {};
  let voice = open(params);
  const speakLate: Tts = async function* (clauses, context) {
    const source = clauses[Symbol.asyncIterator]();
    const first = await source.next();
    if (first.done === true) return;
    yield* voice.speak(startingWith(first.value, source), context);
  };
  return {
    // Of the voice as it is now; a reply reads it once it speaks.
    get sampleRate() {
      return voice.sampleRate;
    },
    speak: (clauses, context) => (waits ? speakLate(clauses, context) : voice.speak(clauses, context)),
    tune(changed) {
      const wanted = { ...params, ...changed };
      voice = open(wanted);
      params = wanted;
    },
  };
}

async function* startingWith(first: string, rest: AsyncIterator<string>): AsyncGenerator<string, void, undefined> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
