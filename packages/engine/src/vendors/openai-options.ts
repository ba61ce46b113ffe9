/** What the style `openai` can be given. */
import { z } from "zod";
import { audioFault } from "./openai-speech.ts";
import { RequestHeaders } from "./request-headers.ts";

const Options = z.object({
  /** The whole address; nothing is appended. */
  url: z.url({ protocol: /^https?$/, error: "an http or https address is wanted" }),
  /** Sent as bearer; empty: not sent. */
  apiKey: z.string().default(""),
  /** Put at the top level of the request: model, temperature, … */
  params: z.record(z.string(), z.unknown()).default({}),
  headers: RequestHeaders.default({}),
  /** An answer without text is no error. */
  ignoreEmpty: z.boolean().default(false),
  /** What of an answer is wanted: its text, for a voice, or what the model says itself, or both. */
  output: z
    .array(z.enum(["text", "audio"]))
    .min(1)
    .default(["text"]),
  /** Requests and their messages tell turn, time and source, as servers of one's own want to know them. */
  details: z.boolean().default(false),
  /** Longest wait for the first text, in milliseconds. */
  firstTokenMs: z.int().min(1).max(300_000).default(30_000),
  /** Longest pause inside an answer: a first "one moment" may be followed by a long one. */
  pauseMs: z.int().min(1).max(300_000).default(60_000),
  /** The address is the operator's own. Set by the engine alone; a door never copies it from a request. */
  trusted: z.boolean().default(false),
});

export const OpenAiOptions = Options.superRefine(({ output, params }, context) => {
  const fault = output.includes("audio") ? audioFault(params) : undefined;
  if (fault !== undefined) context.addIssue({ code: "custom", path: ["params"], message: fault });
});

export type OpenAiOptions = z.output<typeof OpenAiOptions>;
