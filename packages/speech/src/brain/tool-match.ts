/** Which tool somebody asks for: by the words of its name and description. Pure. */
import { contentTerms, stem } from "./passages.ts";
import { looksAsking, plain, unwrap } from "./words.ts";

export interface BrainTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Names begin with these, and nobody says them. */
const silent = new Set(
  "get find search lookup look up fetch list show check read query retrieve tell tool api function current by for of the a an to in on and my".split(
    " ",
  ),
);

/** Words for one deed; a tool that does something is called only when one of them was said. */
const deeds = [
  "create add open new make start",
  "delete remove cancel stop",
  "book reserve",
  "update change set modify edit",
  "send email message text write",
  "order buy purchase",
  "call dial phone",
  "transfer forward connect",
  "pay refund",
  "turn switch",
  "schedule plan",
  "play",
  "close lock",
  "unlock",
].map((deed) => deed.split(" "));

/** Words that mean the same thing. */
const families = [
  "weather forecast temperature rain",
  "price cost",
  "appointment meeting reservation booking",
  "light lamp",
  "customer client",
  "package parcel delivery shipment",
  "color colour",
].map((family) => family.split(" ").map(stem));

/** Share of a name's words that must have been said. */
const enough = 0.5;

/** `getOrder_status` is get, order, status. */
export function nameWords(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

/** The tool that fits what was said best, if one fits well. */
export function matchTool<Tool extends BrainTool>(said: string, tools: readonly Tool[]): Tool | undefined {
  const text = unwrap(plain(said));
  const words = new Set(text.split(/[\s/:.-]+/));
  const terms = new Set(contentTerms(text));
  const asks = said.includes("?") || looksAsking(text) || /^i (?:want|need|would like)\b/.test(plain(said));
  let best: { tool: Tool; score: number } | undefined;
  for (const tool of tools) {
    const score = fit(tool, words, terms, asks);
    if (score > 0 && (best === undefined || score > best.score)) best = { tool, score };
  }
  return best?.tool;
}

/** 0: it does not. */
function fit({ name, description }: BrainTool, words: ReadonlySet<string>, terms: ReadonlySet<string>, asks: boolean): number {
  const named = nameWords(name).filter((word) => !silent.has(word));
  const [first = ""] = nameWords(name);
  const deed = deeds.find((family) => family.includes(first));
  const done = deed?.some((word) => words.has(word)) ?? false;
  // What only looks something up must be asked for; what does something, commanded.
  if (deed === undefined ? !asks : !done) return 0;
  const things = (deed === undefined ? named : named.slice(1)).map(stem);
  const hits = things.filter((thing) => isSaid(thing, terms)).length;
  const described = [...new Set(contentTerms(description))].filter((term) => !things.includes(term) && !silent.has(term));
  const extra = described.filter((term) => terms.has(term)).length;
  const share = things.length === 0 ? (done ? 1 : 0) : hits / things.length;
  const byDescription = deed === undefined && extra >= 2 && extra >= terms.size * enough;
  if (share < enough && !byDescription) return 0;
  return share + hits * 0.5 + extra * 0.25 + (done ? 0.5 : 0);
}

function isSaid(thing: string, terms: ReadonlySet<string>): boolean {
  return terms.has(thing) || families.some((family) => family.includes(thing) && family.some((word) => terms.has(word)));
}
