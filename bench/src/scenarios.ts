/** What is measured, one function for each question; each says what it measured and how often. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { accountOf, type Conversation, type Line, type TurnAccount } from "@parley/engine/call";
import { type AgentWish, holdCall, recording } from "./calls.ts";
import { EngineProcess } from "./engine-process.ts";
import { machineTime, stealShare, usageOf } from "./process-usage.ts";
import { percentile, type Summary, summarise } from "./statistics.ts";

export interface Figure {
  readonly figure: string;
  readonly unit: string;
  readonly summary: Summary;
}

export interface Scale {
  /** Turns that a latency figure rests on. */
  readonly turns: number;
  readonly starts: number;
  readonly windowS: number;
  readonly hostedCalls: readonly number[];
  readonly embeddedCalls: readonly number[];
  /** Runs of the gap measurement; the worst counts. */
  readonly gapRuns: number;
  /** That the figure of the REST door rests on. */
  readonly joins: number;
}

export const fullScale: Scale = {
  turns: 20,
  starts: 3,
  windowS: 20,
  hostedCalls: [1, 10, 25, 50],
  embeddedCalls: [1, 4, 8],
  gapRuns: 3,
  joins: 200,
};
/** To see that everything works; its figures mean little. */
export const quickScale: Scale = { turns: 2, starts: 1, windowS: 5, hostedCalls: [1, 4], embeddedCalls: [1], gapRuns: 1, joins: 20 };

/** End-of-turn silence of the latency figures, in milliseconds. */
const SILENCE_MS = 256;
/** Into the answer, in milliseconds after its first sound. */
const BARGE_IN_MS = 1500;
const TURNS_PER_CALL = 5;
/** Calls begin so far apart, and all have settled after this. */
const STAGGER_MS = 200;
const SETTLE_MS = 5000;

type Note = (text: string) => void;
type Vendors = AgentWish["vendors"];

/** From the start of the process to listening and to ready: with an empty data folder, and with the one that this left. */
export async function measureStart({ starts }: Scale, note: Note): Promise<Figure[]> {
  const cold: { listeningMs: number; readyMs: number }[] = [];
  const warm: { listeningMs: number; readyMs: number }[] = [];
  for (let round = 0; round < starts; round += 1) {
    note(`start ${round + 1}`);
    const dataDir = mkdtempSync(join(tmpdir(), "parley-bench-"));
    for (const list of [cold, warm]) {
      await using engine = await EngineProcess.start({ vendors: "embedded", dataDir });
      list.push({ listeningMs: engine.listeningMs, readyMs: engine.readyMs });
    }
    rmSync(dataDir, { recursive: true });
  }
  return [
    { figure: "start to listening, empty data folder", unit: "ms", summary: summarise(cold.map(({ listeningMs }) => listeningMs)) },
    { figure: "start to ready, empty data folder", unit: "ms", summary: summarise(cold.map(({ readyMs }) => readyMs)) },
    { figure: "start to listening, warm", unit: "ms", summary: summarise(warm.map(({ listeningMs }) => listeningMs)) },
    { figure: "start to ready, warm", unit: "ms", summary: summarise(warm.map(({ readyMs }) => readyMs)) },
  ];
}

/** One call at a time: how long answers take, how soon the agent falls silent, how soon a greeting is heard. */
export async function measureLatency(vendors: Vendors, { turns }: Scale, note: Note): Promise<Figure[]> {
  await using engine = await EngineProcess.start({ vendors });
  const agent: AgentWish = { vendors, silenceMs: SILENCE_MS, greeting: false };
  const answered: number[] = [];
  const silenced: number[] = [];
  const greeted: number[] = [];
  const joined: number[] = [];
  const questions = ["brooklyn-bridge", "whats-the-weather-like"].map(recording);
  const interruption = recording("whats-the-weather-like");

  for (let done = 0; done < turns; done += TURNS_PER_CALL) {
    note(`${vendors}: turns from ${done + 1}`);
    const count = Math.min(TURNS_PER_CALL, turns - done);
    const lines = Array.from({ length: count }, (_, index): Line => ({ pcm: questions[index % questions.length] ?? new Int16Array(0) }));
    const plain = await holdCall({ url: engine.url, agent, lines });
    answered.push(...present(turnsOf(plain).map(({ voiceToVoiceMs }) => voiceToVoiceMs)));
    // One interruption for each call: what is cut gets an answer of its own, and the call ends.
    for (let index = 0; index < count; index += 1) {
      const cut = await holdCall({
        url: engine.url,
        agent,
        lines: [{ pcm: longQuestion(vendors), bargeIn: { afterMs: BARGE_IN_MS, pcm: interruption } }],
      });
      silenced.push(...present(turnsOf(cut).map(({ bargeInToSilenceMs }) => bargeInToSilenceMs)));
    }
    for (let index = 0; index < count; index += 1) {
      const greeting = await holdCall({ url: engine.url, agent: { ...agent, greeting: true }, lines: [], waitForGreeting: true });
      if (greeting.greetingFirstSoundMs === null) continue;
      greeted.push(greeting.greetingFirstSoundMs);
      joined.push(greeting.joinMs + greeting.greetingFirstSoundMs);
    }
  }
  const name = vendors === "embedded" ? "everything embedded" : "vendors simulated at 0 ms";
  return [
    figure(`voice to voice, ${SILENCE_MS} ms of silence, ${name}`, answered),
    ...(vendors === "hosted"
      ? [
          figure(
            "voice to voice added by the engine",
            answered.map((ms) => ms - SILENCE_MS),
          ),
        ]
      : []),
    figure(`barge-in to silence, 160 ms setting, ${name}`, silenced),
    figure(`ready to first sound of the greeting, ${name}`, greeted),
    figure(`join to first sound of the greeting, ${name}`, joined),
  ];
}

