/** Recognition as callers want it: samples in, clean text out, with a second try where the model is known to fail. */
import type { Recognition } from "../jobs.ts";
import type { Decoded, Moonshine } from "./moonshine.ts";
import { collapseRepetition, isNoise, isRepeated } from "./clean.ts";

const RATE = 16_000;
/** Below this much voice an empty answer is believed. */
const SPEECH_MS = 400;
/** Silence put around the audio when it is decoded again, in seconds: short commands come back empty without. */
const PADDING_S = [0.5, 1];

interface Segment {
  readonly pcm: Int16Array;
  readonly speechMs: number;
  readonly draft: string;
}

export interface Recogniser {
  /** `undefined` when `stopped` became true on the way. */
  recognise(segment: Segment, stopped: () => boolean): Promise<Recognition | undefined>;
}

export function createRecogniser(model: Moonshine, { judgesEnds }: { judgesEnds: boolean }): Recogniser {
  return {
    async recognise({ pcm, speechMs, draft }, stopped) {
      let decoded = await model.decode(floats(pcm, 0), { draft, stopped });
      for (const seconds of PADDING_S) {
        if (decoded === undefined || speechMs < SPEECH_MS || !isDoubtful(decoded)) break;
        const again = await model.decode(floats(pcm, Math.round(seconds * RATE)), { draft: "", stopped });
        if (again === undefined) return undefined;
        if (again.text !== "") decoded = again;
      }
      if (decoded === undefined) return undefined;
      // A comma at the end says that more may come; `complete` says that better.
      const text = isNoise(decoded, speechMs) ? "" : collapseRepetition(decoded.text).replace(/[,;:]$/u, "");
      return { text, complete: judgesEnds && text !== "" ? decoded.complete : 0, tokens: decoded.tokens };
    },
  };
}

function isDoubtful({ text }: Decoded): boolean {
  return text === "" || isRepeated(text);
}

function floats(pcm: Int16Array, padding: number): Float32Array {
  const audio = new Float32Array(pcm.length + 2 * padding);
  for (const [index, sample] of pcm.entries()) audio[padding + index] = sample / 32_768;
  return audio;
}
