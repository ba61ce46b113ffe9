/** `parley call`: a headless caller with WAV files as its microphone, and an account of what it heard. */
import { randomBytes, randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { CallerError, EAR_RATE, MICROPHONE_RATE } from "@parley/caller";
import { readWav, resample, WavError, writeWav } from "@parley/media";
import { z } from "zod";
import { type Config, readConfig } from "../config.ts";
import type { Project } from "../projects/project.ts";
import { buildToken } from "../projects/tokens.ts";
import { accountOf, type TurnAccount } from "./call/account.ts";
import { type Conversation, converse, type Line } from "./call/conversation.ts";
import { CallFailure } from "./call/failure.ts";
import { type CallPlan, readPlan } from "./call/plan.ts";
import { startRestAgent } from "./call/rest-agent.ts";
import { type Command, exitCodes, type Terminal, UsageError } from "./command.ts";

/** What `--json` prints; times are milliseconds from the first sample sent. */
export interface CallReport {
  url: string;
  channel: string;
  agentId: string | null;
  connectAttempts: number | null;
  joinMs: number | null;
  greetingFirstSoundMs: number | null;
  turns: TurnAccount[];
  gapsOver40Ms: number | null;
  heardWav: string | null;
  error: { code: string; message: string; remedy: string } | null;
}

const TOKEN_SECONDS = 3600;
const LINGER_MS = 2000;

export const call: Command = {
  summary: "Call an agent with WAV files as the microphone",
  help: `
Usage: parley call FILE.wav… [options]

Starts an agent with the embedded defaults, waits for its greeting to end, plays the file at its own pace, hangs up two
seconds after the answer has ended, and takes the agent away. Several files are turns.

  --url URL             the engine (default: http://127.0.0.1:8080, or what HOST and PORT say)
  --channel NAME        the channel to join (default: a new one)
  --uid N               who the caller is (default: a random number)
  --no-agent            start none: one is in the channel already
  --properties FILE     JSON laid over the \`properties\` of the agent's join
  --wait-greeting       speak when the greeting has ended (default)
  --now                 speak at once
  --say-at MS FILE.wav  talk into the answer to the file before it, MS after its first sound
  --out heard.wav       keep what was heard
  --timeout S           longest wait for an answer (default 30)
  --json                one object on stdout, everything else on stderr

Credentials come from the environment, .env, or the data folder. Exit 0: answered, 1: failed, 2: usage, 3: no answer.`,

  async run(args, terminal) {
    const plan = readPlan(args);
    const lines = await Promise.all(
      plan.turns.map(async ({ file, bargeIn }): Promise<Line> => {
        const pcm = await readSpeech(file, terminal.cwd);
        return bargeIn === undefined
          ? { pcm }
          : { pcm, bargeIn: { afterMs: bargeIn.afterMs, pcm: await readSpeech(bargeIn.file, terminal.cwd) } };
      }),
    );
    const properties = plan.propertiesFile === undefined ? {} : await readProperties(path.resolve(terminal.cwd, plan.propertiesFile));
    const config = readConfig({ env: terminal.env, cwd: terminal.cwd, credentials: "read" });
    const report: CallReport = {
      url: plan.url ?? addressOf(config),
      channel: plan.channel ?? `call-${randomBytes(6).toString("hex")}`,
      agentId: null,
      connectAttempts: null,
      joinMs: null,
      greetingFirstSoundMs: null,
      turns: [],
      gapsOver40Ms: null,
      heardWav: null,
      error: null,
    };
    const code = await hold(plan, lines, properties, config.projects[0], report, terminal);
    terminal.out(plan.json ? JSON.stringify(report) : inWords(report));
    return code;
  },
};

/** Holds the call and fills the report in; returns the exit code. */
async function hold(
  plan: CallPlan,
  lines: readonly Line[],
  properties: Readonly<Record<string, unknown>>,
  project: Project,
  report: CallReport,
  { cwd, note, signal }: Terminal,
): Promise<number> {
  const { url, channel } = report;
  try {
    await using agent = plan.startAgent ? await startRestAgent({ url, project, channel, properties, signal }) : undefined;
    report.agentId = agent?.agentId ?? null;
    note(`in channel ${channel}${agent === undefined ? "" : ` with agent ${agent.agentId}`}`);
    const uid = plan.uid ?? String(randomInt(1, 999_999_999));
    const token =
      project.certificate === "" ? project.appId : buildToken({ ...project, channel, uid, expireSeconds: TOKEN_SECONDS, now: Date.now() });
    const conversation = await converse({
      url,
      appId: project.appId,
      channel,
      uid,
      token,
      lines,
      waitForGreeting: plan.waitForGreeting,
      timeoutMs: plan.timeoutMs,
      lingerMs: LINGER_MS,
      signal,
    });
    record(report, conversation);
    if (plan.out !== undefined) {
      report.heardWav = path.resolve(cwd, plan.out);
      await writeFile(report.heardWav, writeWav({ pcm: conversation.heard, sampleRate: EAR_RATE }));
    }
    if (signal.aborted) throw new CallFailure("stopped", "the call was stopped", "Run it again.");
    return conversation.unanswered ? exitCodes.noAnswer : exitCodes.done;
  } catch (error) {
    report.error = describe(error, signal);
    note(`${report.error.message}. ${report.error.remedy}`);
    return exitCodes.failed;
  }
}

function record(report: CallReport, { connectAttempts, joinMs, greetingFirstSoundMs, utterances, hearing }: Conversation): void {
  report.connectAttempts = connectAttempts;
  report.joinMs = Math.round(joinMs);
  report.greetingFirstSoundMs = greetingFirstSoundMs === null ? null : Math.round(greetingFirstSoundMs);
  report.turns = accountOf({ utterances, sounds: hearing.sounds, messages: hearing.messages });
  report.gapsOver40Ms = hearing.arrivals.over40Ms;
}

function describe(error: unknown, signal: AbortSignal): NonNullable<CallReport["error"]> {
  if (signal.aborted) return { code: "stopped", message: "the call was stopped", remedy: "Run it again." };
  if (error instanceof CallFailure || error instanceof CallerError)
    return { code: error.code, message: error.message, remedy: error.remedy };
  throw error;
}

async function readSpeech(file: string, cwd: string): Promise<Int16Array> {
  const absolute = path.resolve(cwd, file);
  try {
    const { pcm, sampleRate } = readWav(await readFile(absolute));
    return sampleRate === MICROPHONE_RATE ? pcm : resample(pcm, sampleRate, MICROPHONE_RATE);
  } catch (error) {
    if (error instanceof WavError) throw new UsageError(`${file}: ${error.message}`, { cause: error });
    if (error instanceof Error && "code" in error) throw new UsageError(`${file} cannot be read: ${error.message}`, { cause: error });
    throw error;
  }
}

const Properties = z.record(z.string(), z.unknown());

async function readProperties(file: string): Promise<Readonly<Record<string, unknown>>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new UsageError(`--properties ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const whole = Properties.safeParse(value);
  if (!whole.success) throw new UsageError(`--properties ${file}: a JSON object is expected`);
  const inner = Properties.safeParse(whole.data["properties"]);
  return inner.success ? inner.data : whole.data;
}

function addressOf({ host, port, tls }: Config): string {
  const name =
    host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return `${tls === undefined ? "http" : "https"}://${name}:${port}`;
}

function inWords({ turns, joinMs, greetingFirstSoundMs, gapsOver40Ms, heardWav, error }: CallReport): string {
  if (error !== null) return `failed: ${error.message}`;
  const lines = [`joined in ${joinMs} ms${greetingFirstSoundMs === null ? "" : `, greeted after ${greetingFirstSoundMs} ms`}`];
  for (const { user, agent, voiceToVoiceMs, bargeInToSilenceMs } of turns) {
    lines.push(`you    ${user.text === "" ? "(not understood)" : user.text}`);
    if (bargeInToSilenceMs !== null) lines.push(`       the agent fell silent after ${bargeInToSilenceMs} ms`);
    const said = agent.interrupted ? `${agent.heard} … (interrupted)` : agent.heard;
    lines.push(voiceToVoiceMs === null ? "agent  (no answer)" : `agent  ${said === "" ? "(no words)" : said}   ${voiceToVoiceMs} ms`);
  }
  lines.push(`${gapsOver40Ms} gaps over 40 ms`);
  if (heardWav !== null) lines.push(`heard: ${heardWav}`);
  return lines.join("\n");
}
