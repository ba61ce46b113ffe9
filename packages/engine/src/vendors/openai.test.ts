import { type ChatFailure, type ChatSimulator, type ChatSimulatorOptions, startChatSimulator } from "@parley/simulators";
import { afterEach, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { Network } from "./network.ts";
import { openAiStyle } from "./openai.ts";
import { OpenAiOptions } from "./openai-options.ts";
import type { LlmMessage, LlmOutput } from "./vendor.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

async function simulator(options: ChatSimulatorOptions = {}): Promise<ChatSimulator> {
  const made = await startChatSimulator(options);
  open.push(made);
  return made;
}

function network(): Network {
  const made = new Network({ allowLoopback: true, proxies: {} });
  open.push(made);
  return made;
}

const hello: readonly LlmMessage[] = [
  { role: "system", content: "Be brief.", raw: { name: "rules" } },
  { role: "user", content: "Hello" },
];
const never = new AbortController().signal;

async function complete(options: Readonly<Record<string, unknown>>, messages = hello, signal = never): Promise<LlmOutput[]> {
  return collect(openAiStyle(network()).open(options)(messages, { signal }));
}

/** What was said before the failure, and the failure. */
async function failing(failure: ChatFailure, options: Readonly<Record<string, unknown>> = {}): Promise<{ heard: string; error: AppError }> {
  const server = await simulator({ failure, script: ["One two three four."] });
  let heard = "";
  try {
    for await (const piece of openAiStyle(network()).open({ url: server.url, ...options })(hello, { signal: never }))
      heard += String(piece);
  } catch (error) {
    if (error instanceof AppError) return { heard, error };
    throw error;
  }
  throw new Error(`no failure, but: ${heard}`);
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test("the answer streams word by word", async () => {
  const server = await simulator({ script: ["Good morning to you."] });
  expect(await complete({ url: server.url })).toEqual(["Good ", "morning ", "to ", "you."]);
});

test("the request is the contract's: params at the top, system messages as given, key as bearer", async () => {
  const server = await simulator();
  await complete({
    url: `${server.url}?api-version=1`,
    apiKey: "sk-123456",
    params: { model: "m", temperature: 0.5, stream: false, messages: [] },
    headers: { "x-tenant": "t" },
  });
  const { path, headers, body } = await server.request(0);
  expect(path).toBe("/v1/chat/completions?api-version=1");
  expect(body).toEqual({
    model: "m",
    temperature: 0.5,
    messages: [
      { name: "rules", role: "system", content: "Be brief." },
      { role: "user", content: "Hello" },
    ],
    stream: true,
  });
  expect(headers).toMatchObject({ "content-type": "application/json", authorization: "Bearer sk-123456", "x-tenant": "t" });
});

test("an empty key is not sent", async () => {
  const server = await simulator();
  await complete({ url: server.url });
  expect((await server.request(0)).headers).not.toHaveProperty("authorization");
});

test("a header spelt as the engine spells it is the engine's, spelt otherwise the caller's", async () => {
  const server = await simulator();
  await complete({
    url: server.url,
    apiKey: "sk-123456",
    headers: { Authorization: "Basic x", "content-type": "application/json; charset=utf-8" },
  });
  await complete({ url: server.url, apiKey: "sk-123456", headers: { authorization: "Basic x" } });
  expect(server.requests[0]!.headers).toMatchObject({
    authorization: "Bearer sk-123456",
    "content-type": "application/json; charset=utf-8",
  });
  expect(server.requests[1]!.headers["authorization"]).toBe("Basic x");
});

test("tight data lines, thoughts and an empty first delta are taken as they come", async () => {
  const server = await simulator({ tight: true, reasoning: ["Let me think", "about it"], script: ["Fine."] });
  expect(await complete({ url: server.url })).toEqual(["Fine."]);
});

test("a connection serves later turns", async () => {
  const server = await simulator();
  const llm = openAiStyle(network()).open({ url: server.url });
  for (let turn = 0; turn < 12; turn += 1) await collect(llm(hello, { signal: never }));
  // The end of an answer is read after its last word: a turn that follows at once may need a second connection.
  expect(server.connections).toBeLessThan(4);
});

test("an abort ends the answer without an error and breaks the connection", async () => {
  const server = await simulator({ failure: { type: "stall", pieces: 2 }, script: ["One two three."] });
  const stop = new AbortController();
  const heard: LlmOutput[] = [];
  for await (const piece of openAiStyle(network()).open({ url: server.url })(hello, { signal: stop.signal })) {
    heard.push(piece);
    if (heard.length === 2) stop.abort();
  }
  expect(heard).toEqual(["One ", "two "]);
  expect((await server.over(0)).cancelled).toBe(true);
});

test("an abort before the first token, or before the request, is silent too", async () => {
  const server = await simulator({ failure: { type: "hang" } });
  const stop = new AbortController();
  const answer = complete({ url: server.url }, hello, stop.signal);
  await server.request(0);
  stop.abort();
  expect(await answer).toEqual([]);
  expect(await complete({ url: server.url }, hello, stop.signal)).toEqual([]);
  expect(server.requests).toHaveLength(1);
});

test("a listener who leaves breaks the connection", async () => {
  const server = await simulator({ failure: { type: "stall", pieces: 1 }, script: ["One two."] });
  for await (const piece of openAiStyle(network()).open({ url: server.url })(hello, { signal: never })) {
    expect(piece).toBe("One ");
    break;
  }
  expect((await server.over(0)).cancelled).toBe(true);
});

test("a refusal is told with its status and the vendor's words, without the key", async () => {
  const server = await simulator({ apiKey: "right" });
  const error = await complete({ url: server.url, apiKey: "sk-wrong-key-1234" }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: "vendor-failed",
    vendorCode: 401,
    message: `llm openai at 127.0.0.1:${server.port} answered with status 401: Incorrect API key provided: ***.`,
  });
});

test.each([
  [{ type: "status", status: 500, body: '{"detail":"no GPU left"}' }, 500, "status 500: no GPU left"],
  [{ type: "status", status: 503, body: "<html>\n down </html>" }, 503, "status 503: <html> down </html>"],
  [{ type: "status", status: 429, body: '{"error":"slow down"}' }, 429, "status 429: slow down"],
  [{ type: "status", status: 302, body: "", headers: { location: "http://127.0.0.1:1/" } }, 302, "redirects are not followed"],
] as const)("%o becomes an error with its code", async (failure, code, words) => {
  const { heard, error } = await failing(failure);
  expect(heard).toBe("");
  expect(error.code).toBe("vendor-failed");
  expect(error.vendorCode).toBe(code);
  expect(error.message).toContain(words);
});

test("a credential that is quoted without its scheme is hidden, too", async () => {
  const { error } = await failing(
    { type: "status", status: 401, body: '{"detail":"no such key: secret-123456"}' },
    { headers: { authorization: "Bearer secret-123456" } },
  );
  expect(error.message).toContain("status 401: no such key: ***");
});

test("a list of complaints is told one by one, with their places", async () => {
  const body = JSON.stringify({ detail: [{ loc: ["body", "model"], msg: "field required", type: "missing" }, { msg: "no voice" }] });
  expect((await failing({ type: "status", status: 422, body })).error.message).toContain(
    "status 422: body.model: field required; no voice",
  );
});

test("a long complaint is cut", async () => {
  const { error } = await failing({ type: "status", status: 500, body: "x".repeat(1_000_000) });
  expect(error.message.length).toBeLessThan(600);
});

test.each([
  [{ type: "cut", pieces: 2 }, "One two ", "broke off its answer"],
  [{ type: "malformed" }, "", "no chat completion chunk: {not json at all"],
  [{ type: "error-line", pieces: 1, error: { message: "over quota", code: 429 } }, "One ", "reported an error in its answer: over quota"],
  [{ type: "error-line", pieces: 1, error: "model unloaded", bare: true }, "One ", "reported an error in its answer: model unloaded"],
  [{ type: "empty" }, "", "answered without any text (finish reason: stop"],
  [{ type: "raw", body: "<html>hello</html>", contentType: "text/html" }, "", "content type: text/html"],
  [{ type: "raw", body: "data: [1,2]\n\n" }, "", "no chat completion chunk: [1,2]"],
] as const)("%o is an error that says so, after what was said", async (failure, before, words) => {
  const { heard, error } = await failing(failure);
  expect(heard).toBe(before);
  expect(error.code).toBe("vendor-failed");
  expect(error.message).toContain(words);
});

test("the error in a stream brings its own code", async () => {
  expect((await failing({ type: "error-line", pieces: 1, error: { message: "over quota", code: "429" } })).error.vendorCode).toBe(429);
});

test("no text in time, or silence in mid-answer, is an error with the time", async () => {
  expect((await failing({ type: "hang" }, { firstTokenMs: 30 })).error.message).toContain("sent no text within 30 ms");
  const { heard, error } = await failing({ type: "stall", pieces: 2 }, { pauseMs: 30 });
  expect(heard).toBe("One two ");
  expect(error.message).toContain("no more text within 30 ms");
});

test("an empty answer is none when that is asked for", async () => {
  const server = await simulator({ failure: { type: "empty" } });
  expect(await complete({ url: server.url, ignoreEmpty: true })).toEqual([]);
});

test("a server that ignores streaming is understood", async () => {
  const body = JSON.stringify({
    object: "chat.completion",
    choices: [{ index: 0, message: { role: "assistant", content: "All at once." }, finish_reason: "stop" }],
  });
  const server = await simulator({ failure: { type: "raw", body, contentType: "application/json" } });
  expect(await complete({ url: server.url })).toEqual(["All at once."]);
});

test("a stream may end without a finish reason and without DONE, and content may come in parts", async () => {
  const body = [
    '{"choices":[{"delta":{"content":[{"type":"text","text":"Hel"}]}}]}',
    '{"object":"chat.completion.custom_metadata","choices":[],"metadata":{"interruptable":false}}',
    '{"choices":[{"delta":{"content":"lo."}}]}',
  ]
    .map((line) => `data: ${line}\n`)
    .join("");
  const server = await simulator({ failure: { type: "raw", body } });
  expect(await complete({ url: server.url })).toEqual(["Hel", "lo."]);
});

test("an endless answer is cut off", async () => {
  const line = `data: ${JSON.stringify({ choices: [{ delta: { content: "x".repeat(500_000) } }] })}\n\n`;
  const { error } = await failing({ type: "raw", body: line.repeat(20) });
  expect(error.message).toContain("sent more than 8388608 bytes");
});

test("where nobody listens the error names host and port, and no key", async () => {
  const server = await simulator();
  await server.close();
  const error = await complete({ url: server.url, apiKey: "sk-123456" }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "vendor-unreachable" });
  expect(String(error)).toContain(`llm openai at 127.0.0.1:${server.port} cannot be reached`);
  expect(String(error)).not.toContain("sk-123456");
});

