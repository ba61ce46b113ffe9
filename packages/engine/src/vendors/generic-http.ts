/** Vendor `generic_http`: a voice of one's own behind HTTP. Each clause is a request, its answer raw PCM that is played as it comes. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { aborted } from "../aborted.ts";
import { AppError } from "../errors.ts";
import { complaint, parseJson, quote } from "./complaint.ts";
import { type Network, reason, type Target } from "./network.ts";
import { OtherAudio, PcmBytes } from "./pcm-bytes.ts";
import { hostOf, portOf } from "./proxy.ts";
import { readStart } from "./read-start.ts";
import { RequestHeaders } from "./request-headers.ts";
import type { Tts, TtsOutput, Vendor, Voice } from "./vendor.ts";

const name = "generic_http";

/** Bytes of an answer's body that are read where it is no audio. */
const mostErrorBytes = 16_384;

/** Longest audio of a clause, in milliseconds: some seven times what slow speech takes, so that an endless answer ends. */
const longestMs = (text: string): number => 10_000 + 500 * text.length;

const Params = z.looseObject({
  /** Sent as bearer; empty: not sent. */
  api_key: z.string().default(""),
  model: z.string().optional(),
  voice: z.string().optional(),
  speed: z.number().positive().optional(),
  /** Hertz, of what is answered. */
  sample_rate: z.int().min(8000).max(48_000).default(24_000),
  response_format: z.literal("pcm").default("pcm"),
  /** How it is to be said. */
  instruction: z.string().optional(),
  /** Each request has an id of its own, as header `X-Request-Id` and in the body. */
  enable_request_id: z.boolean().default(false),
  app_id: z.string().optional(),
});

const GenericHttpOptions = z
  .object({
    /** The whole address; nothing is appended. */
    url: z.url({ protocol: /^https?$/, error: "an http or https address is wanted" }),
    headers: RequestHeaders.default({}),
    /** Beside those that are known, whatever the service understands: all of it goes into each request. */
    params: Params.prefault({}),
    /** The address is the operator's own. Set by the engine alone; a door never copies it from a request. */
    trusted: z.boolean().default(false),
  })
  .superRefine(({ headers, params }, context) => {
    if (params.api_key !== "" || authorizationOf(headers) !== undefined) return;
    context.addIssue({ code: "custom", path: ["params", "api_key"], message: "is needed where headers has no Authorization" });
  });

type GenericHttpOptions = z.output<typeof GenericHttpOptions>;

/** Longest waits, in milliseconds: from the request to the first audio, and between two pieces of it. */
export interface Patience {
  readonly firstMs: number;
  readonly pauseMs: number;
}

export function genericHttp(network: Network, patience: Patience = { firstMs: 10_000, pauseMs: 10_000 }): Vendor {
  return {
    name,
    tts: {
      options: GenericHttpOptions,
      addressed: true,
      open(given): Voice {
        const options = GenericHttpOptions.parse(given);
        const url = new URL(options.url);
        if (!options.trusted) network.check("tts.url", url);
        const target: Target = { vendor: `tts ${name}`, url, trusted: options.trusted };
        return { sampleRate: options.params.sample_rate, speak: speak({ network, target, options, patience }) };
      },
    },
  };
}

interface Opened {
  readonly network: Network;
  readonly target: Target;
  readonly options: GenericHttpOptions;
  readonly patience: Patience;
}

