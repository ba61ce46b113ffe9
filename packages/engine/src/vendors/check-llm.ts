/** Whether a language model answers at all: asks for a word, and takes the first that comes. */
import type { Llm } from "./vendor.ts";

/** Rejects with what the vendor throws, or with the signal's reason. */
export async function checkLlm(llm: Llm, signal: AbortSignal): Promise<void> {
  const enough = new AbortController();
  try {
    for await (const _piece of llm([{ role: "user", content: "Say yes." }], { signal: AbortSignal.any([signal, enough.signal]) })) break;
    signal.throwIfAborted();
  } finally {
    enough.abort();
  }
}