test("an address that is refused fails when the agent is made", () => {
  const strict = new Network({ allowLoopback: false, proxies: {} });
  open.push(strict);
  expect(() => openAiStyle(strict).open({ url: "http://127.0.0.1:11434/v1/chat/completions" })).toThrow(
    /^llm\.url: 127\.0\.0\.1 is refused/,
  );
  expect(() => openAiStyle(strict).open({ url: "http://127.0.0.1:11434/v1/chat/completions" }, "other")).toThrow(
    /^other\.url: 127\.0\.0\.1 is refused/,
  );
  expect(() => openAiStyle(strict).open({ url: "http://127.0.0.1:11434/v1/chat/completions", trusted: true })).not.toThrow();
});

test.each([
  [{ url: "ftp://x.example" }, "url"],
  [{ url: "not a url" }, "url"],
  [{}, "url"],
  [{ url: "https://x.example", headers: { Host: "other" } }, "headers"],
  [{ url: "https://x.example", headers: { "x-a": "1\r\nx-b: 2" } }, "headers"],
  [{ url: "https://x.example", headers: { "bad name": "1" } }, "headers"],
  [{ url: "https://x.example", params: [] }, "params"],
])("%o is not accepted", (options, field) => {
  const result = OpenAiOptions.safeParse(options);
  expect(result.success).toBe(false);
  expect(result.error?.issues[0]?.path[0]).toBe(field);
});

