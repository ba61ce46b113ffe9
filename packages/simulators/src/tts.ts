/** A voice behind HTTP on loopback, as the vendor `generic_http` wants it: JSON in, raw PCM out; it can fail in the ways that real ones do. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { listen } from "./listening.ts";
import { Milestones } from "./milestones.ts";

export type TtsFailure =
  /** Answers with this status; without a body, with a `detail`. */
  | { readonly type: "status"; readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** Takes the request and never answers. */
  | { readonly type: "hang" }
  /** Begins a good answer and never sends a byte of it. */
  | { readonly type: "silent" }
  /** A good answer without a byte. */
  | { readonly type: "empty" }
  /** Sends so many bytes of the audio, then nothing more. */
  | { readonly type: "stall"; readonly bytes: number }
  /** Sends so many bytes of the audio, then breaks the connection. */
  | { readonly type: "cut"; readonly bytes: number }
  /** Ends the answer after so many bytes, as if that were all: an odd number is half a sample. */
  | { readonly type: "short"; readonly bytes: number }
  /** A WAV header before the audio, which the contract forbids; it may tell of other audio. */
  | { readonly type: "wav"; readonly sampleRate?: number; readonly channels?: number }
  /** This content type, with this body in place of audio where there is one, and without a word of the rate. */
  | { readonly type: "content-type"; readonly contentType: string; readonly body?: string }
  /** Says that the audio has this rate. */
  | { readonly type: "rate"; readonly sampleRate: number }
  /** The audio never ends. */
  | { readonly type: "endless" };

export interface TtsRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The JSON as it came. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The client has broken the connection before the answer was complete. */
  readonly cancelled: boolean;
}

export interface TtsSimulatorOptions {
  /** Length of each letter, in milliseconds of audio. */
  readonly letterMs?: number;
  /** From the request to the first byte, in milliseconds. */
  readonly delayMs?: number;
  /** Bytes that are sent at once; an odd number cuts samples in two. */
  readonly chunkBytes?: number;
  /** Between pieces, in milliseconds. */
  readonly chunkMs?: number;
  /** What goes wrong: always, or in the requests of these numbers (from 0). */
  readonly failure?: TtsFailure;
  readonly failingRequests?: readonly number[];
  /** When set, other keys are refused with 401 and a `detail`. */
  readonly apiKey?: string;
  readonly port?: number;
}

export interface TtsSimulator extends AsyncDisposable {
  /** `http://127.0.0.1:…/v1/audio/speech` */
  readonly url: string;
  readonly port: number;
  /** In the order of their arrival. */
  readonly requests: readonly TtsRequest[];
  /** Resolves when request `number` (from 0) is there, complete. */
  request(number: number): Promise<TtsRequest>;
  /** Resolves when request `number` is over: answered in full, or broken off by one side. */
  over(number: number): Promise<TtsRequest>;
  close(): Promise<void>;
}

/** Bytes of a request's body that are taken. */
const mostBytes = 1_048_576;
const defaultRate = 24_000;
/** About −12 dBFS. */
const loudness = 8000;
const hertz = 220;

/** What is heard of a text: a tone, as long as its letters. */
export function simulatedSpeech(text: string, sampleRate: number, letterMs = 20): Int16Array {
  const length = Math.round((text.length * letterMs * sampleRate) / 1000);
  return Int16Array.from({ length }, (_, at) => Math.round(loudness * Math.sin((2 * Math.PI * hertz * (at + 1)) / sampleRate)));
}

function bytesOf(pcm: Int16Array): Buffer {
  const bytes = Buffer.alloc(pcm.length * 2);
  for (const [index, sample] of pcm.entries()) bytes.writeInt16LE(sample, index * 2);
  return bytes;
}

/** 44 bytes, with lengths that are not known in advance. */
function wavHeader(sampleRate: number, channels: number): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF\xff\xff\xff\xffWAVEfmt ", 0, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data\xff\xff\xff\xff", 36, "latin1");
  return header;
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > mostBytes) return undefined;
    pieces.push(piece);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    return typeof body === "object" && body !== null ? { ...body } : undefined;
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, status: number, detail: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ detail }));
}

interface Seen {
  path: string;
  headers: IncomingMessage["headers"];
  body: Readonly<Record<string, unknown>>;
  cancelled: boolean;
}