/** Speaks clause by clause; while one is given out, the next is awaited and asked for already, and no more than that one. */
function speak(opened: Opened): Tts {
  return async function* (clauses, { signal }) {
    const source = clauses[Symbol.asyncIterator]();
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    using over = aborted(signal);
    const pull = async (): Promise<Utterance | undefined> => {
      const next = await source.next();
      if (next.done === true || both.aborted) return undefined;
      const utterance = new Utterance(opened, next.value, both);
      await utterance.ask();
      return utterance;
    };
    let coming = pull();
    try {
      for (;;) {
        const utterance = await Promise.race([coming, over.promise]);
        if (utterance === undefined || signal.aborted) return;
        coming = pull();
        // It is awaited in the next round; until then its failure is nobody's, and after an abort for good.
        coming.catch(() => undefined);
        yield* utterance.audio();
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    } finally {
      coming.catch(() => undefined);
      stop.abort();
      void source.return?.();
    }
  };
}

/** One clause: its request, and the audio that answers it. */
class Utterance {
  readonly #opened: Opened;
  readonly #text: string;
  /** Nobody wants it any more. */
  readonly #signal: AbortSignal;
  /** It took too long; the reason says what. */
  readonly #late = new AbortController();
  readonly #either: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #body: AsyncIterable<Uint8Array> | undefined;

  constructor(opened: Opened, text: string, signal: AbortSignal) {
    this.#opened = opened;
    this.#text = text;
    this.#signal = signal;
    this.#either = AbortSignal.any([signal, this.#late.signal]);
  }

  /** Resolves when the answer's head is there, and promises audio. */
  async ask(): Promise<void> {
    const { network, target, options, patience } = this.#opened;
    const id = options.params.enable_request_id ? randomUUID() : undefined;
    await this.#guarded(async () => {
      this.#expect(patience.firstMs, "did not answer");
      const body = requestBody(options.params, this.#text, id);
      const headers = requestHeaders(options, id);
      const response = await network.request(target, { method: "POST", headers, body, signal: this.#either });
      const told = response.headers;
      if (response.statusCode !== 200) throw await this.#refused(response.statusCode, response.body);
      const type = String(told["content-type"] ?? "");
      if (!isAudio(type)) throw await this.#noAudio(type, response.body);
      const rate = told["x-audio-sample-rate"] ?? parameterOf(type, "rate");
      if (rate !== undefined && Number(rate) !== options.params.sample_rate) {
        response.body.destroy();
        throw this.#fail(
          `answered with audio of ${this.#quote(String(rate))} Hz where params.sample_rate says ${options.params.sample_rate}`,
        );
      }
      this.#body = response.body;
    });
  }

  /** The audio as it comes; a clause without any letter may have none. */
  async *audio(): AsyncGenerator<TtsOutput, void, undefined> {
    if (this.#body === undefined) return;
    const { patience, options } = this.#opened;
    const { sample_rate: sampleRate } = options.params;
    const bytes = new PcmBytes(sampleRate);
    const pieces = this.#body[Symbol.asyncIterator]();
    let samples = 0;
    try {
      for (;;) {
        const { pcm, ended } = await this.#guarded(async () => {
          if (samples === 0) this.#expect(patience.firstMs, "sent no audio");
          else this.#expect(patience.pauseMs, "went silent in mid-sentence: no more audio");
          const next = await pieces.next();
          return next.done === true ? { pcm: bytes.end(), ended: true } : { pcm: bytes.push(next.value), ended: false };
        });
        if (pcm.length > 0) {
          if (samples === 0) yield { type: "clause", text: this.#text };
          samples += pcm.length;
          if (samples > (longestMs(this.#text) * sampleRate) / 1000) {
            throw this.#fail(`sent more than ${longestMs(this.#text)} ms of audio for ${this.#text.length} characters`);
          }
          yield { type: "audio", pcm };
        }
        if (ended) break;
      }
      if (samples > 0) return;
      if (/[\p{L}\p{N}]/u.test(this.#text)) throw this.#fail("answered without any audio");
      yield { type: "clause", text: this.#text };
    } finally {
      await pieces.return?.();
    }
  }

  /** Whatever goes wrong, in the words of the table. */
  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (this.#late.signal.aborted) throw this.#late.signal.reason;
      if (this.#signal.aborted || error instanceof AppError) throw error;
      if (error instanceof OtherAudio) throw this.#fail(error.message);
      throw this.#fail("broke off its audio", { said: this.#quote(reason(error)), cause: error });
    } finally {
      clearTimeout(this.#timer);
    }
  }

  #expect(ms: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#late.abort(this.#fail(`${what} within ${ms} ms`)), ms);
  }

  /** `what`: in our words. `said`: what the service says to it. */
  #fail(what: string, { said = "", ...details }: { said?: string; vendorCode?: number; cause?: unknown } = {}): AppError {
    const { url, vendor } = this.#opened.target;
    const own = `${vendor} at ${hostOf(url)}:${portOf(url)} ${what}`;
    return new AppError("vendor-failed", said === "" ? own : `${own}: ${said}`, { ...details, own });
  }

  #quote(text: string): string {
    const { params, headers } = this.#opened.options;
    return quote(text, [params.api_key, ...Object.values(headers)]);
  }

  async #refused(status: number, body: AsyncIterable<Uint8Array>): Promise<AppError> {
    const { text } = await readStart(body, mostErrorBytes);
    const redirect = status >= 300 && status < 400 ? "; redirects are not followed, give the final address" : "";
    return this.#fail(`answered with status ${status}${redirect}`, {
      said: this.#quote(complaint(parseJson(text) ?? text)),
      vendorCode: status,
    });
  }

  async #noAudio(type: string, body: AsyncIterable<Uint8Array>): Promise<AppError> {
    const { text } = await readStart(body, mostErrorBytes);
    const said = /^text\/|json/i.test(type) ? this.#quote(complaint(parseJson(text) ?? text)) : "";
    return this.#fail(`answered with ${this.#quote(type)} where raw PCM was asked for`, { said, vendorCode: 200 });
  }
}

function requestBody(
  { api_key: _key, enable_request_id: _enabled, ...params }: GenericHttpOptions["params"],
  text: string,
  id?: string,
): string {
  return JSON.stringify({ ...params, ...(id === undefined ? {} : { request_id: id }), input: text });
}

/** The caller's headers replace ours. */
function requestHeaders({ headers, params }: GenericHttpOptions, id?: string): Record<string, string> {
  const own: Record<string, string> = {
    "content-type": "application/json",
    accept: "application/octet-stream, audio/pcm, audio/*;q=0.5",
    ...(params.api_key === "" ? {} : { authorization: `Bearer ${params.api_key}` }),
    ...(id === undefined ? {} : { "x-request-id": id }),
  };
  const given = Object.entries(headers).filter(([key, value]) => key.toLowerCase() !== "authorization" || value.trim() !== "");
  const replaced = new Set(given.map(([key]) => key.toLowerCase()));
  return Object.fromEntries([...Object.entries(own).filter(([key]) => !replaced.has(key)), ...given]);
}

function authorizationOf(headers: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(headers).find(([key, value]) => key.toLowerCase() === "authorization" && value.trim() !== "")?.[1];
}

/** Content that may be raw PCM; one that says nothing may be, too. */
function isAudio(type: string): boolean {
  return /^(?:(?:application|binary)\/octet-stream|audio\/(?:x-)?(?:pcm|l16|raw|wave?|vnd\.wave))?\s*(?:;|$)/i.test(type.trim());
}

/** A parameter of a content type. */
function parameterOf(type: string, wanted: string): string | undefined {
  for (const part of type.split(";").slice(1)) {
    const [key = "", value = ""] = part.split("=");
    if (key.trim().toLowerCase() === wanted) return value.trim();
  }
  return undefined;
}