const find = { name: "find", description: "Finds things", parameters: { type: "object", properties: { what: { type: "string" } } } };

test("tools go out as functions; a request without tools says nothing of them", async () => {
  const server = await simulator();
  const llm = openAiStyle(network()).open({ url: server.url, params: { parallel_tool_calls: false } });
  await collect(llm(hello, { signal: never, tools: [find] }));
  await collect(llm(hello, { signal: never, tools: [] }));
  expect((await server.request(0)).body).toMatchObject({
    tools: [{ type: "function", function: find }],
    tool_choice: "auto",
    parallel_tool_calls: false,
  });
  expect((await server.request(1)).body).not.toHaveProperty("tools");
  expect((await server.request(1)).body).not.toHaveProperty("tool_choice");
});

test("calls and their results go back as the contract wants them", async () => {
  const server = await simulator();
  const messages: LlmMessage[] = [
    { role: "user", content: "Find it" },
    { role: "assistant", content: "", toolCalls: [{ id: "c1", name: "find", arguments: { what: "it" } }] },
    { role: "tool", callId: "c1", content: "found" },
  ];
  await complete({ url: server.url }, messages);
  expect((await server.request(0)).body).toMatchObject({
    messages: [
      { role: "user", content: "Find it" },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", type: "function", function: { name: "find", arguments: '{"what":"it"}' } }],
      },
      { role: "tool", tool_call_id: "c1", content: "found" },
    ],
  });
});

