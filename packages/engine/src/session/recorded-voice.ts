/** A voice that plays a recording of the one text that it is given, and leaves that to another where there is no recording. */
import { aborted } from "../aborted.ts";
import type { Recording, Voice } from "../vendors/vendor.ts";

/** Sound that is handed on at once, in milliseconds. */
const pieceMs = 200;

/** `recording`: whoever fetches it tells why it does not come. `text`: what is said in it; empty: nobody knows. */
export function recordedVoice(recording: Promise<Recording>, text: string, otherwise: Voice): Voice {
  return {
    sampleRate: otherwise.sampleRate,
    async *speak(clauses, context) {
      // Nobody waits for a download that is not wanted any more.
      using over = aborted(context.signal);
      const found = await Promise.race([recording.catch(() => undefined), over.promise]);
      if (context.signal.aborted) return;
      if (found === undefined) {
        yield* otherwise.speak(clauses, context);
        return;
      }
      const { pcm, sampleRate } = found;
      const samples = Math.round((sampleRate * pieceMs) / 1000);
      for (let from = 0; from < pcm.length && !context.signal.aborted; from += samples) {
        const piece = pcm.subarray(from, from + samples);
        yield { type: "speech", by: "recording", pcm: piece, sampleRate, text: from === 0 ? text : "", words: [] };
      }
    },
  };
}
