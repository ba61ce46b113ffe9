import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { readWav, resample, writeWav } from "@parley/media";
import { audioDelta, listen } from "@parley/simulators";
import { expect, onTestFinished, test } from "vitest";
import { openCall } from "./call-stage.ts";
import { joinBody } from "./door-stage.ts";

/** A second and a bit of real speech, 16 kHz. */
const speech = readWav(readFileSync(new URL("../../../../../recordings/jfk.wav", import.meta.url))).pcm.slice(5600, 25_600);
const speechMs = speech.length / 16;
const transcript = "And so, my fellow Americans,";

/** How alike the best stretch of `heard` and `sent` are, both at 24 kHz: 1 is the same. */
function likeness(sent: Int16Array, heard: Int16Array): number {
  const coarse = (pcm: Int16Array): Int16Array =>
    Int16Array.from(
      { length: Math.floor(pcm.length / 8) },
      (_, index) => pcm.slice(index * 8, index * 8 + 8).reduce((sum, one) => sum + one, 0) / 8,
    );
  const at = bestLag(coarse(sent), coarse(heard), 0, heard.length / 8) * 8;
  const lag = bestLag(sent, heard, Math.max(0, at - 16), at + 16);
  return correlation(sent, heard, lag);
}

function bestLag(sent: Int16Array, heard: Int16Array, from: number, to: number): number {
  let best = from;
  let most = -Infinity;
  for (let lag = from; lag < to; lag += 1) {
    let sum = 0;
    for (let index = 0; index < sent.length; index += 1) sum += (sent[index] ?? 0) * (heard[index + lag] ?? 0);
    if (sum > most) [best, most] = [lag, sum];
  }
  return best;
}

function correlation(sent: Int16Array, heard: Int16Array, lag: number): number {
  const sums = { both: 0, sent: 0, heard: 0 };
  for (let index = 0; index < sent.length; index += 1) {
    const [one = 0, other = 0] = [sent[index], heard[index + lag]];
    sums.both += one * other;
    sums.sent += one * one;
    sums.heard += other * other;
  }
  return sums.both / Math.sqrt(sums.sent * sums.heard);
}

async function serve(body: Uint8Array, { status = 200, type = "audio/wav" } = {}): Promise<string> {
  const server = await listen(createServer((_request, response) => void response.writeHead(status, { "content-type": type }).end(body)));
  onTestFinished(server.close);
  return `${server.origin}/hello.wav`;
}

const sent = resample(speech, 16_000, 24_000);

test("real speech of a model leaves the agent as it came, is captioned and remembered, and measured as the model's own", async () => {
  const call = await openCall({
    script: [{ speech: { pcm: speech, transcript } }],
    llm: { output_modalities: ["audio"], params: { modalities: ["text", "audio"], audio: { voice: "alloy", format: "pcm16" } } },
  });
  await call.say("How does it begin?");
  const { text, playedMs } = await call.next("reply-end");
  expect(text).toBe(transcript);
  expect(playedMs).toBeCloseTo(speechMs, -1);
  // Opus keeps a wave nearly as it is; a hole of one frame, or a wrong rate, would not.
  expect(likeness(sent, await call.voice())).toBeGreaterThan(0.97);
  expect(call.chat.requests[0]?.body).toMatchObject({ modalities: ["text", "audio"], audio: { voice: "alloy", format: "pcm16" } });
  expect(await call.history()).toEqual([
    { role: "user", content: "How does it begin?" },
    { role: "assistant", content: transcript },
  ]);
  const turns = (await call.call("GET", `${call.agent}/turns`)).body?.["turns"];
  expect(turns).toMatchObject([
    { metrics: { segmented_latency_ms: expect.arrayContaining([{ name: "llm_ttfa", latency: expect.any(Number) }]) as unknown } },
  ]);
});

test("without tts the greeting, and what speak is given, go to the model as the agent's own words", async () => {
  const call = await openCall({
    script: (messages) => ({ speech: { pcm: speech.slice(0, 8000), transcript: String(messages.at(-1)?.content) } }),
    llm: { output_modalities: ["audio"], greeting_message: "Welcome." },
    listened: true,
  });
  expect(await call.next("reply-end")).toMatchObject({ text: "Welcome.", playedMs: 500 });
  await call.call("POST", `${call.agent}/speak`, { text: "We close soon." });
  expect(await call.next("reply-end", 2)).toMatchObject({ text: "We close soon." });
  const last = call.chat.requests.map(({ body }) => (body as { messages: { role: string; content: string }[] }).messages.at(-1));
  expect(last).toEqual([
    { role: "assistant", content: "Welcome." },
    { role: "assistant", content: "We close soon." },
  ]);
  expect(call.events.filter(({ type }) => type === "error")).toEqual([]);
});

