/** `npm run interop:python`: Agora's official server SDK for Python, unmodified, against an engine of its own. */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Caller } from "@parley/caller";
import { buildToken } from "@parley/engine/call";
import { startChatSimulator } from "@parley/simulators";
import { recording } from "./calls.ts";
import { EngineProcess, project } from "./engine-process.ts";
import { pythonWith, run } from "./python.ts";

const help = `Usage: npm run interop:python -- [--sdk VERSION]

  --sdk   version of agora-agents (default VERSION); 2.6.0 is the first that reads its base URL from the environment

It wants Python from 3.8 with venv (Debian: python3-venv) and fetches the SDK from PyPI once.`;

const SDK = "2.12.0";

/** What the person asks again and again, and how long they wait for the answer. */
const QUESTION = "whats-the-weather-like";
const PAUSE_MS = 6000;

const { values } = parseArgs({ options: { sdk: { type: "string", default: SDK }, help: { type: "boolean", default: false } } });
if (values.help) {
  console.log(help.replace("(default VERSION)", `(default ${SDK})`));
  process.exit(0);
}
const program = fileURLToPath(new URL("../../interop/python/check.py", import.meta.url));
const { bin } = await pythonWith("agora-agents", values.sdk);
process.exitCode = await drive(join(bin, "python"));

async function drive(python: string): Promise<number> {
  await using model = await startChatSimulator({ script: ["It is sunny today."] });
  const [small, slow] = ["d0".repeat(16), "e0".repeat(16)];
  const others = [
    { app_id: small, app_certificate: project.certificate, customers: project.customers, limits: { agents: 1 } },
    { app_id: slow, app_certificate: project.certificate, customers: project.customers, limits: { requests_per_second: 1 } },
  ];
  const local = { vendor: "local" };
  const presets = {
    openai_gpt_4o_mini: { llm: { url: model.url, params: { model: "simulated" } } },
    openai_tts_1: { tts: local },
    minimax_speech_2_8_turbo: { tts: local },
    deepgram_nova_3: { asr: local },
    reception: { asr: local, tts: local, llm: { url: model.url, params: { model: "simulated" } } },
  };
  await using engine = await EngineProcess.start({
    vendors: "embedded",
    env: { PARLEY_PROJECTS: JSON.stringify(others), PARLEY_DEFAULTS__PRESETS: JSON.stringify(presets), PARLEY_DRAIN_MS: "1000" },
  });
  await using talking = await enter(engine.url, "talking");
  await using _silent = await enter(engine.url, "silent");
  const over = new AbortController();
  const asking = ask(talking, over.signal);
  const [{ id, secret }] = project.customers;
  const code = await run(python, [program], {
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: "1",
      PARLEY: engine.url,
      PARLEY_APP_ID: project.appId,
      PARLEY_APP_CERTIFICATE: project.certificate,
      PARLEY_CUSTOMER_ID: id,
      PARLEY_CUSTOMER_SECRET: secret,
      PARLEY_LLM_URL: model.url,
      PARLEY_SMALL_APP_ID: small,
      PARLEY_SLOW_APP_ID: slow,
    },
  });
  over.abort();
  await asking;
  return code;
}

/** Person 7, in a channel of this name. */
async function enter(url: string, channel: string): Promise<Caller> {
  const token = buildToken({ ...project, channel, uid: "7", expireSeconds: 24 * 3600, now: Date.now() });
  return await Caller.join({ url, appId: project.appId, channel, uid: "7", token });
}

/** Asks, waits, and asks again, whoever is there. */
async function ask(caller: Caller, signal: AbortSignal): Promise<void> {
  const question = recording(QUESTION);
  while (!signal.aborted) {
    await caller.say(question);
    await wait(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}
