/** One call against an engine, with the agent that a benchmark wants. */
import { randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { buildToken, type Conversation, converse, type Line, startRestAgent } from "@parley/engine/call";
import { readWav, resample } from "@parley/media";
import { project } from "./engine-process.ts";

export interface AgentWish {
  readonly vendors: "embedded" | "hosted";
  /** Silence that ends a turn, in milliseconds. */
  readonly silenceMs: number;
  readonly greeting: boolean;
}

const MICROPHONE_RATE = 16_000;
const TOKEN_SECONDS = 3600;

/** A recording of `recordings/`, as a caller says it. */
export function recording(name: string): Int16Array {
  const { pcm, sampleRate } = readWav(readFileSync(new URL(`../../recordings/${name}.wav`, import.meta.url)));
  return sampleRate === MICROPHONE_RATE ? pcm : resample(pcm, sampleRate, MICROPHONE_RATE);
}

function propertiesOf({ vendors, silenceMs, greeting }: AgentWish): Record<string, unknown> {
  const name = vendors === "embedded" ? "local" : "simulated";
  return {
    asr: { vendor: name, language: "en-US", params: {} },
    tts: { vendor: name, params: {} },
    llm: {
      style: name,
      ...(name === "local" ? {} : { url: "http://127.0.0.1/" }),
      ...(greeting ? { greeting_message: "Hello there." } : {}),
    },
    vad: { silence_duration_ms: silenceMs, interrupt_duration_ms: 160 },
    // Turns end after the silence alone, so that it can be subtracted.
    advanced_features: { enable_aivad: false },
  };
}

export interface CallOptions {
  readonly url: string;
  readonly agent: AgentWish;
  readonly lines: readonly Line[];
  /** Ends the call early. */
  readonly signal?: AbortSignal;
  readonly waitForGreeting?: boolean;
}

/** Starts an agent, holds the conversation, takes the agent away. */
export async function holdCall({
  url,
  agent,
  lines,
  signal = new AbortController().signal,
  waitForGreeting = false,
}: CallOptions): Promise<Conversation> {
  const channel = `bench-${randomBytes(6).toString("hex")}`;
  const uid = String(randomInt(1, 999_999_999));
  await using _agent = await startRestAgent({
    url,
    project,
    channel,
    properties: propertiesOf(agent),
    signal: new AbortController().signal,
  });
  const token = buildToken({ ...project, channel, uid, expireSeconds: TOKEN_SECONDS, now: Date.now() });
  return await converse({ url, appId: project.appId, channel, uid, token, lines, waitForGreeting, timeoutMs: 15_000, lingerMs: 0, signal });
}
