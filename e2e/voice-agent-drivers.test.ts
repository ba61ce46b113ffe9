/** Clients of the Voice Agent API that nobody here wrote, unmodified: they name the inventor's host, and the test's WebSocket and fetch lead it here. */
import { AssemblyAIRealtime } from "@memberjunction/ai-assemblyai";
import { AssemblyAIRealtimeClient } from "@memberjunction/ai-realtime-client/dist/drivers/assemblyAIRealtimeClient.js";
import { type ChatAnswer, type ChatMessage, type ChatSimulator, startChatSimulator } from "@parley/simulators";
import { resample } from "@parley/media";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningEngine, startEngine } from "./src/engine.ts";
import { expectWords } from "./src/hearing.ts";
import { recording, sampleRate } from "./src/sound.ts";

const apiKey = "0123456789abcdef0123456789abcdef";
const host = "agents.assemblyai.com";
const bridge = "The Brooklyn Bridge was opened in eighteen eighty-three.";
const weatherTool = {
  Name: "get_weather",
  Description: "The weather in a city.",
  ParametersSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

function answer(messages: readonly ChatMessage[]): ChatAnswer {
  const last = messages.at(-1);
  if (last?.role === "tool") return `I have looked. ${String(last.content)}`;
  const asked = JSON.stringify(messages);
  if (asked.includes("still looking")) return "I am still looking.";
  if (String(last?.content).toLowerCase().includes("weather")) return { calls: [{ name: "get_weather", arguments: { city: "Oslo" } }] };
  return bridge;
}

let engine: RunningEngine;
let chat: ChatSimulator;
const saved = { WebSocket: globalThis.WebSocket, fetch: globalThis.fetch };
const sockets: WebSocket[] = [];

beforeAll(async () => {
  chat = await startChatSimulator({ script: answer });
  const llm = JSON.stringify({ url: chat.url, params: { model: "simulated" } });
  // Its client for browsers resumes with the token that it has: the live service lets a token be used again.
  engine = await startEngine({ PARLEY_API_KEY: apiKey, PARLEY_DEFAULTS__LLM: llm, PARLEY_VOICE_AGENT__REUSABLE_TOKENS: "true" });
  const { host: here } = new URL(engine.url);
  globalThis.WebSocket = class extends saved.WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(String(url).replace(`wss://${host}`, `ws://${here}`), protocols);
      sockets.push(this);
    }
  };
  globalThis.fetch = (input, init) => saved.fetch(typeof input === "string" ? input.replace(`https://${host}`, engine.url) : input, init);
});

afterAll(async () => {
  Object.assign(globalThis, saved);
  await engine?.[Symbol.asyncDispose]();
  await chat?.close();
});

/** Notes what happens, and waits for something to have happened. */
class Story {
  readonly lines: string[] = [];
  #wake = Promise.withResolvers<void>();

  add(line: string): void {
    this.lines.push(line);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async until(line: string): Promise<void> {
    while (!this.lines.includes(line)) await this.#wake.promise;
  }
}

/** Hands out a recording at 24 kHz in chunks of 20 ms, as fast as it was spoken. */
async function speak(name: string, send: (chunk: Int16Array) => void): Promise<void> {
  const pcm = resample(await recording(name), sampleRate, 24_000);
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    let at = 0;
    const timer = setInterval(() => {
      for (; at < pcm.length && at / 24 <= performance.now() - startedAt; at += 480) send(pcm.slice(at, at + 480));
      if (at < pcm.length) return;
      clearInterval(timer);
      resolve();
    }, 10);
  });
}

