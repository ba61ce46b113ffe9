import { expect, test } from "vitest";
import { orderFaults } from "./ordering.ts";
import { VoiceStage } from "./voice-stage.ts";

const weather = { type: "function", name: "get_weather", description: "Weather", parameters: { type: "object", properties: {} } };
const call = (name = "get_weather", id = "call_1") => ({ type: "tool-call", id, name, arguments: { city: "Oslo" } }) as const;
const question = { at: 3000, ms: 1200, text: "what is the weather in Oslo" };

test("greeting, then a turn with a tool, in the order and with the shape of the contract's trace", async () => {
  await using stage = new VoiceStage({ user: [question], agent: [[call()], "It is sunny."] });
  const client = await stage.begin({ greeting: "Hello there", tools: [weather] });
  expect(client.story.slice(0, 3)).toEqual(["session.updated", "session.ready", "reply.started"]);
  await stage.clock.moveTo(6000);
  const [called] = client.only("tool.call");
  expect(called).toMatchObject({ name: "get_weather", arguments: { city: "Oslo" } });
  client.send({ type: "tool.result", call_id: called?.call_id, result: '{"sky":"sunny"}' });
  await stage.clock.moveTo(9000);
  expect(client.story).toEqual([
    "session.updated",
    "session.ready",
    "reply.started",
    "reply.audio",
    "transcript.agent Hello there",
    "reply.done completed",
    "input.speech.started",
    "transcript.user.delta what is",
    "transcript.user.delta what is the weather in Oslo",
    "input.speech.stopped",
    "transcript.user what is the weather in Oslo",
    "reply.started",
    "tool.call",
    "reply.done completed",
    "reply.started",
    "reply.audio",
    "transcript.agent It is sunny.",
    "reply.done completed",
  ]);
  expect(orderFaults(client.told)).toEqual([]);
  expect(client.only("transcript.agent.delta").map(({ delta }) => delta)).toEqual(["Hello", "there", "It", "is", "sunny."]);
  // The model is told what it called, and what that gave.
  expect(stage.asked[1]?.slice(-2)).toMatchObject([{ role: "assistant", toolCalls: [{ name: "get_weather" }] }, { role: "tool" }]);
});
