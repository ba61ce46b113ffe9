/** @parley/voice-agent in Node with a real engine and real speech, over a wire that breaks; and the example for terminals. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { readWav, resample } from "@parley/media";
import { type ChatAnswer, type ChatMessage, type ChatSimulator, startChatSimulator } from "@parley/simulators";
import { openSpeech, type Speech } from "@parley/speech";
import { tool, VoiceAgent, type VoiceAgentEvent, type VoiceAgentOptions } from "@parley/voice-agent";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningEngine, startEngine } from "./src/engine.ts";
import { Relay } from "./src/relay.ts";
import { recording, sampleRate } from "./src/sound.ts";
import { expectWords, understand } from "./src/hearing.ts";

const apiKey = "0123456789abcdef0123456789abcdef";
const bridge = "The Brooklyn Bridge was opened in eighteen eighty-three.";

/** Knows the bridge by itself, and the weather by its tool. */
function answer(messages: readonly ChatMessage[]): ChatAnswer {
  const last = messages.at(-1);
  if (last?.role === "tool") return `I have looked. ${String(last.content)}`;
  if (String(last?.content).toLowerCase().includes("weather")) return { calls: [{ name: "get_weather", arguments: { city: "Oslo" } }] };
  return bridge;
}

let engine: RunningEngine;
let chat: ChatSimulator;
let speech: Speech;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-voice-agent-"));
  speech = openSpeech({ threads: 1 });
  chat = await startChatSimulator({ script: answer });
  const llm = JSON.stringify({ url: chat.url, params: { model: "simulated" } });
  [engine] = await Promise.all([startEngine({ PARLEY_API_KEY: apiKey, PARLEY_DEFAULTS__LLM: llm }), speech.ready]);
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await chat?.close();
  await speech?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Call extends AsyncDisposable {
  readonly agent: VoiceAgent;
  readonly events: VoiceAgentEvent[];
  /** Resolves with the first event from now on that is of this type and fits. */
  next<Type extends VoiceAgentEvent["type"]>(
    type: Type,
    fits?: (event: Extract<VoiceAgentEvent, { type: Type }>) => boolean,
  ): Promise<Extract<VoiceAgentEvent, { type: Type }>>;
  /** Plays a recording to the agent as fast as it was spoken. */
  say(name: string): Promise<void>;
  /** The voice of a reply, at 16 kHz. */
  voice(replyId: string): Int16Array;
}

function makeCall(options: Partial<VoiceAgentOptions>): Call {
  const agent = new VoiceAgent({
    url: engine.url,
    apiKey,
    ...options,
    session: { input: { format: { encoding: "audio/pcm", sample_rate: sampleRate } }, ...options.session },
  } as VoiceAgentOptions);
  const events: VoiceAgentEvent[] = [];
  const types = ["session.error", "transcript.user", "transcript.agent", "transcript.agent.delta", "reply.started", "reply.audio"] as const;
  for (const type of [...types, "reply.done", "tool.call", "tool.result", "reconnecting", "resumed", "restarted", "lost"] as const) {
    agent.on(type, (event) => events.push(event));
  }
  const call: Call = {
    agent,
    events,
    next: (type, fits = () => true) =>
      new Promise((resolve, reject) => {
        agent.on(type, (event) => {
          if (fits(event)) resolve(event);
        });
        agent.on("lost", ({ error }) => reject(error));
        agent.on("closed", () => reject(new Error(`closed before ${type}`)));
      }),
    async say(name) {
      const pcm = await recording(name);
      const step = sampleRate / 50;
      const startedAt = performance.now();
      await new Promise<void>((resolve) => {
        let at = 0;
        const timer = setInterval(() => {
          for (; at < pcm.length && (at / sampleRate) * 1000 <= performance.now() - startedAt; at += step)
            agent.sendAudio(pcm.subarray(at, at + step));
          if (at < pcm.length) return;
          clearInterval(timer);
          resolve();
        }, 10);
      });
    },
    voice(replyId) {
      const parts = events.flatMap((event) => (event.type === "reply.audio" && event.reply_id === replyId ? [event.pcm] : []));
      const whole = Int16Array.from(parts.flatMap((part) => [...part]));
      return resample(whole, 24_000, sampleRate);
    },
    [Symbol.asyncDispose]: async () => void (await agent.end()),
  };
  return call;
}

