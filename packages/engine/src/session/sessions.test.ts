import { expect, test } from "vitest";
import { Sessions, type VendorChoice } from "./sessions.ts";
import { defaultAgent } from "./stage.ts";

test("a recording is not fetched on where the agent's tools cannot be opened", async () => {
  const refusal = new Error("an address is refused");
  const fetches: AbortSignal[] = [];
  const vendors: VendorChoice = {
    openAsr: () => async function* () {},
    openTts: () => ({ sampleRate: 24_000, speak: async function* () {} }),
    openLlm: () => async function* () {},
    openTools: async () => await Promise.reject(refusal),
    openRecording: () => async (signal) => {
      fetches.push(signal);
      return await new Promise<never>(() => {});
    },
  };
  const never = (): never => {
    throw new Error("there is no session");
  };
  await using sessions = new Sessions({ vendors, openVad: never, resample: never, readMessage: never });
  const recording = { url: "https://a.example/hello.wav", timeoutMs: 30_000, sampleRate: 16_000 };
  const config = {
    ...defaultAgent,
    greeting: { text: "", interruptable: true, recording },
    toolPlan: { http: [], servers: [] },
  };
  await expect(sessions.start({ config, open: never })).rejects.toBe(refusal);
  expect(fetches.map(({ aborted }) => aborted)).toEqual([true]);
});
