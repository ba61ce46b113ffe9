/** What goes wrong at an endpoint of the Voice Agent API, or on the way to it, as an error of the one table. */
import { remedyFor } from "@parley/voice-agent";
import { AppError } from "../errors.ts";

/** `where`: host and port. The endpoint's message may quote the call, and so may a code that nobody knows: neither is in our own words. */
export function endpointFault(where: string, code: string, message: string, options: ErrorOptions = {}): AppError {
  const isKnown = remedyFor(code) !== remedyFor("");
  const own = `${where} reported ${isKnown ? code : "an error of its own"}`;
  return new AppError("vendor-failed", `${where}: ${code}: ${message}`, { ...options, own });
}
