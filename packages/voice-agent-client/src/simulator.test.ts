/** Conversations with the simulated endpoint: one that goes by the clock, and ones that behave as real ones sometimes do. */
import { VoiceAgentSimulator, type VoiceAgentSimulatorOptions } from "@parley/simulators";
import { expect, test } from "vitest";
import type { VoiceAgentEvent, VoiceAgentOptions } from "./options.ts";
import { tool } from "./tool.ts";
import { VoiceAgent } from "./voice-agent.ts";

async function open(simulated: VoiceAgentSimulatorOptions, options: Partial<VoiceAgentOptions> = {}) {
  const simulator = await VoiceAgentSimulator.start({ apiKey: "k", wordMs: 40, ...simulated });
  const agent = new VoiceAgent({
    url: simulator.url,
    apiKey: "k",
    heartbeat: false,
    backOff: { firstMs: 2, maxMs: 8 },
    ...options,
  } as VoiceAgentOptions);
  const events: VoiceAgentEvent[] = [];
  const types = [
    "reply.started",
    "reply.audio",
    "reply.done",
    "transcript.user",
    "transcript.agent",
    "transcript.agent.delta",
    "tool.result",
  ] as const;
  for (const type of types) agent.on(type, (event) => events.push(event));
  const until = <Type extends VoiceAgentEvent["type"]>(type: Type, count = 1) =>
    new Promise<Extract<VoiceAgentEvent, { type: Type }>>((resolve) => {
      let left = count;
      agent.on(type, (event) => {
        if (--left === 0) resolve(event);
      });
    });
  const close = async () => {
    await agent.end();
    await simulator[Symbol.asyncDispose]();
  };
  return { simulator, agent, events, until, [Symbol.asyncDispose]: close };
}

/** Half a second of a tone and a second of silence: an utterance, for the simulator. */
const utterance = Int16Array.from({ length: 36_000 }, (_, at) => (at < 12_000 ? 8_000 * Math.sin(at / 10) : 0));

const weather = tool({
  name: "get_weather",
  description: "The weather in a city.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  run: ({ city }) => ({ city, sky: "grey" }),
});

test("greeting, question, tool and answer", async () => {
  const replies = [{ text: "", calls: [{ name: "get_weather", arguments: { city: "Oslo" } }] }, "It is grey in Oslo."];
  const session = { greeting: "Good morning." };
  await using call = await open({ replies, transcripts: ["How is the weather in Oslo?"] }, { tools: [weather], session });
  const greeted = call.until("reply.done");
  const answered = call.until("transcript.agent", 2);
  await call.agent.connect();
  await greeted;
  call.agent.sendAudio(utterance);
  expect(await answered).toMatchObject({ text: "It is grey in Oslo.", interrupted: false });
  expect(call.simulator.heard).toEqual(utterance);
  expect(call.simulator.received.filter(({ type }) => type === "tool.result")).toMatchObject([{ result: '{"city":"Oslo","sky":"grey"}' }]);
});

test.each<VoiceAgentSimulatorOptions>([{ pace: "burst" }, { withoutDeltas: true }, { complains: { code: "llm_error", message: "later" } }])(
  "with an endpoint that has its ways (%j) a reply arrives whole",
  async (simulated) => {
    await using call = await open(simulated, { session: { greeting: "One two three four five." } });
    const done = call.until("reply.done");
    await call.agent.connect();
    expect((await done).status).toBe("completed");
    const samples = call.events.reduce((sum, event) => sum + (event.type === "reply.audio" ? event.pcm.length : 0), 0);
    expect(samples).toBe(5 * 0.04 * 24_000);
    expect(call.events.find(({ type }) => type === "transcript.agent")).toMatchObject({ text: "One two three four five." });
  },
);

test("an endpoint that forgets its sessions gets a new one, if the app wants that", async () => {
  await using call = await open({ forgetsSessions: true }, { restart: true, session: { system_prompt: "Be brief." } });
  await call.agent.connect();
  const restarted = call.until("restarted");
  call.simulator.drop();
  await restarted;
  expect(call.simulator.received.map(({ type }) => type)).toEqual(["session.update", "session.resume", "session.update"]);
});
