/** An AudioContext that has the two processors. */
import { VoiceAgentError } from "../errors.ts";
import { CaptureSlicer } from "./capture-slicer.ts";
import { PlaybackRing } from "./playback-ring.ts";
import { registerProcessors } from "./register-processors.ts";
import { processorNames } from "./worklet-messages.ts";

export interface WorkletOptions {
  /**
   * Where the worklet's module is, if not made on the spot from a `blob:` address: for a Content-Security-Policy without
   * `script-src blob:`. The module is `@parley/voice-agent/worklet`.
   */
  readonly workletUrl?: string | URL;
}

/**
 * Opens a context at this rate. Call it from a click: browsers keep the sound of a page silent until the person has done something.
 * @throws VoiceAgentError `unsupported-browser`
 */
export async function openContext(sampleRate: number | undefined, { workletUrl }: WorkletOptions): Promise<AudioContext> {
  if (typeof AudioContext === "undefined" || !("audioWorklet" in AudioContext.prototype)) {
    throw new VoiceAgentError("unsupported-browser", "This browser has no AudioWorklet; or the page is neither HTTPS nor localhost.");
  }
  const context = new AudioContext({ latencyHint: "interactive", ...(sampleRate !== undefined && { sampleRate }) });
  const made = workletUrl === undefined ? URL.createObjectURL(new Blob([workletSource()], { type: "text/javascript" })) : undefined;
  try {
    await context.audioWorklet.addModule(made ?? workletUrl ?? "");
  } catch (cause) {
    await context.close();
    const message = "The page's Content-Security-Policy, or its server, keeps the audio worklet out.";
    throw new VoiceAgentError("worklet-refused", message, { cause });
  } finally {
    if (made !== undefined) URL.revokeObjectURL(made);
  }
  return context;
}

/** The module `worklet.ts` as text. Bundlers that keep names call a helper of theirs, `__name`, which a worklet does not have. */
export function workletSource(): string {
  return [
    "const __name = (value) => value;",
    `const Ring = ${PlaybackRing.toString()};`,
    `const Slicer = ${CaptureSlicer.toString()};`,
    `(${registerProcessors.toString()})(Ring, Slicer, ${JSON.stringify(processorNames)});`,
  ].join("\n");
}
