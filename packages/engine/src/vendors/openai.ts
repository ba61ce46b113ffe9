/** LLM style `openai`: chat completions as a stream of server-sent events, from OpenAI or any server that speaks like it. */
import { z } from "zod";
import { AppError } from "../errors.ts";
import { eventData } from "./event-stream.ts";
import { type Network, reason, type Target } from "./network.ts";
import { hostOf, portOf } from "./proxy.ts";
import type { Llm, LlmMessage, LlmStyle } from "./vendor.ts";

const name = "llm openai";

/** Headers that belong to the connection, and would break it. */
const connectionHeaders = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "upgrade",
  "keep-alive",
  "te",
  "trailer",
  "expect",
  "proxy-authorization",
  "proxy-connection",
]);

const Headers = z
  .record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "a header name holds letters, digits and hyphens"),
    z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, "a header value is one line of Latin-1"),
  )
  .refine(
    (headers) => !Object.keys(headers).some((key) => connectionHeaders.has(key.toLowerCase())),
    "headers of the connection itself (host, content-length, …) cannot be set",
  );

export const OpenAiOptions = z.object({
  /** The whole address; nothing is appended. */
  url: z.url({ protocol: /^https?$/, error: "an http or https address is wanted" }),
  /** Sent as bearer; empty: not sent. */
  apiKey: z.string().default(""),
  /** Put at the top level of the request: model, temperature, … */
  params: z.record(z.string(), z.unknown()).default({}),
  headers: Headers.default({}),
  /** An answer without text is no error. */
  ignoreEmpty: z.boolean().default(false),
  /** Longest wait for the first text, in milliseconds. */
  firstTokenMs: z.int().min(1).max(300_000).default(30_000),
  /** Longest pause inside an answer: a first "one moment" may be followed by a long one. */
  pauseMs: z.int().min(1).max(300_000).default(60_000),
  /** The address is the operator's own. Set by the engine alone; a door never copies it from a request. */
  trusted: z.boolean().default(false),
});

type Options = z.infer<typeof OpenAiOptions>;

/** Most bytes of one answer: an hour of speech is far less. */
const mostBytes = 8 * 1_048_576;
/** Most characters of a vendor's own words in a message. */
const mostQuoted = 400;
/** Bytes of an error's body that are read. */
const mostErrorBytes = 16_384;

/** Text, or the list of parts that some servers send; other kinds of content (reasoning, tool calls) are not spoken. */
const Content = z.looseObject({ content: z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).nullish() });

const Chunk = z.looseObject({
  choices: z.array(z.looseObject({ delta: Content.nullish(), message: Content.nullish(), finish_reason: z.string().nullish() })).nullish(),
  error: z.unknown().optional(),
});

type Step = { type: "text"; text: string } | { type: "finish"; reason: string } | { type: "done" };

/** Azure's own header for the key, beside the bearer that newer ones take. */
function isAzure(url: URL): boolean {
  return /\.(?:openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com|azure-api\.net)$/.test(hostOf(url));
}

/** A name that stands in both, spelt alike, is the engine's; spelt otherwise, the caller's replaces it. */
function requestHeaders(options: Options, url: URL): Record<string, string> {
  const own: Record<string, string> = { "Content-Type": "application/json", Accept: "text/event-stream" };
  if (options.apiKey !== "") own["Authorization"] = `Bearer ${options.apiKey}`;
  if (options.apiKey !== "" && isAzure(url)) own["api-key"] = options.apiKey;
  const given = Object.entries(options.headers).filter(([key]) => !(key in own));
  const replaced = new Set(given.map(([key]) => key.toLowerCase()));
  return Object.fromEntries([...Object.entries(own).filter(([key]) => !replaced.has(key.toLowerCase())), ...given]);
}

function requestBody(options: Options, messages: readonly LlmMessage[]): string {
  const sent = messages.map(({ role, content, raw }) => ({ ...raw, role, content }));
  return JSON.stringify({ ...options.params, messages: sent, stream: true });
}

/** Text of a vendor for a message: one line, bounded, without the secrets that went out. */
function quote(text: string, options: Options): string {
  let safe = text;
  for (const secret of [options.apiKey, ...Object.values(options.headers)]) {
    if (secret.length >= 6) safe = safe.replaceAll(secret, "***");
  }
  safe = safe.replace(/\s+/g, " ").trim();
  return safe.length > mostQuoted ? `${safe.slice(0, mostQuoted)}…` : safe;
}

const Complaint = z.union([
  z.string(),
  z.looseObject({ message: z.string() }).transform((error) => error.message),
  z
    .looseObject({ error: z.union([z.string(), z.looseObject({ message: z.string() }).transform((error) => error.message)]) })
    .transform((body) => body.error),
  z.looseObject({ detail: z.string() }).transform((body) => body.detail),
]);

