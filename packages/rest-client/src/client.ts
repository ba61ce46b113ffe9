/** Calls the REST door: one function per endpoint, typed from its OpenAPI document, with retries and errors that say why. */
import { endpoints, type operations } from "./generated.ts";
import { RestError } from "./rest-error.ts";
import { isDoubtful, retryDelayMs } from "./retry.ts";

/** How to sign in: a customer, or any token of the project that has not expired. */
export type Credentials = { readonly customerId: string; readonly customerSecret: string } | { readonly token: string | (() => string) };

export type RestClientOptions = Credentials & {
  /** The engine's address, for instance `http://localhost:8080`. */
  readonly url: string;
  readonly appId: string;
  /** How often a request is tried again: after 408 and 429, and where doing it twice is doing it once after 5xx or no answer. Default 2. */
  readonly retries?: number;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
};

type Content<Body> = Body extends { content: { "application/json": infer Json } } ? Json : never;
type PathOf<Operation> = Operation extends { parameters: { path: infer Path } } ? Omit<Path, "appid"> : unknown;
type QueryOf<Operation> = Operation extends { parameters: { query?: infer Query } }
  ? [NonNullable<Query>] extends [never]
    ? unknown
    : { query?: NonNullable<Query> }
  : unknown;
type BodyOf<Operation> = Operation extends { requestBody: infer Body }
  ? { body: Content<Body> }
  : Operation extends { requestBody?: infer Body }
    ? [NonNullable<Body>] extends [never]
      ? unknown
      : { body?: Content<NonNullable<Body>> }
    : unknown;

/** What an endpoint takes: its path's parameters by name (the App ID is the client's), `query`, `body`. */
export type InputOf<Id extends keyof operations> = PathOf<operations[Id]> & QueryOf<operations[Id]> & BodyOf<operations[Id]>;
/** What it answers with 200. */
export type AnswerOf<Id extends keyof operations> = operations[Id] extends { responses: { 200: infer Answer } } ? Content<Answer> : never;

/** By the names that the OpenAPI document gives: `join`, `leave`, `speak`, `listAgents`, … */
export type RestClient = {
  readonly [Id in keyof operations]: (input: InputOf<Id>, options?: { readonly signal?: AbortSignal }) => Promise<AnswerOf<Id>>;
};

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Input {
  readonly query?: Query;
  readonly body?: unknown;
  readonly [parameter: string]: unknown;
}

/** POSTs that do the same when they come twice: an agent's name is there once, and what has left stays away. */
const repeatable: ReadonlySet<string> = new Set<keyof operations>(["join", "leave", "update"]);

/** Opens nothing: each call is a request of its own. */
export function restClient(options: RestClientOptions): RestClient {
  const calls = Object.entries(endpoints).map(([id, endpoint]) => [
    id,
    async (input: Input, { signal }: { readonly signal?: AbortSignal } = {}) => await request(options, id, endpoint, input, signal),
  ]);
  // The names are those of `operations`, made from the same document.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the compiler cannot follow names through a table
  return Object.fromEntries(calls) as RestClient;
}

async function request(
  options: RestClientOptions,
  id: string,
  [method, path]: readonly [string, string],
  { query = {}, body, ...parameters }: Input,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { retries = 2, fetch: send = fetch } = options;
  const url = addressOf(options, path, parameters, query);
  let doubtful = false;
  for (let attempt = 0; ; attempt += 1) {
    let failure: RestError;
    let retryAfter: string | null = null;
    try {
      const response = await send(url, {
        method: method.toUpperCase(),
        headers: { authorization: authorizationOf(options), ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      const text = await response.text();
      if (response.ok) return text === "" ? {} : JSON.parse(text);
      failure = RestError.from(response.status, text);
      retryAfter = response.headers.get("retry-after");
    } catch (error) {
      if (signal?.aborted === true) throw error;
      failure = new RestError(0, `${method.toUpperCase()} ${url.origin}${url.pathname} got no answer`, "NoAnswer", {}, { cause: error });
    }
    const done = doubtful ? doneBefore(id, failure) : undefined;
    if (done !== undefined) return done;
    doubtful ||= isDoubtful(failure.status);
    const canRepeat = method !== "post" || repeatable.has(id);
    const delayMs = retryDelayMs({ status: failure.status, repeatable: canRepeat, attempt, retryAfter, now: Date.now() });
    if (delayMs === undefined || attempt >= retries) throw failure;
    await pause(delayMs, signal);
  }
}

/** What a refusal says of an earlier attempt whose answer was lost: it was carried out. */
function doneBefore(id: string, { status, body }: RestError): unknown {
  const { agent_id, create_ts, status: state } = body;
  if (id === "join" && status === 409 && agent_id !== undefined) return { agent_id, create_ts, status: state };
  if ((id === "leave" || id === "forgetAgent") && status === 404) return {};
  return undefined;
}

function addressOf({ url, appId }: RestClientOptions, path: string, parameters: Readonly<Record<string, unknown>>, query: Query): URL {
  const values: Readonly<Record<string, unknown>> = { ...parameters, appid: appId };
  const filled = path.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(String(values[name])));
  const address = new URL(`${url.replace(/\/+$/, "")}${filled}`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) address.searchParams.set(name, String(value));
  return address;
}

function authorizationOf(credentials: Credentials): string {
  if ("token" in credentials) {
    const { token } = credentials;
    return `agora token=${typeof token === "string" ? token : token()}`;
  }
  const bytes = new TextEncoder().encode(`${credentials.customerId}:${credentials.customerSecret}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal?.reason);
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    if (signal?.aborted === true) abort();
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
