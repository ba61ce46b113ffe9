/** What the REST door says and answers about a conversation that runs: `update`, `think`, `history`, `turns` (sections 3.3, 3.8 to 3.10). */
import { z } from "zod";
import { optional } from "./rest-field.ts";
import { LlmBody } from "./rest-join.ts";

const UpdateProperties = z.object({
  token: optional(z.string()).describe("A new token for the agent's channel and uid."),
  llm: optional(LlmBody.pick({ system_messages: true, params: true })).describe(
    "From the next request on. `params` replaces all that a body has given; nothing is merged.",
  ),
  mllm: optional(
    z.object({
      params: optional(z.record(z.string(), z.unknown())).describe("Fields of `session` of the endpoint's `session.update`, but `tools`."),
    }),
  ).describe("For agents with `mllm` alone; what is left out stays as it is."),
});

/** Official clients send `{}`, or no body at all, where nothing is to change. */
export const UpdateBody = z.object({
  properties: optional(UpdateProperties)
    .transform((properties) => properties ?? {})
    .describe("What is left out stays as it is."),
});
export type UpdateBody = z.output<typeof UpdateBody>;

const Action = z.enum(["interrupt", "ignore", "append"]);

export const ThinkBody = z.object({
  text: z.string().min(1).max(100_000).describe("Taken as if somebody had said it."),
  on_listening_action: optional(z.enum(["inject", "interrupt", "ignore", "append"])).describe(
    "While somebody speaks: add it to their turn, answer it now (default), drop it, or answer it afterwards.",
  ),
  on_thinking_action: optional(Action).describe("While the agent thinks; default interrupt."),
  on_speaking_action: optional(Action).describe("While the agent speaks; default ignore."),
  interruptable: optional(z.boolean()).describe("Whether speech may cut the answer. Default true."),
  metadata: optional(z.record(z.string(), z.unknown())).describe("Your own; not kept."),
});
export type ThinkBody = z.output<typeof ThinkBody>;

export const HistoryEntry = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.string().describe("What was heard."),
  turn_id: z.int().optional(),
  timestamp: z.int().optional().describe("Unix milliseconds."),
  speech_start_ms: z.int().optional().describe("Unix milliseconds."),
  speech_end_ms: z.int().optional().describe("Unix milliseconds."),
  speech_algorithmic_delay: z
    .int()
    .optional()
    .describe("Of what somebody said aloud: from the end of the speech until the turn was over, in milliseconds."),
  metadata: z
    .object({
      source: z.string(),
      user: z.string().optional().describe("Uid of who spoke."),
      interrupted: z.boolean().optional(),
      interrupt_timestamp: z.int().optional().describe("Unix milliseconds."),
      original: z.string().optional().describe("What would have been said."),
    })
    .optional(),
});
export type HistoryEntry = z.output<typeof HistoryEntry>;

export const HistoryAnswer = z.object({
  agent_id: z.string(),
  start_ts: z.int(),
  status: z.string(),
  contents: z.array(HistoryEntry),
});

const whole = z.string().regex(/^\d+$/, "is not a whole number").transform(Number);

export const TurnsQuery = z.object({
  page_index: whole.pipe(z.int().min(1)).optional().describe("From 1; default 1."),
  page_size: whole.pipe(z.int().min(1).max(200)).optional().describe("Default 50."),
});

const Detail = z.record(z.string(), z.unknown());

export const TurnAnswer = z.object({
  agent_id: z.string(),
  channel: z.string(),
  turn_id: z.int(),
  start: z.object({ start_at: z.int().describe("Unix milliseconds."), type: z.string(), metadata: Detail }),
  end: z.object({ end_at: z.int().describe("Unix milliseconds."), type: z.string(), metadata: Detail }),
  metrics: z.object({
    e2e_latency_ms: z.int().optional().describe("End of a person's speech to the agent's first sound."),
    segmented_latency_ms: z.array(z.object({ name: z.string(), latency: z.int() })),
  }),
});

export const TurnsAnswer = z.object({
  agent_id: z.string(),
  name: z.string(),
  channel: z.string(),
  total_turn_count: z.int(),
  pagination: z.object({ page_index: z.int(), total_pages: z.int(), is_last_page: z.boolean() }),
  turns: z.array(TurnAnswer),
});
