/** Moonshine: the words in up to 15 s of English speech, by an encoder and a decoder that runs token by token. */
import { LlamaTokenizer } from "llama-tokenizer-js";
import * as ort from "onnxruntime-node";

/** Rate of the audio, in hertz. */
const RATE = 16_000;
/** The published limit: more tokens than this per second of audio are repetition. */
const TOKENS_PER_SECOND = 6;
const START = 1;
const END = 2;
/** Ids below 3 and from here on are marks, not text. */
const TEXT_LIMIT = 32_000;
/** `.`, `?` and `!` in the vocabulary of Llama. */
const TERMINALS = [29_889, 29_973, 29_991];

export interface Shape {
  readonly layers: number;
  readonly headWidth: number;
}

export const shapes: Readonly<Record<"tiny" | "base", Shape>> = {
  tiny: { layers: 6, headWidth: 36 },
  base: { layers: 8, headWidth: 52 },
};
const HEADS = 8;

export interface Decoded {
  readonly text: string;
  readonly tokens: number;
  /** Probability of `.`, `?` or `!` after the last word, 0 to 1. */
  readonly complete: number;
  /** Mean natural logarithm of the chosen tokens' probabilities: about −0.1 for clear speech. */
  readonly confidence: number;
}

export interface Moonshine {
  /** Samples −1..1 at 16 kHz. `undefined` when `stopped` became true on the way. */
  decode(audio: Float32Array, stopped: () => boolean): Promise<Decoded | undefined>;
}

export interface Sessions {
  readonly encoder: ort.InferenceSession;
  readonly decoder: ort.InferenceSession;
}

export function createMoonshine({ encoder, decoder }: Sessions, shape: Shape): Moonshine {
  const tokenizer = new LlamaTokenizer();
  const cacheNames = Array.from({ length: shape.layers }, (_, layer) => layer).flatMap((layer) =>
    ["decoder.key", "decoder.value", "encoder.key", "encoder.value"].map((part) => `${layer}.${part}`),
  );
  const first = new ort.Tensor("bool", Uint8Array.of(0), [1]);
  const later = new ort.Tensor("bool", Uint8Array.of(1), [1]);

  return {
    async decode(audio, stopped) {
      const encoded = await encoder.run({ input_values: new ort.Tensor("float32", audio, [1, audio.length]) });
      const hidden = encoded["last_hidden_state"];
      if (hidden === undefined) throw new TypeError("The encoder answered without last_hidden_state");
      const empty = new ort.Tensor("float32", new Float32Array(0), [0, HEADS, 1, shape.headWidth]);
      const cache: Record<string, ort.Tensor> = Object.fromEntries(cacheNames.map((name) => [`past_key_values.${name}`, empty]));

      const limit = Math.ceil((audio.length / RATE) * TOKENS_PER_SECOND);
      const tokens: number[] = [];
      let token = START;
      let complete = 0;
      let afterWord = false;
      let sum = 0;
      for (let step = 0; step < limit; step++) {
        if (stopped()) return undefined;
        const result = await decoder.run({
          input_ids: new ort.Tensor("int64", BigInt64Array.of(BigInt(token)), [1, 1]),
          encoder_hidden_states: hidden,
          use_cache_branch: step === 0 ? first : later,
          ...cache,
        });
        const next = choose(result["logits"]);
        sum += next.logProbability;
        if (afterWord) complete = next.terminal;
        token = next.token;
        if (token === END) break;
        tokens.push(token);
        afterWord = isWord(tokenizer.vocabById[token]);
        if (afterWord) complete = 0;
        for (const name of cacheNames) {
          if (step > 0 && name.includes("encoder")) continue;
          const present = result[`present.${name}`];
          if (present !== undefined) cache[`past_key_values.${name}`] = present;
        }
      }
      const kept = tokens.filter((id) => id > END && id < TEXT_LIMIT);
      const text = kept.length === 0 ? "" : tokenizer.decode(kept, false, false).trim();
      return { text, tokens: tokens.length, complete, confidence: sum / (tokens.length + 1) };
    },
  };
}

function isWord(piece: string | undefined): boolean {
  return piece !== undefined && /[\p{Letter}\p{Number}]/u.test(piece);
}

/** The likeliest token, and how likely a sentence's end is in its place. */
function choose(logits: ort.Tensor | undefined): { token: number; logProbability: number; terminal: number } {
  if (!(logits?.data instanceof Float32Array)) throw new TypeError("The decoder answered without logits");
  const values = logits.data;
  let token = 0;
  let highest = -Infinity;
  for (let id = 0; id < values.length; id++) {
    const value = values[id] ?? -Infinity;
    if (value > highest) {
      highest = value;
      token = id;
    }
  }
  let total = 0;
  for (const value of values) total += Math.exp(value - highest);
  const terminal = TERMINALS.reduce((sum, id) => sum + Math.exp((values[id] ?? -Infinity) - highest), 0) / total;
  return { token, logProbability: -Math.log(total), terminal };
}