async function expectHeard(pcm: Int16Array, text: string): Promise<void> {
  expectWords(text, await understand(speech, pcm));
}

test("a question is understood and answered, then a tool is asked and its answer spoken", async () => {
  const weather = tool({
    name: "get_weather",
    description: "The weather in a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    run: ({ city }) => `It is raining in ${city}, and it is cold.`,
  });
  await using call = makeCall({ tools: [weather], session: { system_prompt: "Be brief." } });
  await call.agent.connect();
  const answered = call.next("reply.done");
  await call.say("brooklyn-bridge");
  const first = await answered;
  expectWords("How old is the Brooklyn Bridge?", call.events.find((event) => event.type === "transcript.user")?.text ?? "");
  await expectHeard(call.voice(first.reply_id), bridge);

  const spoken = call.next("transcript.agent", ({ text }) => text.includes("raining"));
  await call.say("whats-the-weather-like");
  expect(await spoken).toMatchObject({ text: "I have looked. It is raining in Oslo, and it is cold.", interrupted: false });
  expect(call.events.filter(({ type }) => type === "tool.call" || type === "tool.result" || type === "session.error")).toMatchObject([
    { type: "tool.call", name: "get_weather", arguments: { city: "Oslo" } },
    { type: "tool.result", result: "It is raining in Oslo, and it is cold.", is_error: false },
  ]);
});

const poem =
  "Good morning, and welcome to our museum. Today we are open from nine until five. The garden behind the house is closed this week. The library is on the second floor, next to the old stairs.";

test("the wire is cut in mid-reply, twice: the sockets together bring the whole reply, once", async () => {
  await using relay = await Relay.open(engine.url);
  await using call = makeCall({ url: relay.url, session: { greeting: poem } });
  const done = call.next("reply.done");
  const cutAt = [25, 150];
  let frames = 0;
  call.agent.on("reply.audio", () => {
    if (++frames === cutAt[0]) {
      cutAt.shift();
      relay.cut();
    }
  });
  await call.agent.connect();
  const { reply_id: replyId, status } = await done;

  expect(status).toBe("completed");
  expect(call.events.filter(({ type }) => type === "resumed")).toHaveLength(2);
  expect(call.events.find(({ type }) => type === "transcript.agent")).toMatchObject({ reply_id: replyId, text: poem, interrupted: false });
  const words = call.events.flatMap((event) => (event.type === "transcript.agent.delta" ? [event] : []));
  expect(words.map(({ delta }) => delta).join(" ")).toBe(poem);
  const voice = call.voice(replyId);
  const lastWordMs = words.at(-1)?.end_ms ?? 0;
  expect(Math.abs((voice.length / sampleRate) * 1000 - lastWordMs)).toBeLessThan(400);
  await expectHeard(voice, poem);
});

test("what the user says while the wire is cut reaches the agent afterwards", async () => {
  await using relay = await Relay.open(engine.url);
  await using call = makeCall({ url: relay.url, session: { system_prompt: "Be brief." } });
  await call.agent.connect();
  const reconnecting = call.next("reconnecting");
  const resumed = call.next("resumed");
  const understood = call.next("transcript.user");
  relay.reachable = false;
  relay.cut();
  await reconnecting;
  await call.say("brooklyn-bridge");
  relay.reachable = true;
  await resumed;
  expectWords("How old is the Brooklyn Bridge?", (await understood).text);
});

test("the agent is stopped by cancel, and what it then says it has said is what was heard", async () => {
  await using call = makeCall({ session: { greeting: poem } });
  const done = call.next("reply.done");
  const transcript = call.next("transcript.agent");
  let frames = 0;
  call.agent.on("reply.audio", () => {
    if (++frames === 100) call.agent.cancel();
  });
  await call.agent.connect();
  expect((await done).status).toBe("interrupted");
  const { text, interrupted } = await transcript;
  expect(interrupted).toBe(true);
  expect(poem.startsWith(text)).toBe(true);
  expect(text.length).toBeLessThan(poem.length / 2);
});