export async function startTtsSimulator(options: TtsSimulatorOptions = {}): Promise<TtsSimulator> {
  const { letterMs = 20, delayMs = 0, chunkBytes = 4096, chunkMs = 0 } = options;
  const seen: Seen[] = [];
  const arrived = new Milestones<Seen>();
  const ended = new Milestones<Seen>();
  const closing = new AbortController();

  async function speak(response: ServerResponse, body: Seen["body"], failure: TtsFailure | undefined, signal: AbortSignal): Promise<void> {
    const forever = (): Promise<void> => wait(2 ** 31 - 1, undefined, { signal });
    if (failure?.type === "hang") return await forever();
    if (failure?.type === "status") {
      const text = failure.body ?? JSON.stringify({ detail: `simulated failure ${failure.status}` });
      response.writeHead(failure.status, { "content-type": "application/json", ...failure.headers }).end(text);
      return;
    }
    const { sample_rate: asked, input } = body;
    const sampleRate = typeof asked === "number" ? asked : defaultRate;
    const told = failure?.type === "rate" ? failure.sampleRate : sampleRate;
    response.writeHead(
      200,
      failure?.type === "content-type"
        ? { "content-type": failure.contentType }
        : { "content-type": "application/octet-stream", "x-audio-sample-rate": String(told) },
    );
    if (failure?.type === "content-type" && failure.body !== undefined) {
      response.end(failure.body);
      return;
    }
    response.flushHeaders();
    if (failure?.type === "silent") return await forever();
    if (delayMs > 0) await wait(delayMs, undefined, { signal });
    const sound = bytesOf(simulatedSpeech(typeof input === "string" ? input : "", sampleRate, letterMs));
    const header = failure?.type === "wav" ? wavHeader(failure.sampleRate ?? sampleRate, failure.channels ?? 1) : Buffer.alloc(0);
    const whole = failure?.type === "empty" ? header : Buffer.concat([header, sound]);
    const limit = failure !== undefined && "bytes" in failure ? failure.bytes : Number.POSITIVE_INFINITY;
    const send = async (bytes: Buffer): Promise<void> => {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        if (at > 0 && chunkMs > 0) await wait(chunkMs, undefined, { signal });
        const flowing = response.write(bytes.subarray(at, at + chunkBytes));
        if (!flowing) await once(response, "drain", { signal });
      }
    };
    await send(whole.subarray(0, limit));
    if (failure?.type === "endless") for (;;) await send(sound);
    if (failure?.type === "stall") return await forever();
    if (failure?.type === "cut") {
      // What is written must be on its way before the connection breaks.
      await new Promise<void>((resolve) => response.write(Buffer.alloc(0), () => resolve()));
      await wait(5, undefined, { signal });
      response.destroy();
      return;
    }
    response.end();
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    if (request.method !== "POST") return refuse(response, 405, `no such request: ${request.method ?? ""} ${path}`);
    const body = await readBody(request);
    if (body === undefined) return refuse(response, 400, "the body is no JSON object");
    const entry: Seen = { path, headers: request.headers, body, cancelled: false };
    const number = seen.push(entry) - 1;
    arrived.reach(number, entry);
    const gone = new AbortController();
    response.once("close", () => {
      entry.cancelled = !response.writableFinished;
      gone.abort();
      ended.reach(number, entry);
    });
    const given = request.headers.authorization ?? "";
    if (options.apiKey !== undefined && given !== `Bearer ${options.apiKey}`) {
      return refuse(response, 401, `invalid api key ${given.replace(/^Bearer /, "")}`);
    }
    if (typeof body["input"] !== "string" || body["input"] === "") return refuse(response, 400, "input is empty");
    if (body["response_format"] !== "pcm") return refuse(response, 400, "response_format is not pcm");
    const failing = options.failingRequests === undefined || options.failingRequests.includes(number);
    try {
      await speak(response, body, failing ? options.failure : undefined, AbortSignal.any([gone.signal, closing.signal]));
    } catch {
      // The client or the simulator has closed the connection: nobody is left to answer.
      response.destroy();
    }
  }

  const server = createServer((request, response) => {
    void serve(request, response);
  });
  const { origin, port, ...listening } = await listen(server, options.port === undefined ? {} : { port: options.port });
  const close = async (): Promise<void> => {
    closing.abort();
    await listening.close();
  };

  return {
    url: `${origin}/v1/audio/speech`,
    port,
    requests: seen,
    request: (number) => arrived.wait(number),
    over: (number) => ended.wait(number),
    close,
    [Symbol.asyncDispose]: close,
  };
}
