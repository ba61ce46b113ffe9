/** Finds language models that already run on this machine. They are shown, and used only after consent. */
import { z } from "zod";
import type { Network } from "./network.ts";

export interface DiscoveredModels {
  /** The program, for instance `Ollama`. */
  readonly name: string;
  /** For `llm.url`. */
  readonly url: string;
  /** Ids for `llm.params.model`, those that can chat. */
  readonly models: readonly string[];
}

interface Place {
  readonly name: string;
  readonly port: number;
}

/** Where these programs listen unless told otherwise. */
const usualPlaces: readonly Place[] = [
  { name: "Ollama", port: 11_434 },
  { name: "LM Studio", port: 1234 },
  { name: "llama.cpp", port: 8080 },
  { name: "vLLM", port: 8000 },
];

export interface DiscoverOptions {
  readonly network: Network;
  /** The engine's own port, which is not asked. */
  readonly ownPort: number;
  readonly signal: AbortSignal;
  readonly places?: readonly Place[];
  /** For all places together, in milliseconds. */
  readonly withinMs?: number;
}

const ModelList = z.looseObject({ data: z.array(z.looseObject({ id: z.string().min(1).max(200) })).max(1000) });

/** Most bytes of a list of models. */
const mostBytes = 1_048_576;
/** Ids that are given on. */
const mostModels = 50;
/** Kinds of models that cannot hold a conversation, as their makers name them. */
const otherKinds = /embed|rerank|(?:^|[-/])bge-|whisper|(?:^|[-/])tts|clip-/i;

/** Asks all places at once; who has not answered in time is not there. */
export async function discoverModels(options: DiscoverOptions): Promise<DiscoveredModels[]> {
  const { network, ownPort, signal, places = usualPlaces, withinMs = 300 } = options;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  const asked = places.filter(({ port }) => port !== ownPort).map((place) => ask(network, place, limit));
  const answers = await Promise.all(asked);
  return answers.filter((answer) => answer !== undefined);
}

async function ask(network: Network, place: Place, signal: AbortSignal): Promise<DiscoveredModels | undefined> {
  const origin = `http://127.0.0.1:${place.port}`;
  try {
    const target = { vendor: place.name, url: new URL(`${origin}/v1/models`), trusted: true };
    const response = await network.request(target, { method: "GET", headers: { accept: "application/json" }, signal });
    const text = await readBounded(response.body);
    if (response.statusCode !== 200 || text === undefined) return undefined;
    const list = ModelList.safeParse(JSON.parse(text));
    if (!list.success) return undefined;
    const models = list.data.data.map(({ id }) => id).filter((id) => !otherKinds.test(id));
    return models.length === 0
      ? undefined
      : { name: place.name, url: `${origin}/v1/chat/completions`, models: models.slice(0, mostModels) };
  } catch {
    // Nobody is there, or somebody who speaks something else.
    return undefined;
  }
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > mostBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
