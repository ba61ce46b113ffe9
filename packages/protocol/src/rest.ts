/** The REST door's other bodies and answers, in the spelling of the Agora Conversational AI v2 API (its sections 2, 3, 6). */
import { z } from "zod";

export * from "./rest-conversation.ts";
export * from "./rest-join.ts";

/** Names of an agent's states; each one's index is its number on the wire. */
export const agentStates = ["IDLE", "STARTING", "RUNNING", "STOPPING", "STOPPED", "RECOVERING", "FAILED"] as const;
export const AgentState = z.enum(agentStates);
export type AgentState = z.output<typeof AgentState>;

/** Longest text of `speak`, in bytes of UTF-8. */
export const SPEAK_MAX_BYTES = 512;

const utf8 = new TextEncoder();

export const SpeakBody = z.object({
  text: z
    .string()
    .min(1)
    .refine((text) => utf8.encode(text).length <= SPEAK_MAX_BYTES, {
      error: (issue) => `is ${utf8.encode(String(issue.input)).length} bytes of UTF-8; at most ${SPEAK_MAX_BYTES} are spoken at once`,
    })
    .describe(`What to say, at most ${SPEAK_MAX_BYTES} bytes of UTF-8.`),
  priority: z
    .enum(["INTERRUPT", "APPEND", "IGNORE"])
    .nullish()
    .describe("INTERRUPT (default): at once. APPEND: after the current interaction. IGNORE: only if nothing goes on."),
  interruptable: z.boolean().nullish().describe("Whether speech may cut it. Default true."),
});
export type SpeakBody = z.output<typeof SpeakBody>;

/** `leave` and `interrupt` take anything, also nothing. */
export const AnyBody = z.unknown();

export const ErrorBody = z
  .looseObject({ detail: z.string(), reason: z.string() })
  .describe("What is wrong, with the field's path, the value and what is allowed; and the kind of error.");

/** Errors of the telephony endpoints have names of their own. */
export const TelephonyError = z.object({ error_type: z.string(), description: z.string() });

export const Joined = z.object({ agent_id: z.string(), create_ts: z.int(), status: AgentState });
export const Conflict = z.object({
  detail: z.string(),
  reason: z.string(),
  agent_id: z.string(),
  create_ts: z.int(),
  status: AgentState,
});
export const Left = z.object({});
/** One edition of the contract calls the last field `state`, the other `status`. */
export const Updated = Joined.extend({ state: AgentState });
export const Acted = z.object({ agent_id: z.string(), channel: z.string(), start_ts: z.int() });
export const Spoken = Acted.extend({ action: z.enum(["spoken", "queued", "ignored"]) });

export const AgentAnswer = z.object({
  message: z.string(),
  start_ts: z.int(),
  stop_ts: z.int(),
  status: AgentState,
  agent_id: z.string(),
  name: z.string(),
});

/** Reads a query value that is a number in text; Go writes large ones with an exponent, as 1.737111452e+09. */
const number = z
  .string()
  .regex(/^\d+(\.\d+)?(e\+?\d{1,2})?$/i, "is not a number")
  .transform(Number);
/** Unix seconds, until the end of the year 9999: what is later is milliseconds by mistake, or nonsense. */
const moment = number.pipe(z.number().max(253_402_300_799));
const whole = z.string().regex(/^\d+$/, "is not a whole number").transform(Number);

export const ListQuery = z.object({
  channel: z.string().optional().describe("Exact name of a channel."),
  from_time: moment.optional().describe("Unix seconds; default two hours ago."),
  to_time: moment.optional().describe("Unix seconds; default now."),
  state: z
    .string()
    .regex(/^[0-6](,[0-6])*$/, "is not a list of states 0 to 6, for instance 2 or 1,2")
    .transform((text) => [...new Set(text.split(",").map(Number))].flatMap((index) => agentStates[index] ?? []))
    .optional()
    .describe("Numbers of states, separated by commas; default 2 (RUNNING)."),
  limit: whole.pipe(z.int().min(1).max(1000)).optional().describe("Entries of one page; default 20."),
  cursor: z.string().optional().describe("meta.cursor of the page before."),
});
export type ListQuery = z.output<typeof ListQuery>;

export const ListAnswer = z.object({
  data: z.object({
    count: z.int(),
    list: z.array(z.object({ start_ts: z.int(), status: AgentState, agent_id: z.string() })),
  }),
  meta: z.object({
    cursor: z.string().nullable().describe("Where the next page begins; empty on the last, null there for Agora's SDK for Go."),
    total: z.int(),
  }),
  status: z.literal("ok"),
});
export type ListAnswer = z.output<typeof ListAnswer>;
