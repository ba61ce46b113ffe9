/** Tools by keyword: which one is asked for, what it still needs to know, and when it can be called. Pure. */
import type { Exchange } from "./question.ts";
import { type Arguments, type Field, fieldsOf, readAnswer, readArguments } from "./tool-arguments.ts";
import { type BrainTool, matchTool, nameWords } from "./tool-match.ts";
import { looksAsking, plain, unwrap } from "./words.ts";

export type { BrainTool } from "./tool-match.ts";

/** What a tool makes of what was said. */
export type ToolMove =
  | { readonly type: "call"; readonly name: string; readonly arguments: Arguments }
  | { readonly type: "ask"; readonly text: string }
  /** Somebody does not want it any more. */
  | { readonly type: "leave"; readonly text: string };

interface Form {
  readonly tool: BrainTool;
  readonly known: Arguments;
}

const cancels = /^(?:no |please )?(?:cancel|never mind|nevermind|forget it|stop|leave it|no thanks|no)\b/;

/** Undefined: this has nothing to do with tools. */
export function useTools(said: string, before: readonly Exchange[], tools: readonly BrainTool[]): ToolMove | undefined {
  if (tools.length === 0) return undefined;
  const open = openForm(before, tools);
  const text = unwrap(plain(said));
  if (open !== undefined) {
    if (cancels.test(text)) return { type: "leave", text: "All right, I leave it." };
    const filled = goOn(open, said);
    if (filled !== undefined) return moveOf(filled);
  }
  const form = begin(said, tools);
  return form === undefined ? undefined : moveOf(form);
}

function begin(said: string, tools: readonly BrainTool[]): Form | undefined {
  const tool = matchTool(said, tools);
  return tool === undefined ? undefined : { tool, known: readArguments(said, fieldsOf(tool.parameters)) };
}

/** The form that waits for an answer after these exchanges, if one does. */
function openForm(before: readonly Exchange[], tools: readonly BrainTool[]): Form | undefined {
  let form: Form | undefined;
  for (const { said } of before) {
    if (form !== undefined && cancels.test(unwrap(plain(said)))) form = undefined;
    else form = (form === undefined ? undefined : goOn(form, said)) ?? begin(said, tools);
    if (form !== undefined && missing(form) === undefined) form = undefined;
  }
  return form;
}

/** The form with one more answer; undefined if it was none. */
function goOn(form: Form, said: string): Form | undefined {
  const field = missing(form);
  if (field === undefined || said.includes("?") || looksAsking(unwrap(plain(said)))) return undefined;
  const value = readAnswer(said, field);
  return value === undefined
    ? undefined
    : { ...form, known: { ...readArguments(said, fieldsOf(form.tool.parameters)), ...form.known, [field.name]: value } };
}

function missing({ tool, known }: Form): Field | undefined {
  return fieldsOf(tool.parameters).find(({ name, isRequired }) => isRequired && known[name] === undefined);
}

function moveOf(form: Form): ToolMove {
  const field = missing(form);
  if (field === undefined) return { type: "call", name: form.tool.name, arguments: form.known };
  const what = nameWords(field.name).join(" ");
  const choices = field.choices.slice(0, 5).map((choice) => String(choice).replaceAll("_", " "));
  const which = choices.length > 1 ? ` ${choices.slice(0, -1).join(", ")} or ${choices.at(-1) ?? ""}?` : "";
  return { type: "ask", text: which === "" ? `For that I need the ${what}. What is it?` : `For that I need the ${what}:${which}` };
}
