/** Errors of the embedded speech that someone can act on: what happened, and the way out. */

const remedies = {
  "weights-missing": "Install the packages again with `npm ci`.",
  "weights-altered": "Remove node_modules and run `npm ci`: the weights are used only as they were published.",
  "worker-crashed": "The worker is started again by itself; if it keeps stopping, see the log and the memory that is free.",
  overloaded: "Let a call end, or use hosted vendors for speech.",
  "too-late": "Nothing to do: a newer partial follows.",
  closed: "Open the speech again.",
} as const;

export type SpeechErrorCode = keyof typeof remedies;

export class SpeechError extends Error {
  readonly code: SpeechErrorCode;

  constructor(code: SpeechErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SpeechError";
    this.code = code;
  }

  get remedy(): string {
    return remedies[this.code];
  }
}
