/** A chat-completions server on loopback that speaks like OpenAI's, and can fail in the ways that real ones do. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { listen } from "./listening.ts";
import { Milestones } from "./milestones.ts";

export type ChatFailure =
  /** Answers with this status and an error body. */
  | { readonly type: "status"; readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** Takes the request and never answers. */
  | { readonly type: "hang" }
  /** Answers `pieces` pieces, then sends nothing more. */
  | { readonly type: "stall"; readonly pieces: number }
  /** Answers `pieces` pieces, then breaks the connection. */
  | { readonly type: "cut"; readonly pieces: number }
  /** Sends data that is not JSON. */
  | { readonly type: "malformed" }
  /** After `pieces` pieces, a line that holds an error; `bare`: without `data:`. */
  | { readonly type: "error-line"; readonly pieces: number; readonly error: unknown; readonly bare?: boolean }
  /** A well-formed stream without any text. */
  | { readonly type: "empty" }
  /** These bytes as the body, with status 200. */
  | { readonly type: "raw"; readonly body: string; readonly contentType?: string };

export interface ChatRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
  /** The client has broken the connection before the answer was complete. */
  readonly cancelled: boolean;
}

export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_call_id?: unknown;
}

/** A tool that the answer asks for. */
export interface ChatCall {
  /** Absent: one is made. */
  readonly id?: string;
  readonly name: string;
  /** A text is sent as it is: it need not be JSON. */
  readonly arguments: Readonly<Record<string, unknown>> | string;
}

/** What the answer says itself: streamed as `delta.audio`, in pieces of 40 ms. */
export interface ChatSpeech {
  /** Mono, 16 bits. */
  readonly pcm: Int16Array;
  /** Hertz. Default 16000. */
  readonly sampleRate?: number;
  /** Sent before the sound, whole. */
  readonly transcript?: string;
  /** In milliseconds from the first sample; each goes with the piece in which it begins. */
  readonly words?: readonly { readonly text: string; readonly startMs: number; readonly endMs: number }[];
}

/** Text, speech, calls, or several of them; or deltas as they stand, as many as the client takes. */
export type ChatAnswer =
  | string
  | { readonly text?: string; readonly speech?: ChatSpeech; readonly calls?: readonly ChatCall[] }
  | { readonly deltas: Iterable<Readonly<Record<string, unknown>>> };

export interface ChatSimulatorOptions {
  /** Answers, one per request, the last one for all that follow; or a function of the request's messages. */
  readonly script?: readonly ChatAnswer[] | ((messages: readonly ChatMessage[]) => ChatAnswer);
  /** From the request to the first piece, in milliseconds. */
  readonly delayMs?: number;
  /** Between pieces, in milliseconds. */
  readonly chunkMs?: number;
  /** What goes wrong: always, or in the requests of these numbers (from 0). */
  readonly failure?: ChatFailure;
  readonly failingRequests?: readonly number[];
  /** Ids that `GET /v1/models` lists. */
  readonly models?: readonly string[];
  /** When set, other keys are refused with 401 as OpenAI words it. */
  readonly apiKey?: string;
  /** `data:` without the space, as some servers in Go write it. */
  readonly tight?: boolean;
  /** Deltas of `reasoning_content` before the answer. */
  readonly reasoning?: readonly string[];
  /** 0: any free port. */
  readonly port?: number;
  readonly host?: string;
}

export interface ChatSimulator extends AsyncDisposable {
  /** `http://127.0.0.1:…/v1/chat/completions` */
  readonly url: string;
  /** `http://127.0.0.1:…` */
  readonly origin: string;
  readonly port: number;
  /** Chat requests in the order of their arrival. */
  readonly requests: readonly ChatRequest[];
  /** TCP connections so far, to see that they are used again. */
  readonly connections: number;
  /** Resolves when request `number` (from 0) is there, complete. */
  request(number: number): Promise<ChatRequest>;
  /** Resolves when request `number` is over: answered in full, or broken off by one side. */
  over(number: number): Promise<ChatRequest>;
  close(): Promise<void>;
}

/** Bytes of a request's body that are taken. */
const mostBytes = 4 * 1_048_576;

interface Seen {
  path: string;
  headers: IncomingMessage["headers"];
  body: unknown;
  cancelled: boolean;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > mostBytes) throw new Error("too large");
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString("utf8")) as unknown;
}