test("the driver for servers: greeting, question, tool, note, spoken update, and an end", async () => {
  const story = new Story();
  let bytes = 0;
  const session = await new AssemblyAIRealtime(apiKey).StartSession({
    Model: "voice-agent",
    SystemPrompt: "Be brief.",
    InitialContext: "The user is in Oslo.",
    Tools: [weatherTool],
    Config: { greeting: "Good morning.", voice: "ivy", keyterms: ["Brooklyn"], turn_detection: { vad_threshold: 0.5 } },
  });
  session.OnOutput((chunk: ArrayBuffer) => {
    bytes += chunk.byteLength;
  });
  session.OnTranscript(({ Role, Text, IsFinal }) => {
    if (IsFinal) story.add(`${Role}: ${Text}`);
  });
  session.OnToolCall?.(({ CallID, ToolName, Arguments }) => {
    story.add(`${ToolName} ${Arguments}`);
    void session.SendToolResult(CallID, JSON.stringify("It is raining."));
  });
  session.OnInterruption(() => story.add("interrupted"));
  session.OnError?.(({ Message, Code }) => story.add(`error ${Code}: ${Message}`));

  await story.until("assistant: Good morning.");
  await speak("brooklyn-bridge", (chunk) => session.SendInput(chunk.buffer as ArrayBuffer));
  await story.until(`assistant: ${bridge}`);
  await speak("whats-the-weather-like", (chunk) => session.SendInput(chunk.buffer as ArrayBuffer));
  await story.until('assistant: I have looked. "It is raining."');
  session.SendContextNote?.("The user has a red umbrella.");
  await session.RegisterTools([]);
  session.RequestSpokenUpdate?.("Say that you are still looking.");
  await story.until("assistant: I am still looking.");
  await session.Close();

  const asked = ["How old is the Brooklyn Bridge?", "What's the weather like?"];
  for (const [index, line] of story.lines.filter((each) => each.startsWith("user: ")).entries()) expectWords(`user: ${asked[index]}`, line);
  expect(story.lines.map((line) => line.replace(/^user: .*/, "user"))).toEqual([
    "assistant: Good morning.",
    "user",
    `assistant: ${bridge}`,
    "user",
    'get_weather {"city":"Oslo"}',
    'assistant: I have looked. "It is raining."',
    "assistant: I am still looking.",
  ]);
  expect(bytes / 48_000).toBeGreaterThan(5);
  // The note became part of the prompt that the model saw.
  expect(JSON.stringify(chat.requests.at(-1)?.body)).toContain("red umbrella");
});

/** Without a browser's audio: what it would play is counted, what a microphone would bring is sent by the test. */
class Client extends AssemblyAIRealtimeClient {
  speak: (base64: string) => void = () => undefined;
  played = 0;
  flushed = 0;

  protected override async createMicCapture(_stream: MediaStream, _rate: number, onChunk: (base64: string) => void) {
    this.speak = onChunk;
    return { Stop: () => undefined } as never;
  }

  protected override createPlayback() {
    const count = (chunk: ArrayBuffer): void => void (this.played += chunk.byteLength);
    return { IsPlaying: false, Enqueue: count, Flush: () => void this.flushed++, Close: () => undefined, CreateMeter: () => null } as never;
  }
}

test("the client for browsers: a token of its server's, a question, a lost socket, the same session again", async () => {
  const story = new Story();
  const config = await new AssemblyAIRealtime(apiKey).CreateClientSession({
    Model: "voice-agent",
    SystemPrompt: "Be brief.",
    Tools: [weatherTool],
  });
  const client = new Client();
  client.OnTranscript(({ Role, Text, IsFinal }) => {
    if (IsFinal) story.add(`${Role}: ${Text}`);
  });
  client.OnStateChange((state) => story.add(state));
  client.OnError(({ Message }) => story.add(`error: ${Message}`));
  client.OnToolCall(({ CallID, ToolName, ArgumentsJson }) => {
    story.add(`${ToolName} ${ArgumentsJson}`);
    client.SendToolResult(CallID, JSON.stringify("It is raining."));
  });
  const microphone = { getTracks: () => [], getAudioTracks: () => [] } as unknown as MediaStream;
  await client.Connect(config, microphone);
  const say = (name: string) => speak(name, (chunk) => client.speak(Buffer.from(chunk.buffer).toString("base64")));
  await say("brooklyn-bridge");
  await story.until(`Assistant: ${bridge}`);
  const before = story.lines.length;
  sockets.at(-1)?.close(4000, "the network changes");
  await story.until("connecting");
  while (story.lines.slice(before).filter((line) => line === "listening").length < 1)
    await story.until("listening").then(() => new Promise(setImmediate));
  await say("whats-the-weather-like");
  await story.until('Assistant: I have looked. "It is raining."');
  await client.Disconnect();

  expect(story.lines.filter((line) => line.startsWith("error"))).toEqual([]);
  expect(sockets.at(-1)?.url).toBe(sockets.at(-2)?.url);
  // The model remembers what was said over the first socket.
  expect(JSON.stringify(chat.requests.at(-1)?.body)).toContain("Brooklyn Bridge");
  expect(client.played).toBeGreaterThan(48_000);
});
