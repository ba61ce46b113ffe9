import { simulatedVendors, startChatSimulator } from "@parley/simulators";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { openVendors, type VendorsOptions } from "./index.ts";
import { nearest } from "../nearest.ts";
import { Network } from "./network.ts";
import type { Vendor } from "./vendor.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

function vendors(options: Partial<VendorsOptions> = {}) {
  const network = new Network({ allowLoopback: true, proxies: {} });
  open.push(network);
  return openVendors({ network, now: () => new Date("2026-11-21T16:30:00Z"), ...simulatedVendors(), ...options });
}

function refusal(make: () => unknown): AppError {
  try {
    make();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const english: Vendor = {
  name: "english",
  asr: { options: z.strictObject({}), languages: ["en", "en-US"], open: () => async function* () {} },
};
const picky: Vendor = {
  name: "picky",
  tts: {
    options: z.object({ voiceId: z.string(), speed: z.number().max(2).default(1) }),
    open: () => ({ sampleRate: 24_000, speak: async function* () {} }),
  },
};

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test("an unknown vendor is refused with the list of those built", () => {
  const error = refusal(() => vendors().openAsr({ vendor: "deepgram", language: "en-US", options: {} }));
  expect(error.code).toBe("invalid-field");
  expect(error.message).toBe('asr.vendor: "deepgram" is not built into this version; there is "ares", "simulated".');
});

test("a misspelt one is met with the nearest", () => {
  expect(refusal(() => vendors().openTts({ vendor: "simulatd", options: {} })).message).toContain('Did you mean "simulated"?');
  expect(refusal(() => vendors().openLlm({ style: "open-ai", options: {} })).message).toBe(
    'llm.style: "open-ai" is not built into this version; there is "openai", "local", "simulated". Did you mean "openai"?',
  );
  expect(nearest("gemini", ["openai", "local"])).toBeUndefined();
  expect(nearest("LOCAL", ["openai", "local"])).toBe("local");
});

test("a vendor that has a voice only is no recogniser", () => {
  const some = vendors({ vendors: [english, picky] });
  expect(refusal(() => some.openAsr({ vendor: "picky", language: "en-US", options: {} })).message).toContain('there is "ares", "english"');
});

test("ares is the default recogniser", () => {
  const some = vendors({ vendors: [english], defaultAsr: "english" });
  expect(some.openAsr({ vendor: "ares", language: "en-US", options: undefined })).toBeTypeOf("function");
});

test("a language that the recogniser does not know is refused with the way out", () => {
  const some = vendors({ vendors: [english], defaultAsr: "english" });
  expect(() => some.openAsr({ vendor: "english", language: "EN-gb", options: {} })).not.toThrow();
  const error = refusal(() => some.openAsr({ vendor: "ares", language: "es-ES", options: {} }));
  expect(error.message).toMatch(/^asr\.language: "es-ES" is not spoken by the recogniser "english".*asr\.vendor.*defaults\.asr/);
});

test("options are checked by the vendor's schema, and named as on the wire", () => {
  const some = vendors({ vendors: [picky] });
  expect(refusal(() => some.openTts({ vendor: "picky", options: { voiceId: "x", speed: 3 } })).message).toMatch(/^tts\.params\.speed: /);
  const missing = refusal(() => some.openTts({ vendor: "picky", options: {} }));
  expect(missing.code).toBe("missing-field");
  expect(missing.message).toBe("tts.params.voice_id is missing");
  expect(refusal(() => some.openLlm({ style: "openai", options: { url: "nonsense" } })).message).toMatch(
    /^llm\.url: an http or https address is wanted/,
  );
  expect(refusal(() => some.openLlm({ style: "openai", options: {} })).code).toBe("missing-field");
});

test("the style local is the embedded brain, in the time zone that is set", async () => {
  const llm = vendors().openLlm({ style: "local", options: { timeZone: "Asia/Tokyo" } });
  const answer = await collect(llm([{ role: "user", content: "What time is it?" }], { signal: new AbortController().signal }));
  expect(answer.join("")).toBe("It is one thirty in the morning.");
  expect(refusal(() => vendors().openLlm({ style: "local", options: { timeZone: "Mars/Base" } })).message).toMatch(
    /^llm\.time_zone: .*Europe\/Berlin/,
  );
});

test("the style openai talks to the address that is given", async () => {
  const server = await startChatSimulator({ script: ["Hi."] });
  open.push(server);
  const llm = vendors().openLlm({ style: "openai", options: { url: server.url } });
  expect(await collect(llm([{ role: "user", content: "Hello" }], { signal: new AbortController().signal }))).toEqual(["Hi."]);
});

test("a vendor that is added wins over a built-in one of its name", () => {
  const mine = { name: "openai", options: z.looseObject({}), open: () => async function* () {} };
  expect(vendors({ styles: [mine] }).styles.map(({ name }) => name)).toEqual(["local", "openai"]);
});