test("wrong keys are told as such, and refused settings with the field", async () => {
  const wrong = makeCall({ apiKey: "no key" });
  await expect(wrong.agent.connect()).rejects.toMatchObject({ code: expect.stringMatching(/^unauthorized$/i) });
  await expect(makeCall({ session: { output: { voice: "nobody" } } }).agent.connect()).rejects.toMatchObject({ code: "invalid_value" });
  await using call = makeCall({});
  await call.agent.connect();
  await expect(call.agent.update({ greeting: "Again." })).rejects.toMatchObject({ code: "immutable_field" });
  await call.agent.update({ system_prompt: "Be quiet." });
  // What goes out as a question for a sign of life changes nothing.
  expect(await call.agent.update({})).toMatchObject({ system_prompt: "Be quiet." });
  expect(call.agent.config).toMatchObject({ system_prompt: "Be quiet." });
});

test("the example for terminals asks with a file, prints what was said, and writes what was heard", async () => {
  const out = join(folder, "heard.wav");
  const root = new URL("..", import.meta.url).pathname;
  const file = new URL("../recordings/brooklyn-bridge.wav", import.meta.url).pathname;
  const args = ["start", "--silent", "-w", "examples/voice-agent-terminal", "--", "--in", file, "--out", out, "--greeting", "Hello there."];
  const env = { ...process.env, PARLEY_URL: engine.url, PARLEY_API_KEY: apiKey, INIT_CWD: root };
  const { stdout } = await promisify(execFile)("npm", args, { cwd: root, env, timeout: 60_000 });
  const [greeting, asked = "", ...answer] = stdout.trim().split("\n");
  expect([greeting, ...answer]).toEqual(["agent: Hello there.", `agent: ${bridge}`]);
  expectWords("you: How old is the Brooklyn Bridge?", asked);
  const heard = readWav(await readFile(out));
  expect(heard.sampleRate).toBe(24_000);
  await expectHeard(resample(heard.pcm, 24_000, sampleRate), `Hello there. ${bridge}`);
});

test("the example for terminals talks through the programs that a machine has for sound", async () => {
  // In place of sox: a microphone that says one thing and is then silent, and a loudspeaker that writes.
  const question = resample(await recording("brooklyn-bridge"), sampleRate, 24_000);
  await writeFile(join(folder, "said.raw"), Buffer.from(question.buffer, question.byteOffset, question.byteLength));
  const script = (line: string): string => `#!/bin/sh\n[ "$1" = --version ] && exit\n${line}\n`;
  const bin = join(folder, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "rec"), script(`cat ${folder}/said.raw; exec sleep 60`), { mode: 0o755 });
  await writeFile(join(bin, "play"), script(`exec cat >> ${folder}/played.raw`), { mode: 0o755 });
  const root = new URL("../examples/voice-agent-terminal/", import.meta.url).pathname;
  const program = spawn(process.execPath, ["--conditions=source", "src/main.ts", "--greeting", ""], {
    cwd: root,
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, PARLEY_URL: engine.url, PARLEY_API_KEY: apiKey },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const printed: string[] = [];
  for await (const line of createInterface({ input: program.stdout })) {
    printed.push(line);
    if (line.startsWith("agent:")) program.kill("SIGINT");
  }
  if (program.exitCode === null) await once(program, "exit");
  expect(program.exitCode).toBe(0);
  const [asked = "", ...answer] = printed;
  expect(answer).toEqual([`agent: ${bridge}`]);
  expectWords("you: How old is the Brooklyn Bridge?", asked);
  const played = await readFile(join(folder, "played.raw"));
  await expectHeard(resample(new Int16Array(played.buffer, played.byteOffset, played.length >> 1), 24_000, sampleRate), bridge);
});