test("an answer may be text and calls, or calls alone", async () => {
  const calls = [
    { id: "c1", name: "find", arguments: { what: "keys" } },
    { name: "find", arguments: { what: "phone" } },
  ];
  const server = await simulator({ script: [{ text: "One moment.", calls }, { calls: [calls[0]!] }] });
  expect(await complete({ url: server.url })).toEqual([
    "One ",
    "moment.",
    { type: "tool-call", id: "c1", name: "find", arguments: { what: "keys" } },
    { type: "tool-call", id: expect.stringMatching(/^call_/) as string, name: "find", arguments: { what: "phone" } },
  ]);
  expect(await complete({ url: server.url })).toEqual([{ type: "tool-call", id: "c1", name: "find", arguments: { what: "keys" } }]);
});

test("a connection that breaks in the middle of a call runs nothing", async () => {
  const server = await simulator({
    script: [{ calls: [{ name: "find", arguments: { what: "a thing with a long name" } }] }],
    failure: { type: "cut", pieces: 2 },
  });
  const found: LlmOutput[] = [];
  const error = await (async () => {
    for await (const output of openAiStyle(network()).open({ url: server.url })(hello, { signal: never })) found.push(output);
  })().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AppError);
  expect(found).toEqual([]);
});

test("details of each message and of the turn go to servers that want them", async () => {
  const server = await simulator();
  const entry = { turnId: 3, startMs: 1000, endMs: 2000 } as const;
  const messages: LlmMessage[] = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hi", entry: { ...entry, role: "user", content: "Hi", source: "asr", uid: "77" } },
    {
      role: "assistant",
      content: "Good",
      entry: { ...entry, role: "assistant", content: "Good", original: "Good morning.", source: "llm", startMs: 2500, endMs: 2900 },
    },
  ];
  const open = (details: boolean) => openAiStyle(network(), () => 1_000_005_000).open({ url: server.url, details });
  const context = { signal: never, turn: { id: 4, at: 5000, interruptable: true } };
  await collect(open(true)(messages, context));
  await collect(open(false)(messages, context));
  expect((await server.request(0)).body).toEqual({
    stream: true,
    turn_id: 4,
    timestamp: 1_000_005_000,
    interruptable: true,
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi", turn_id: 3, timestamp: 1_000_001_000, metadata: { source: "asr", user: "77" } },
      {
        role: "assistant",
        content: "Good",
        turn_id: 3,
        timestamp: 1_000_002_500,
        metadata: { source: "llm", interrupted: true, interrupt_timestamp: 1_000_002_900, original: "Good morning." },
      },
    ],
  });
  expect((await server.request(1)).body).toEqual({
    stream: true,
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Good" },
    ],
  });
});

test("the first chunk may say how the answer and the voice are to be; a later one is no more than a chunk", async () => {
  const control = JSON.stringify({
    object: "chat.completion.custom_metadata",
    choices: [],
    metadata: { interruptable: false, tts_params: { params: { speed: 1.1 } } },
  });
  const text = JSON.stringify({ choices: [{ delta: { content: "Fine." } }] });
  const body = `data: ${control}\n\ndata: ${text}\n\ndata: ${control}\n\ndata: [DONE]\n\n`;
  const server = await simulator({ failure: { type: "raw", body } });
  expect(await complete({ url: server.url })).toEqual([{ type: "control", interruptable: false, voiceParams: { speed: 1.1 } }, "Fine."]);
});

test("pictures go with the user's message as parts", async () => {
  const server = await simulator();
  await complete({ url: server.url }, [{ role: "user", content: "What is this?", pictures: [{ url: "https://pictures.example/1.png" }] }]);
  expect((await server.request(0)).body).toMatchObject({
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: "https://pictures.example/1.png" } },
        ],
      },
    ],
  });
});

test("what an operator's message holds in place of role and text goes out as it stands", async () => {
  const server = await simulator();
  const parts = [{ type: "text", text: "Be brief." }];
  await complete({ url: server.url }, [
    { role: "system", content: "Be brief.", raw: { role: "developer", content: parts } },
    ...hello.slice(1),
  ]);
  expect((await server.request(0)).body).toMatchObject({ messages: [{ role: "developer", content: parts }, { role: "user" }] });
});
