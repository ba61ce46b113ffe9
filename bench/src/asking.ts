/** What the thread that loads the REST door is told, and what it tells. */
import { z } from "zod";

export const Asking = z.object({ url: z.string(), seconds: z.number(), perSecond: z.number() });
export type Asking = z.output<typeof Asking>;

export const Asked = z.object({
  /** From when a request was due to the end of its answer. */
  latenciesMs: z.array(z.number()),
  failures: z.array(z.string()),
});
export type Asked = z.output<typeof Asked>;