test("a recorded greeting is played as it is, and its text is caption and memory", async () => {
  const url = await serve(writeWav({ pcm: speech, sampleRate: 16_000 }));
  const call = await openCall({ script: ["Yes."], llm: { greeting_audio_url: url, greeting_message: transcript }, listened: true });
  expect(await call.next("reply-start")).toMatchObject({ source: "greeting" });
  const { text, playedMs } = await call.next("reply-end");
  expect(text).toBe(transcript);
  expect(playedMs).toBeCloseTo(speechMs, -1);
  expect(likeness(sent, await call.voice())).toBeGreaterThan(0.97);
  expect(await call.history()).toEqual([{ role: "assistant", content: transcript }]);
  expect(call.events.filter(({ type }) => type === "metric" || type === "error")).toEqual([]);
});

test("raw PCM is played at the rate that is given; without a text nothing is shown or remembered", async () => {
  const url = await serve(new Uint8Array(sent.buffer, sent.byteOffset, sent.byteLength), { type: "application/octet-stream" });
  const call = await openCall({
    script: ["Yes."],
    llm: { greeting_audio_url: url, greeting_configs: { audio_pcm_sample_rate: 24_000 } },
    listened: true,
  });
  expect(await call.next("reply-end")).toMatchObject({ text: "" });
  expect(likeness(sent, await call.voice())).toBeGreaterThan(0.97);
  expect(await call.history()).toEqual([]);
});

test("a recording that cannot be had is told, and the text is spoken", async () => {
  const url = await serve(new Uint8Array(), { status: 404 });
  const call = await openCall({ script: ["Yes."], llm: { greeting_audio_url: url, greeting_message: "Hello there." }, listened: true });
  expect(await call.next("error")).toMatchObject({ module: "tts", code: 404 });
  const { text, playedMs } = await call.next("reply-end");
  expect(text).toBe("Hello there.");
  expect(playedMs).toBeGreaterThan(100);
});

test("a recording at a private address that nobody has allowed is refused with the join", async () => {
  const call = await openCall({ script: ["Yes."] });
  const llm = { url: call.chat.url, greeting_audio_url: "http://169.254.169.254/latest" };
  const { status, body } = await call.call("POST", "join", joinBody("other", { llm }));
  expect([status, body?.["reason"]]).toEqual([400, "InvalidFieldValue"]);
  expect(String(body?.["detail"])).toContain("llm.greeting_audio_url: 169.254.169.254 is refused");
});

test("a model for words in between at a private address that nobody has allowed is refused by its own field", async () => {
  const call = await openCall({ script: ["Yes."] });
  const generated_config = { llm_provider: { url: "http://169.254.169.254/v1" } };
  const filler_words = { enable: true, content: { mode: "generated", generated_config } };
  const { status, body } = await call.call("POST", "join", joinBody("other", { llm: { url: call.chat.url }, filler_words }));
  expect(status).toBe(400);
  expect(String(body?.["detail"])).toContain("filler_words.content.generated_config.llm_provider.url: 169.254.169.254 is refused");
});

const endless = {
  *[Symbol.iterator](): Generator<Record<string, unknown>> {
    yield { audio: { id: "a", transcript: "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen." } };
    for (;;) yield audioDelta("a", speech);
  },
};

test("an interruption breaks the request off, however much sound is still to come, and the call goes on", async () => {
  const call = await openCall({
    script: [{ deltas: endless }, { speech: { pcm: speech, transcript } }],
    llm: { output_modalities: ["audio"] },
  });
  await call.say("Count.");
  await call.next("reply-start");
  await call.call("POST", `${call.agent}/interrupt`);
  const { heard, text } = await call.next("reply-interrupted");
  expect((await call.chat.over(0)).cancelled).toBe(true);
  expect(text.startsWith("One two three")).toBe(true);
  expect(text.startsWith(heard) && heard.length < text.length / 2).toBe(true);
  await call.say("And now?");
  expect(await call.next("reply-end")).toMatchObject({ text: transcript });
});

test("sound that is none is told as an error of the model, and the failure message is spoken", async () => {
  const call = await openCall({
    script: [{ deltas: [{ audio: { data: "no base64!" } }] }, { speech: { pcm: speech.slice(0, 8000) } }],
    llm: { output_modalities: ["audio"], failure_message: "One moment, please." },
  });
  await call.say("Hello?");
  expect(await call.next("error")).toMatchObject({
    module: "llm",
    message: expect.stringContaining("sent sound that is not base64") as string,
  });
  expect(await call.next("reply-end")).toMatchObject({ text: "One moment, please.", playedMs: 500 });
  expect(await call.history()).toMatchObject([{ role: "user" }, { role: "assistant", content: "One moment, please." }]);
});
