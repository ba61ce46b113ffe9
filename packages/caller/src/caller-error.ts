/** Why a caller could not join, or had to go, in the words of the engine's table of errors. */

export class CallerError extends Error {
  /** From the table in docs/signalling.md, or `unreachable`, `closed`, `no-media`, `timeout`. */
  readonly code: string;
  readonly remedy: string;

  constructor(code: string, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CallerError";
    this.code = code;
    this.remedy = remedy;
  }
}
