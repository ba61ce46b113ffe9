/** A conversation in a terminal: with a microphone, or with a WAV file for one. */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { tool, VoiceAgent, VoiceAgentError } from "@parley/voice-agent";
import { Player, record } from "./devices.ts";
import { Heard } from "./heard.ts";
import { readWav, type Sound, writeWav } from "./wav.ts";

const usage = `PARLEY_API_KEY=… npm start -w examples/voice-agent-terminal -- [--in question.wav] [--out heard.wav] [--url http://127.0.0.1:8080] [--prompt TEXT] [--greeting TEXT]

Without --in it listens to the microphone until Ctrl+C. Use headphones: a terminal has no echo cancellation, and the agent would hear itself.
With --in it plays the file after the greeting, in real time, and hangs up after the answer.`;

const sampleRate = 24_000;
/** A file goes out in pieces of this. */
const pieceMs = 20;
/** Quiet after the answer, before a call with a file is over. */
const goodbyeMs = 1_500;
/** An answer that has not begun by then will not come. */
const patienceMs = 15_000;

/** Runs here when the agent wants to know. */
const currentTime = tool({
  name: "current_time",
  description: "The time of day in a time zone.",
  parameters: {
    type: "object",
    properties: { time_zone: { type: "string", description: "IANA name, for example Europe/Oslo. Absent: here." } },
  },
  run: ({ time_zone: timeZone }) =>
    new Date().toLocaleTimeString("en", { timeStyle: "short", ...(timeZone !== undefined && { timeZone }) }),
});

const { values } = parseArgs({
  options: {
    in: { type: "string" },
    out: { type: "string" },
    url: { type: "string", default: process.env["PARLEY_URL"] ?? "http://127.0.0.1:8080" },
    prompt: { type: "string", default: "You are a friendly voice assistant. Answer in one or two short sentences." },
    greeting: { type: "string", default: "Hello. What can I do for you?" },
    help: { type: "boolean", default: false },
  },
});

async function converse(apiKey: string): Promise<void> {
  const file = values.in === undefined ? undefined : readWav(await readFile(pathOf(values.in)));
  const agent = new VoiceAgent({
    url: values.url,
    apiKey,
    tools: [currentTime],
    session: {
      system_prompt: values.prompt,
      greeting: values.greeting,
      // The engine takes files at their own rate, if it is one of 8, 16, 24 and 48 kHz.
      ...(file !== undefined && { input: { format: { encoding: "audio/pcm", sample_rate: file.sampleRate } } }),
    },
  });
  print(agent);
  const player = file === undefined ? new Player() : undefined;
  const heard = listen(agent, player);
  const hangUp = new AbortController();
  process.once("SIGINT", () => hangUp.abort());
  const greeted = values.greeting === "" ? Promise.resolve() : next(agent, "reply.done");
  const over = Promise.race([next(agent, "closed"), next(agent, "lost")]);
  await agent.connect();
  if (file === undefined) {
    record((pcm) => agent.sendAudio(pcm), hangUp.signal);
    await Promise.race([over, new Promise((done) => hangUp.signal.addEventListener("abort", done))]);
  } else {
    await Promise.race([greeted, over]);
    await Promise.race([ask(agent, file), over]);
  }
  hangUp.abort();
  await agent.end();
  player?.close();
  if (values.out !== undefined) await writeFile(pathOf(values.out), writeWav({ pcm: heard.pcm, sampleRate }));
}

/** Plays the file to the agent and waits until it has answered. */
async function ask(agent: VoiceAgent, { pcm, sampleRate: rate }: Sound): Promise<void> {
  const activity = watch(agent);
  const startedAt = performance.now();
  const step = (rate * pieceMs) / 1000;
  for (let at = 0; at < pcm.length; at += step) {
    agent.sendAudio(pcm.subarray(at, at + step));
    await wait(Math.max(0, startedAt + ((at + step) / rate) * 1000 - performance.now()));
  }
  const askedAt = performance.now();
  // A turn may have an answer of several replies: one before a tool runs, one after.
  while (!activity.quietSince(askedAt, goodbyeMs) && performance.now() - Math.max(askedAt, activity.lastAt) < patienceMs)
    await wait(pieceMs);
}

/** Whether a reply has come since some time, and all has been quiet for a while. */
function watch(agent: VoiceAgent): { quietSince(at: number, ms: number): boolean; readonly lastAt: number } {
  const state = { lastAt: 0, doneAt: 0, open: 0 };
  const change = (open: number) => () => {
    state.lastAt = performance.now();
    state.open += open;
  };
  agent.on("input.speech.started", change(0));
  agent.on("reply.started", change(1));
  agent.on("tool.call", change(1));
  agent.on("tool.result", change(-1));
  agent.on("reply.done", () => {
    change(-1)();
    state.doneAt = performance.now();
  });
  return {
    quietSince: (at, ms) => state.open <= 0 && state.doneAt > at && performance.now() - state.lastAt > ms,
    get lastAt() {
      return state.lastAt;
    },
  };
}

function print(agent: VoiceAgent): void {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  agent.on("transcript.user", ({ text }) => say(`you:   ${text}`));
  agent.on("transcript.agent", ({ text, interrupted }) => say(`agent: ${text}${interrupted ? " —" : ""}`));
  agent.on("tool.result", ({ name, result }) => say(`       ${name}: ${result}`));
  agent.on("reconnecting", ({ attempt }) => say(`       the connection is lost, attempt ${attempt}`));
  agent.on("resumed", ({ awayMs }) => say(`       the connection is back after ${Math.round(awayMs)} ms`));
  agent.on("session.error", ({ code, message }) => say(`       ${code}: ${message}`));
  agent.on("lost", ({ error }) => {
    process.exitCode = 1;
    say(`       ${error.message} ${error.remedy}`);
  });
}

/** The agent's voice, to the loudspeaker and for the file. */
function listen(agent: VoiceAgent, player: Player | undefined): Heard {
  const heard = new Heard(sampleRate, performance.now());
  const flush = (): void => {
    heard.flush(performance.now());
    player?.flush();
  };
  agent.on("reply.audio", ({ pcm }) => {
    heard.play(pcm, performance.now());
    player?.play(pcm);
  });
  agent.on("input.speech.started", flush);
  agent.on("reply.done", ({ status }) => {
    if (status === "interrupted") flush();
  });
  return heard;
}

function next(agent: VoiceAgent, type: "reply.done" | "closed" | "lost"): Promise<void> {
  return new Promise((done) => {
    const off = agent.on(type, () => {
      off();
      done();
    });
  });
}

/** npm starts this in its own folder; paths are meant from where the command was given. */
function pathOf(path: string): string {
  return resolve(process.env["INIT_CWD"] ?? ".", path);
}

const apiKey = process.env["PARLEY_API_KEY"] ?? "";
if (values.help || apiKey === "") {
  process.stdout.write(`${usage}\n`);
  process.exitCode = values.help ? 0 : 2;
} else {
  await converse(apiKey).catch((error: unknown) => {
    const remedy = error instanceof VoiceAgentError ? ` ${error.remedy}` : "";
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}${remedy}\n`);
    process.exitCode = 1;
  });
}
