/** Why a call did not come about, in the shape that `parley call --json` reports. */

export class CallFailure extends Error {
  readonly code: string;
  readonly remedy: string;

  constructor(code: string, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CallFailure";
    this.code = code;
    this.remedy = remedy;
  }
}