/** Something whose answer is long enough to be interrupted. */
function longQuestion(vendors: Vendors): Int16Array {
  return recording(vendors === "embedded" ? "whats-the-weather-like" : "brooklyn-bridge");
}

export interface Load {
  /** Which vendors, and what went on beside. */
  readonly vendors: string;
  readonly calls: number;
  /** Of one core, for each call, 0 to 1. */
  readonly coreShare: number;
  readonly residentMb: number;
  /** Beyond the engine without calls, for each call. */
  readonly mbPerCall: number;
  readonly voiceToVoice: Summary | null;
  readonly gapP999Ms: number;
  readonly gapMaxMs: number;
  /** Frames of agents that the engine sent too late, in all calls together. */
  readonly framesLate: number;
  readonly unanswered: number;
  /** Share of the time that all cores were busy, this benchmark's callers included, and that the hypervisor took. */
  readonly busyShare: number;
  readonly stealShare: number;
}

/** Calls at once, each asking again and again: what they cost, and whether they suffer. `beside`: what else the engine does meanwhile. */
export async function measureLoad(
  vendors: Vendors,
  calls: number,
  { windowS }: Scale,
  note: Note,
  beside: (url: string) => Promise<void> = async () => {},
): Promise<Load> {
  note(`${vendors}: ${calls} calls at once`);
  await using engine = await EngineProcess.start({ vendors });
  const agent: AgentWish = { vendors, silenceMs: SILENCE_MS, greeting: false };
  // The first call of a process pays for what is loaded late; it is not counted.
  await holdCall({ url: engine.url, agent, lines: [{ pcm: recording("brooklyn-bridge") }] });
  const idle = usageOf(engine.pid);

  const hangUp = new AbortController();
  const pcm = recording("brooklyn-bridge");
  const lines = Array.from({ length: 100 }, (): Line => ({ pcm }));
  const running: Promise<Conversation>[] = [];
  for (let index = 0; index < calls; index += 1) {
    running.push(holdCall({ url: engine.url, agent, lines, signal: hangUp.signal }));
    await pause(STAGGER_MS);
  }
  await pause(SETTLE_MS);
  const lateBefore = await framesLate(engine.url);
  const [before, machineBefore, begun] = [usageOf(engine.pid), machineTime(), performance.now()];
  await Promise.all([pause(windowS * 1000), beside(engine.url)]);
  const [after, machineAfter, seconds] = [usageOf(engine.pid), machineTime(), (performance.now() - begun) / 1000];
  const late = (await framesLate(engine.url)) - lateBefore;
  hangUp.abort();
  const conversations = await Promise.all(running);

  const turns = conversations.flatMap((conversation) => turnsOf(conversation).slice(0, -1));
  const answered = present(turns.map(({ voiceToVoiceMs }) => voiceToVoiceMs));
  const gaps = conversations.flatMap(({ hearing }) => [...hearing.arrivals.gapsMs]);
  const total = machineAfter.totalS - machineBefore.totalS;
  return {
    vendors,
    calls,
    coreShare: (after.cpuS - before.cpuS) / seconds / calls,
    residentMb: after.residentMb,
    mbPerCall: (after.residentMb - idle.residentMb) / calls,
    voiceToVoice: answered.length === 0 ? null : summarise(answered),
    gapP999Ms: percentile(gaps, 0.999),
    gapMaxMs: percentile(gaps, 1),
    framesLate: late,
    unanswered: turns.length - answered.length,
    busyShare: 1 - (machineAfter.idleS - machineBefore.idleS) / total,
    stealShare: stealShare(machineBefore, machineAfter),
  };
}

/** What the engine itself counts. */
async function framesLate(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = /^parley_frames_late_total (\d+)/m.exec(text)?.[1];
  if (value === undefined) throw new Error("the engine does not count late frames");
  return Number(value);
}

function turnsOf({ utterances, hearing }: Conversation): TurnAccount[] {
  return accountOf({ utterances, sounds: hearing.sounds, messages: hearing.messages });
}

function present(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

export function figure(name: string, values: readonly number[]): Figure {
  if (values.length === 0) throw new Error(`${name}: not one measurement succeeded`);
  return { figure: name, unit: "ms", summary: summarise(values) };
}
