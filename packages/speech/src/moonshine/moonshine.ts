/** Moonshine: the words in up to 15 s of English speech, by an encoder and a decoder that chooses token after token. */
import { LlamaTokenizer } from "llama-tokenizer-js";
import * as ort from "onnxruntime-node";
import { Draft } from "./draft.ts";

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
/** A token less likely than the best by e to this power adds nothing to the sum of all. */
const NEGLIGIBLE = 16;

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

export interface DecodeOptions {
  /** What the text probably is: the closer, the sooner the result is there. The result differs from that without a draft in rounding alone. */
  readonly draft: string;
  readonly stopped: () => boolean;
}

export interface Moonshine {
  /** Samples −1..1 at 16 kHz. `undefined` when `stopped` became true on the way. */
  decode(audio: Float32Array, options: DecodeOptions): Promise<Decoded | undefined>;
}

export interface Sessions {
  readonly encoder: ort.InferenceSession;
  readonly decoder: ort.InferenceSession;
}

export function createMoonshine({ encoder, decoder }: Sessions, shape: Shape): Moonshine {
  const tokenizer = new LlamaTokenizer();
  const layers = Array.from({ length: shape.layers }, (_, layer) => layer);
  const ownNames = layers.flatMap((layer) => [`${layer}.decoder.key`, `${layer}.decoder.value`]);
  const crossNames = layers.flatMap((layer) => [`${layer}.encoder.key`, `${layer}.encoder.value`]);
  // The caches over the encoder's output come from the first run; what is not asked for is not copied.
  const firstNames = [...ownNames, ...crossNames];
  const present = (name: string): string => `present.${name}`;
  const no = new ort.Tensor("bool", Uint8Array.of(0), [1]);
  const yes = new ort.Tensor("bool", Uint8Array.of(1), [1]);
  const empty = new ort.Tensor("float32", new Float32Array(0), [0, HEADS, 1, shape.headWidth]);

  const encode = async (audio: Float32Array): Promise<ort.Tensor> => {
    const result = await encoder.run({ input_values: new ort.Tensor("float32", audio, [1, audio.length]) });
    return must(result["last_hidden_state"]);
  };

  return {
    async decode(audio, { draft, stopped }) {
      const encoder_hidden_states = await encode(audio);
      const cache: Record<string, ort.Tensor> = Object.fromEntries(firstNames.map((name) => [`past_key_values.${name}`, empty]));
      const guesses = new Draft(draft === "" ? [] : tokenizer.encode(draft, false, true));
      const limit = Math.ceil((audio.length / RATE) * TOKENS_PER_SECOND);
      const tokens: number[] = [];
      let cached = 0;
      let complete = 0;
      let afterWord = false;
      let sum = 0;
      let ended = false;
      while (!ended) {
        if (stopped()) return undefined;
        const begins = cached === 0;
        // One run looks at all guessed tokens at once, which costs little more than looking at one.
        const guess = guesses.next.slice(0, limit - tokens.length);
        const ids = [tokens.at(-1) ?? START, ...guess];
        const names = begins ? firstNames : ownNames;
        const input_ids = new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]);
        const feeds = { input_ids, encoder_hidden_states, use_cache_branch: begins ? no : yes, ...cache };
        const result = await decoder.run(feeds, ["logits", ...names.map(present)]);
        const logits = must(result["logits"]);
        let right = 0;
        for (const wanted of [...guess, undefined]) {
          const chosen = choose(logits, right);
          sum += chosen.logProbability;
          if (afterWord) complete = chosen.terminal;
          ended = chosen.token === END || tokens.length === limit;
          if (ended) break;
          tokens.push(chosen.token);
          afterWord = isWord(tokenizer.vocabById[chosen.token]);
          if (afterWord) complete = 0;
          if (chosen.token !== wanted) break;
          right++;
        }
        cached += 1 + right;
        for (const name of names) {
          const next = must(result[present(name)]);
          cache[`past_key_values.${name}`] = name.includes("decoder") ? head(next, cached) : next;
        }
        guesses.chose(right, tokens.at(-1));
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

/** The first `length` positions of a cache [1, heads, positions, width]. */
function head(cache: ort.Tensor, length: number): ort.Tensor {
  const [, , positions = 0, width = 0] = cache.dims;
  if (positions === length) return cache;
  const from = floats(cache);
  const to = new Float32Array(HEADS * length * width);
  for (let index = 0; index < HEADS; index++) {
    to.set(from.subarray(index * positions * width, (index * positions + length) * width), index * length * width);
  }
  return new ort.Tensor("float32", to, [1, HEADS, length, width]);
}

/** The likeliest token at a position, and how likely a sentence's end is in its place. */
function choose(logits: ort.Tensor, position: number): { token: number; logProbability: number; terminal: number } {
  const size = logits.dims.at(-1) ?? 0;
  const values = floats(logits).subarray(position * size, (position + 1) * size);
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
  for (const value of values) if (value > highest - NEGLIGIBLE) total += Math.exp(value - highest);
  const terminal = TERMINALS.reduce((sum, id) => sum + Math.exp((values[id] ?? -Infinity) - highest), 0) / total;
  return { token, logProbability: -Math.log(total), terminal };
}

function floats(tensor: ort.Tensor): Float32Array {
  if (!(tensor.data instanceof Float32Array)) throw new TypeError("The recognition model answered with something other than floats");
  return tensor.data;
}

function must(tensor: ort.Tensor | undefined): ort.Tensor {
  if (tensor === undefined) throw new TypeError("The recognition model left out an answer");
  return tensor;
}
