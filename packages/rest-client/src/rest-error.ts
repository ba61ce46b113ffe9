/** Why a request was not done, in the engine's own words. */
export class RestError extends Error {
  /** HTTP's; 0 where no answer came. */
  readonly status: number;
  /** What is wrong: the field's path, the value, what is allowed. */
  readonly detail: string;
  /** The kind of error, for instance `InvalidRequestBody`; empty where the answer names none. */
  readonly reason: string;
  /** The whole answer: a refused `join` brings the `agent_id` of the agent that runs already. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, detail: string, reason: string, body: Readonly<Record<string, unknown>>, options?: ErrorOptions) {
    super(`${status === 0 ? "" : `${status} `}${reason}: ${detail}`, options);
    this.name = "RestError";
    this.status = status;
    this.detail = detail;
    this.reason = reason;
    this.body = body;
  }

  /** From an answer's status and text; a proxy in between answers in words of its own. */
  static from(status: number, text: string): RestError {
    const body = parse(text);
    const { detail, reason } = body;
    return new RestError(status, typeof detail === "string" ? detail : text.slice(0, 500), typeof reason === "string" ? reason : "", body);
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
