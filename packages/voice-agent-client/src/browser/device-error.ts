/** What a browser says about a microphone, in words that a person can act on. */
import { VoiceAgentError } from "../errors.ts";

const codes: Readonly<Record<string, readonly [code: string, message: string]>> = {
  NotAllowedError: ["permission-denied", "The browser was not allowed to use the microphone."],
  SecurityError: ["permission-denied", "The browser was not allowed to use the microphone."],
  NotFoundError: ["no-microphone", "There is no microphone."],
  OverconstrainedError: ["no-microphone", "That microphone is not there."],
  NotReadableError: ["microphone-busy", "The microphone is there, but could not be opened."],
  AbortError: ["microphone-busy", "The microphone is there, but could not be opened."],
};

export function deviceError(cause: unknown): VoiceAgentError {
  if (cause instanceof VoiceAgentError) return cause;
  const name = cause instanceof Error ? cause.name : "";
  const detail = cause instanceof Error ? cause.message : String(cause);
  const [code, message] = codes[name] ?? ["microphone-failed", `The microphone could not be opened: ${detail}`];
  return new VoiceAgentError(code, message, { cause });
}
