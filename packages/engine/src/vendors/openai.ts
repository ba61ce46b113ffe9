/** LLM style `openai`: chat completions as a stream of server-sent events, from OpenAI or any server that speaks like it. */
import { AppError } from "../errors.ts";
import { eventData } from "./event-stream.ts";
import { type Network, reason, type Target } from "./network.ts";
import { Answer } from "./openai-answer.ts";
import { Calls } from "./openai-calls.ts";
import { OpenAiOptions } from "./openai-options.ts";
import { requestBody, requestHeaders } from "./openai-request.ts";
import type { Llm, LlmContext, LlmMessage, LlmOutput, LlmStyle } from "./vendor.ts";

const name = "llm openai";

/** `now`: Unix milliseconds, for the requests that tell it. */
export function openAiStyle(network: Network, now: () => number = Date.now): LlmStyle {
  return {
    name: "openai",
    speaks: true,
    options: OpenAiOptions,
    open(given, field = "llm"): Llm {
      const options = OpenAiOptions.parse(given);
      const url = new URL(options.url);
      const target: Target = { vendor: name, url, trusted: options.trusted };
      if (!options.trusted) network.check(`${field}.url`, url);
      const headers = requestHeaders(options, url);
      return (messages, context) => complete({ network, target, options, headers, now }, messages, context);
    },
  };
}

interface Opened {
  readonly network: Network;
  readonly target: Target;
  readonly options: OpenAiOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly now: () => number;
}

async function* complete(
  { network, target, options, headers, now }: Opened,
  messages: readonly LlmMessage[],
  context: LlmContext,
): AsyncGenerator<LlmOutput, void, undefined> {
  const { signal } = context;
  const answer = new Answer(name, options, target.url);
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
    const wanted = options.output.includes("audio") ? "sound" : "text";
    expect(options.firstTokenMs, `sent no ${wanted}`);
    const body = requestBody(options, messages, context, now());
    const response = await network.request(target, { method: "POST", headers, body, signal: both });
    if (response.statusCode < 200 || response.statusCode > 299) throw await answer.refused(response.statusCode, response.body);

    // Left without destroying the body, so that the connection can serve the next turn.
    const chunks: AsyncIterable<Uint8Array> = response.body.iterator({ destroyOnReturn: false });
    const calls = new Calls();
    let heard = false;
    let finish = "";
    read: for await (const data of eventData(answer.bounded(chunks))) {
      for (const step of answer.read(data)) {
        switch (step.type) {
          case "text":
            heard = true;
            clearTimeout(timer);
            yield step.text;
            expect(options.pauseMs, "went silent in mid-answer: no more text");
            break;
          case "speech":
            heard ||= step.pcm.length > 0 || step.text !== "";
            clearTimeout(timer);
            yield step;
            expect(options.pauseMs, "went silent in mid-answer: no more sound");
            break;
          case "call-piece":
            calls.push(step.piece);
            expect(options.pauseMs, "went silent in mid-answer: the call of a tool did not go on");
            break;
          case "control":
            yield step;
            break;
          case "finish":
            finish = step.reason;
            break read;
          case "done":
            break read;
        }
      }
    }
    clearTimeout(timer);
    // A call is whole when the answer is: nothing runs on half of its arguments.
    for (const call of calls.finished) yield { type: "tool-call", ...call };
    if (!heard && calls.finished.length === 0 && !options.ignoreEmpty) {
      const type = String(response.headers["content-type"] ?? "none");
      throw answer.fail(`answered without any ${wanted} (finish reason: ${finish || "none"}, content type: ${answer.quote(type)})`, {
        vendorCode: response.statusCode,
      });
    }
    finished = true;
    // What is left is the end of the stream: read, the connection serves the next turn.
    response.body.dump({ limit: 65_536, signal: AbortSignal.timeout(1000) }).catch(() => undefined);
  } catch (error) {
    if (signal.aborted) return;
    if (late.signal.aborted) throw late.signal.reason;
    if (error instanceof AppError) throw error;
    throw answer.fail("broke off its answer", { said: answer.quote(reason(error)), cause: error });
  } finally {
    clearTimeout(timer);
    if (!finished) late.abort();
  }
}
