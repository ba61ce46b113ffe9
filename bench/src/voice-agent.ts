/**
 * The Voice Agent socket in figures: `npm run bench:voice`. With `--resume`: sockets that are lost in mid-sentence come
 * back after 1, 5, 15 and 29 s, twenty of each; what is missing, or comes twice, is told.
 */
import { setTimeout as wait } from "node:timers/promises";
import { EngineProcess } from "./engine-process.ts";
import { summarise } from "./statistics.ts";
import { type Came, micRate, speechOf, VoiceAgentCaller } from "./voice-agent-caller.ts";

const key = "bench-voice-agent-key";
const simulated = {
  PARLEY_DEFAULTS__ASR: '{"*": {"vendor": "simulated"}}',
  PARLEY_DEFAULTS__TTS__VENDOR: "simulated",
  PARLEY_DEFAULTS__LLM__STYLE: "simulated",
};
const question = "brooklyn-bridge";
/** Questions of each session; the first warms up and does not count. */
const turns = 6;
const awayS = [1, 5, 15, 29];
const resumes = 20;

const figures = new Map<string, number[]>();
const note = (figure: string, ms: number): void => void figures.set(figure, [...(figures.get(figure) ?? []), ms]);
const ofType =
  (...types: string[]) =>
  (event: Came) =>
    types.includes(event.type);
const session = { input: { format: { encoding: "audio/pcm", sample_rate: micRate } } };

async function startEngine(vendors: "hosted" | "embedded"): Promise<{ engine: EngineProcess; url: string }> {
  const engine = await EngineProcess.start({ vendors, env: { PARLEY_API_KEY: key, ...(vendors === "hosted" ? simulated : {}) } });
  return { engine, url: `${engine.url.replace("http", "ws")}/v1/ws?token=${key}` };
}

/** Asks; from the end of the turn to the first sound is the engine's own time, where vendors take none. */
async function converse(url: string, label: string, interrupt: boolean): Promise<void> {
  using caller = new VoiceAgentCaller(url);
  const pcm = await speechOf(question);
  const opened = performance.now();
  caller.connect({ type: "session.update", session });
  const ready = await caller.next(0, ofType("session.ready"));
  note(`${label}: socket to session.ready`, ready.at - opened);
  for (let turn = 0; turn < turns; turn += 1) {
    await wait(500 + Math.random() * 500);
    const from = caller.events.length;
    const counts = turn > 0;
    const onset = performance.now();
    const end = await caller.say(pcm);
    const [started, stopped, audio] = [
      await caller.next(from, ofType("input.speech.started")),
      await caller.next(from, ofType("input.speech.stopped")),
      await caller.next(from, ofType("reply.audio")),
    ];
    if (counts) {
      note(`${label}: onset to input.speech.started`, started.at - onset);
      note(`${label}: end of speech to input.speech.stopped`, stopped.at - end);
      note(`${label}: end of turn to first reply.audio`, audio.at - stopped.at);
    }
    if (interrupt) {
      await wait(1500);
      const again = caller.events.length;
      const begun = performance.now();
      await caller.say(pcm);
      const done = await caller.next(again, ofType("reply.done"));
      if (counts && done["status"] === "interrupted") note(`${label}: onset to reply.done interrupted`, done.at - begun);
      await caller.next(again, ofType("transcript.user"));
      const next = caller.events.length;
      await caller.next(next, ofType("reply.done"));
    } else await caller.next(from, ofType("reply.done"));
  }
}

const greeting = Array.from({ length: 47 }, (_, index) => ["one", "two", "three", "four"][index % 4]).join(" ");
const framesOf = (caller: VoiceAgentCaller): number => caller.events.filter(ofType("reply.audio")).length;

/** Frames of the greeting on a socket that holds: the simulated voice always takes the same time for it. */
async function wholeGreeting(url: string): Promise<number> {
  using caller = new VoiceAgentCaller(url);
  caller.connect({ type: "session.update", session: { ...session, greeting } });
  await caller.next(0, ofType("reply.done"));
  return framesOf(caller);
}

/**
 * The greeting loses its socket and comes back: true when every word arrived once, and every frame, but for one that may
 * have been on its way: a socket drops what reaches it after its own `close()`.
 */
async function loseAndReturn(url: string, away: number, frames: number): Promise<boolean> {
  using caller = new VoiceAgentCaller(url);
  caller.connect({ type: "session.update", session: { ...session, greeting } });
  const ready = await caller.next(0, ofType("session.ready"));
  await caller.next(0, ofType("reply.audio"));
  await wait(300 + Math.random() * 3000);
  await caller.drop();
  await wait(away * 1000);
  const begun = performance.now();
  caller.connect({ type: "session.resume", session_id: ready["session_id"] });
  const from = caller.events.length;
  const answer = await caller.next(from, ofType("session.ready", "session.error"));
  if (answer.type === "session.error") return false;
  note(`resume after ${away} s: socket to session.ready`, answer.at - begun);
  const done = await caller.next(from, ofType("reply.done"));
  const text = caller.events.find(ofType("transcript.agent"))?.["text"];
  const words = caller.events.filter(ofType("transcript.agent.delta")).map((event) => event["delta"]);
  const missing = frames - framesOf(caller);
  if (missing !== 0) console.log(`away for ${away} s: ${framesOf(caller)} of ${frames} frames, ${words.length} of 47 words`);
  const isWhole = (missing === 0 || missing === 1) && text === greeting && words.join(" ") === greeting;
  return done["status"] === "completed" && isWhole;
}

async function measure(): Promise<void> {
  {
    const { engine, url } = await startEngine("hosted");
    await using _engine = engine;
    await converse(url, "vendors at 0 ms, 1 session", false);
    await Promise.all(Array.from({ length: 20 }, () => converse(url, "vendors at 0 ms, 20 sessions", false)));
  }
  const { engine, url } = await startEngine("embedded");
  await using _engine = engine;
  await converse(url, "embedded, 1 session", true);
}

async function measureResume(): Promise<void> {
  const { engine, url } = await startEngine("hosted");
  await using _engine = engine;
  const frames = await wholeGreeting(url);
  for (const away of awayS) {
    const whole = await Promise.all(Array.from({ length: resumes }, () => loseAndReturn(url, away, frames)));
    console.log(`away for ${away} s: ${whole.filter(Boolean).length} of ${resumes} sessions went on with every word once`);
    if (!whole.every(Boolean)) process.exitCode = 1;
  }
}

await (process.argv.includes("--resume") ? measureResume() : measure());
console.log("| figure | n | min | p50 | p95 | max | ms |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |");
for (const [figure, values] of figures) {
  const { count, min, p50, p95, max } = summarise(values);
  console.log(`| ${figure} | ${count} | ${[min, p50, p95, max].map((value) => value.toFixed(0)).join(" | ")} | |`);
}