const isMessage = (value: unknown): value is ChatMessage =>
  typeof value === "object" && value !== null && "role" in value && typeof value.role === "string";

function messagesOf(body: unknown): ChatMessage[] {
  if (typeof body !== "object" || body === null || !("messages" in body) || !Array.isArray(body.messages)) return [];
  return body.messages.filter((message: unknown) => isMessage(message));
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function chunk(delta: Readonly<Record<string, unknown>>, finish: string | null): string {
  return JSON.stringify({
    id: "chatcmpl-simulated",
    object: "chat.completion.chunk",
    created: 0,
    model: "simulated",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
}

/** Words with the space that follows them: about what a model's tokens are. */
function pieces(text: string): string[] {
  return text.match(/\S+\s*/g) ?? [];
}

/** What is streamed of a call: who is called, then the arguments in pieces of eight characters. */
function callDeltas({ id = `call_${randomUUID()}`, name, arguments: given }: ChatCall, index: number): Record<string, unknown>[] {
  const delta = (piece: Record<string, unknown>): Record<string, unknown> => ({ tool_calls: [{ index, ...piece }] });
  const parts = (typeof given === "string" ? given : JSON.stringify(given)).match(/.{1,8}/gsu) ?? [];
  return [
    delta({ id, type: "function", function: { name, arguments: "" } }),
    ...parts.map((part) => delta({ function: { arguments: part } })),
  ];
}

/** A piece of sound with the words that begin in it, as `delta.audio` has them. */
export function audioDelta(id: string, pcm: Int16Array, words: NonNullable<ChatSpeech["words"]> = []): Record<string, unknown> {
  const data = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString("base64");
  const timed = words.map(({ text, startMs, endMs }) => ({ text, start_ts: startMs, end_ts: endMs, duration: endMs - startMs }));
  return { audio: { id, data, ...(timed.length > 0 ? { words: timed } : {}) } };
}

function* speechDeltas({ pcm, sampleRate = 16_000, transcript, words = [] }: ChatSpeech): Generator<Record<string, unknown>> {
  const id = `audio_${randomUUID()}`;
  if (transcript !== undefined) yield { audio: { id, transcript } };
  const piece = Math.round((sampleRate * 40) / 1000);
  for (let from = 0; from < pcm.length; from += piece) {
    const starts = ({ startMs }: { startMs: number }): number => (startMs * sampleRate) / 1000;
    const begun = words.filter((word) => starts(word) >= from && starts(word) < from + piece);
    yield audioDelta(id, pcm.slice(from, from + piece), begun);
  }
}

/** The deltas of an answer. */
function* deltasOf(answer: ChatAnswer): Generator<Readonly<Record<string, unknown>>> {
  if (typeof answer === "string") {
    yield* pieces(answer).map((content) => ({ content }));
    return;
  }
  if ("deltas" in answer) {
    yield* answer.deltas;
    return;
  }
  const { text = "", speech, calls = [] } = answer;
  yield* pieces(text).map((content) => ({ content }));
  if (speech !== undefined) yield* speechDeltas(speech);
  for (const [index, call] of calls.entries()) yield* callDeltas(call, index);
}

function callsTools(answer: ChatAnswer): boolean {
  return typeof answer !== "string" && "calls" in answer && (answer.calls ?? []).length > 0;
}

export async function startChatSimulator(options: ChatSimulatorOptions = {}): Promise<ChatSimulator> {
  const { delayMs = 0, chunkMs = 0, script = ["Hello from the simulator."], host = "127.0.0.1", models = ["simulated"] } = options;
  const seen: Seen[] = [];
  const arrived = new Milestones<Seen>();
  const ended = new Milestones<Seen>();
  const closing = new AbortController();
  let connections = 0;

  const answerFor = (number: number, body: unknown): ChatAnswer => {
    if (typeof script === "function") return script(messagesOf(body));
    return script[Math.min(number, script.length - 1)] ?? "";
  };

  async function stream(response: ServerResponse, number: number, request: Seen, signal: AbortSignal): Promise<void> {
    const failing = options.failingRequests === undefined || options.failingRequests.includes(number);
    const failure = failing ? options.failure : undefined;
    const pause = async (ms: number): Promise<void> => {
      if (ms > 0) await wait(ms, undefined, { signal });
    };
    /** Until one side closes the connection. */
    const forever = (): Promise<void> => wait(2 ** 31 - 1, undefined, { signal });
    const event = (data: string): boolean => response.write(`data:${options.tight === true ? "" : " "}${data}\n\n`);

    if (failure?.type === "hang") return forever();
    if (failure?.type === "status") {
      response.writeHead(failure.status, { "content-type": "application/json", ...failure.headers });
      response.end(
        failure.body ?? JSON.stringify({ error: { message: `simulated failure ${failure.status}`, type: "simulated", code: null } }),
      );
      return;
    }
    if (failure?.type === "raw") {
      response.writeHead(200, { "content-type": failure.contentType ?? "text/event-stream" }).end(failure.body);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.flushHeaders();
    await pause(delayMs);
    event(chunk({ role: "assistant", content: "" }, null));
    for (const thought of options.reasoning ?? []) event(chunk({ reasoning_content: thought }, null));
    if (failure?.type === "malformed") {
      response.end("data: {not json at all\n\n");
      return;
    }
    const answer = failure?.type === "empty" ? "" : answerFor(number, request.body);
    let at = 0;
    for (const delta of deltasOf(answer)) {
      if ((failure?.type === "stall" || failure?.type === "cut" || failure?.type === "error-line") && at === failure.pieces) break;
      if (at > 0) await pause(chunkMs);
      at += 1;
      // A client that reads slowly is waited for.
      if (!event(chunk(delta, null))) await once(response, "drain", { signal });
    }
    if (failure?.type === "stall") return forever();
    if (failure?.type === "cut") {
      // What is written must be on its way before the connection breaks.
      await new Promise<void>((resolve) => response.write(": cut here\n\n", () => resolve()));
      response.destroy();
      return;
    }
    if (failure?.type === "error-line") {
      const error = JSON.stringify({ error: failure.error });
      if (failure.bare === true) response.write(`${error}\n\n`);
      else event(error);
      event("[DONE]");
      response.end();
      return;
    }
    event(chunk({}, callsTools(answer) ? "tool_calls" : "stop"));
    event("[DONE]");
    response.end();
  }

  const server = createServer((request, response) => {
    void serve(request, response);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    if (request.method === "GET" && path === "/v1/models") {
      sendJson(response, 200, { object: "list", data: models.map((id) => ({ id, object: "model", created: 0, owned_by: "simulator" })) });
      return;
    }
    if (request.method !== "POST" || !path.includes("/chat/completions")) {
      sendJson(response, 404, { error: { message: `no such path: ${request.method ?? ""} ${path}` } });
      return;
    }
    let body: unknown;
    try {
      body = await readJson(request);
    } catch {
      sendJson(response, 400, { error: { message: "the body is no JSON" } });
      return;
    }
    const entry: Seen = { path, headers: request.headers, body, cancelled: false };
    const number = seen.push(entry) - 1;
    arrived.reach(number, entry);
    const gone = new AbortController();
    response.once("close", () => {
      entry.cancelled = !response.writableFinished;
      gone.abort();
      ended.reach(number, entry);
    });
    if (options.apiKey !== undefined && request.headers.authorization !== `Bearer ${options.apiKey}`) {
      const given = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
      sendJson(response, 401, {
        error: { message: `Incorrect API key provided: ${given}.`, type: "invalid_request_error", param: null, code: "invalid_api_key" },
      });
      return;
    }
    try {
      await stream(response, number, entry, AbortSignal.any([gone.signal, closing.signal]));
    } catch {
      // The client or the simulator has closed the connection: nobody is left to answer.
      response.destroy();
    }
  }

  server.on("connection", () => {
    connections += 1;
  });
  const { origin, port, ...listening } = await listen(server, { host, ...(options.port === undefined ? {} : { port: options.port }) });
  const close = async (): Promise<void> => {
    closing.abort();
    await listening.close();
  };

  return {
    url: `${origin}/v1/chat/completions`,
    origin,
    port,
    requests: seen,
    get connections() {
      return connections;
    },
    request: (number) => arrived.wait(number),
    over: (number) => ended.wait(number),
    close,
    [Symbol.asyncDispose]: close,
  };
}
