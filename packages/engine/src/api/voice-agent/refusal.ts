/** Why something that a client asked for is not done, in the words of `session.error`. */
import type { voiceAgent } from "@parley/protocol";
import type { z } from "zod";
import { faultsOf, pathText } from "../../faults.ts";

export interface Refusal {
  readonly code: voiceAgent.SessionErrorCode;
  readonly message: string;
  /** The field at fault; null where it is none. */
  readonly param: string | null;
}

export function refusal(code: Refusal["code"], message: string, param: string | null = null): Refusal {
  return { code, message, param };
}

/** The first thing that a schema found wrong; a field is named by its path from `root` on. */
export function refusalOf(code: Refusal["code"], error: z.core.$ZodError, input: unknown, root: readonly PropertyKey[] = []): Refusal {
  const [fault] = faultsOf(error, input, root);
  const path = [...root, ...(error.issues[0]?.path ?? [])];
  return refusal(code, fault?.message ?? "the message is not accepted", path.length === 0 ? null : pathText(path));
}