/** What the vendor says went wrong, out of the shapes that are in use; else all of it. */
function complaint(body: unknown): string {
  const parsed = Complaint.safeParse(body);
  return parsed.success ? parsed.data : JSON.stringify(body);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

class Answer {
  readonly #options: Options;
  readonly #place: string;

  constructor(options: Options, url: URL) {
    this.#options = options;
    this.#place = `${hostOf(url)}:${portOf(url)}`;
  }

  fail(what: string, details?: { vendorCode?: number; cause?: unknown }): AppError {
    return new AppError("vendor-failed", `${name} at ${this.#place} ${what}`, details);
  }

  quote(text: string): string {
    return quote(text, this.#options);
  }

  async refused(status: number, body: AsyncIterable<Uint8Array>): Promise<AppError> {
    const text = await readStart(body);
    const said = this.quote(complaint(parseJson(text) ?? text));
    const redirect = status >= 300 && status < 400 ? "; redirects are not followed, give the final address" : "";
    return this.fail(`answered with status ${status}${redirect}${said === "" ? "" : `: ${said}`}`, { vendorCode: status });
  }

  /** One event, or several that a server has run together, as steps of the answer. */
  *read(data: string): Generator<Step, void, undefined> {
    if (data.trim() === "[DONE]") {
      yield { type: "done" };
      return;
    }
    const whole = parseJson(data);
    if (whole === undefined && data.includes("\n")) {
      for (const line of data.split("\n")) if (line.trim() !== "") yield* this.read(line);
      return;
    }
    const chunk = Chunk.safeParse(whole);
    if (!chunk.success) throw this.fail(`sent what is no chat completion chunk: ${this.quote(data)}`);
    const { error, choices } = chunk.data;
    if (error !== undefined && error !== null)
      throw this.fail(`reported an error in its answer: ${this.quote(complaint(error))}`, errorCode(error));
    const choice = choices?.[0];
    const content = choice?.delta?.content ?? choice?.message?.content ?? "";
    const text = typeof content === "string" ? content : content.map((part) => part.text ?? "").join("");
    if (text !== "") yield { type: "text", text };
    if (choice?.finish_reason !== undefined && choice.finish_reason !== null && choice.finish_reason !== "")
      yield { type: "finish", reason: choice.finish_reason };
  }
}

/** A number in the error object, where servers put the status that they could no longer send. */
function errorCode(error: unknown): { vendorCode?: number } {
  const parsed = z.looseObject({ code: z.coerce.number().int().min(100).max(9999) }).safeParse(error);
  return parsed.success ? { vendorCode: parsed.data.code } : {};
}

async function* bounded(chunks: AsyncIterable<Uint8Array>, answer: Answer): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw answer.fail(`sent more than ${mostBytes} bytes for one answer`);
    yield chunk;
  }
}

async function readStart(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of body) {
      pieces.push(piece);
      length += piece.length;
      if (length >= mostErrorBytes) break;
    }
  } catch {
    // The status says enough when the body cannot be read.
  }
  return Buffer.concat(pieces).subarray(0, mostErrorBytes).toString("utf8");
}

export function openAiStyle(network: Network): LlmStyle {
  return {
    name: "openai",
    options: OpenAiOptions,
    open(given): Llm {
      const options = OpenAiOptions.parse(given);
      const url = new URL(options.url);
      const target: Target = { vendor: name, url, trusted: options.trusted };
      if (!options.trusted) network.check("llm.url", url);
      const headers = requestHeaders(options, url);
      return (messages, { signal }) => complete(network, target, options, headers, messages, signal);
    },
  };
}

async function* complete(
  network: Network,
  target: Target,
  options: Options,
  headers: Readonly<Record<string, string>>,
  messages: readonly LlmMessage[],
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const answer = new Answer(options, target.url);
  const late = new AbortController();
  const both = AbortSignal.any([signal, late.signal]);
  let timer: NodeJS.Timeout | undefined;
  let finished = false;
  const expect = (ms: number, what: string): void => {
    clearTimeout(timer);
    timer = setTimeout(() => late.abort(answer.fail(`${what} within ${ms} ms`)), ms);
  };
  try {
    signal.throwIfAborted();
    expect(options.firstTokenMs, "sent no text");
    const response = await network.request(target, { method: "POST", headers, body: requestBody(options, messages), signal: both });
    const body = response.body;
    if (response.statusCode < 200 || response.statusCode > 299) throw await answer.refused(response.statusCode, body);

    // Left without destroying the body, so that the connection can serve the next turn.
    const chunks: AsyncIterable<Uint8Array> = body.iterator({ destroyOnReturn: false });
    let heard = false;
    let finish = "";
    read: for await (const data of eventData(bounded(chunks, answer))) {
      for (const step of answer.read(data)) {
        switch (step.type) {
          case "text":
            heard = true;
            clearTimeout(timer);
            yield step.text;
            expect(options.pauseMs, "went silent in mid-answer: no more text");
            break;
          case "finish":
            finish = step.reason;
            break read;
          case "done":
            break read;
        }
      }
    }
    if (!heard && !options.ignoreEmpty) {
      const type = String(response.headers["content-type"] ?? "none");
      throw answer.fail(`answered without any text (finish reason: ${finish || "none"}, content type: ${answer.quote(type)})`, {
        vendorCode: response.statusCode,
      });
    }
    finished = true;
    // What is left is the end of the stream: read, the connection serves the next turn.
    body.dump({ limit: 65_536, signal: AbortSignal.timeout(1000) }).catch(() => undefined);
  } catch (error) {
    if (signal.aborted) return;
    if (late.signal.aborted) throw late.signal.reason;
    if (error instanceof AppError) throw error;
    throw answer.fail(`broke off its answer: ${answer.quote(reason(error))}`, { cause: error });
  } finally {
    clearTimeout(timer);
    if (!finished) late.abort();
  }
}
