/** Tool calls of one answer, put together from the pieces in which servers stream them: pure. */
import { z } from "zod";
import type { ToolCall } from "./vendor.ts";

/** One piece. The first of a call brings its id and name; of most servers `index` says to which call a later one belongs. */
export const CallPiece = z.looseObject({
  index: z.int().min(0).nullish(),
  id: z.string().nullish(),
  function: z
    .looseObject({ name: z.string().nullish(), arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish() })
    .nullish(),
});
export type CallPiece = z.output<typeof CallPiece>;

/** Characters of one call's arguments that are read. */
const mostArguments = 65_536;
/** Calls of one answer that are put together; what follows is dropped. */
const mostCalls = 64;
/** Characters of broken arguments that the model is shown. */
const mostQuoted = 200;

interface Growing {
  readonly index: number | undefined;
  readonly id: string;
  name: string;
  text: string;
  tooLong: boolean;
}

const Arguments = z.record(z.string(), z.unknown());

export class Calls {
  readonly #growing: Growing[] = [];

  push(piece: CallPiece): void {
    const { name = "", arguments: given = "" } = piece.function ?? {};
    const call = this.#find(piece, name ?? "");
    if (call === undefined) return;
    if (call.name === "") call.name = name ?? "";
    const text = typeof given === "string" ? given : JSON.stringify(given ?? "");
    if (call.text.length + text.length > mostArguments) call.tooLong = true;
    else call.text += text;
  }

  /** All of them: the answer is over. Ids that are missing are left empty. */
  get finished(): readonly ToolCall[] {
    return this.#growing.filter(({ name }) => name !== "").map((call) => ({ id: call.id, name: call.name, ...readArguments(call) }));
  }

  /** The call that a piece belongs to. Some servers give whole calls one index, and some give each piece another id. */
  #find({ index, id }: CallPiece, name: string): Growing | undefined {
    const known = this.#growing.findLast((call) =>
      typeof index === "number"
        ? call.index === index
        : id === undefined || id === null || id === ""
          ? name === "" || call.name === ""
          : call.id === id,
    );
    const another = known !== undefined && name !== "" && id !== undefined && id !== null && id !== "" && known.id !== id;
    if (known !== undefined && !another) return known;
    if (this.#growing.length >= mostCalls) return undefined;
    const call: Growing = { index: index ?? undefined, id: id ?? "", name: "", text: "", tooLong: false };
    this.#growing.push(call);
    return call;
  }
}

function readArguments({ name, text, tooLong }: Growing): Pick<ToolCall, "arguments" | "fault"> {
  if (tooLong) return { arguments: {}, fault: `${name} was not called: its arguments have more than ${mostArguments} characters.` };
  if (text.trim() === "") return { arguments: {} };
  try {
    return { arguments: Arguments.parse(JSON.parse(text)) };
  } catch {
    return { arguments: {}, fault: `${name} was not called: its arguments are not a JSON object: ${text.slice(0, mostQuoted)}` };
  }
}
