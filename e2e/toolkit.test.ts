/** Agora's client toolkit, as it comes from npm, in a real channel with a real engine: all that the engine tells it, it understands. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolkitEngines, type ToolkitChannel } from "@parley/client";
import { encodeStreamMessage, type ManualTurnEnded } from "@parley/protocol";
import { Caller } from "@parley/caller";
import { AppError, runEngine } from "@parley/engine";
import { restClient } from "@parley/rest";
import { simulatedVendors } from "@parley/simulators";
import {
  AgoraVoiceAI,
  AgoraVoiceAIEvents,
  ChatMessagePriority,
  ChatMessageType,
  TranscriptHelperMode,
  TurnStatus,
} from "agora-agent-client-toolkit";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { recording } from "./src/sound.ts";

const project = { appId: "0123456789abcdef0123456789abcdef", customer: "customer", secret: "secret" };
const question = "How old is the Brooklyn Bridge?";
const answer = "It was opened to traffic in the year eighteen eighty three. It took fourteen years to build. Many people died.";

/** The images that went to the model, request by request. */
const shown: string[][] = [];

const ending = new AbortController();
let folder = "";
let url = "";
let ended: Promise<number>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-toolkit-"));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { vendors } = simulatedVendors({ transcripts: [question] });
  ended = runEngine({
    env: {
      PORT: "0",
      PARLEY_RTC__UDP_PORT: "0",
      PARLEY_DATA_DIR: folder,
      PARLEY_APP_ID: project.appId,
      PARLEY_APP_CERTIFICATE: "",
      PARLEY_CUSTOMER_ID: project.customer,
      PARLEY_CUSTOMER_SECRET: project.secret,
      PARLEY_LLM__DISCOVER: "off",
      PARLEY_LOG_LEVEL: "silent",
    },
    cwd: folder,
    out: (text) => resolve(/http\S+/.exec(text)?.[0] ?? ""),
    note: () => {},
    signal: ending.signal,
    vendors,
    styles: [
      {
        name: "simulated",
        options: z.looseObject({}),
        open: () =>
          async function* (messages) {
            shown.push(messages.flatMap(({ pictures = [] }) => pictures.map((picture) => picture.url)));
            yield* answer.split(/(?= )/);
          },
      },
      {
        name: "broken",
        options: z.looseObject({}),
        open: () =>
          // oxlint-disable-next-line require-yield -- it fails before it says anything
          async function* () {
            throw new AppError("vendor-failed", "the model is on holiday");
          },
      },
    ],
  });
  ended.then((code) => reject(new Error(`the engine ended with ${code}`)), reject);
  url = await promise;
});

afterAll(async () => {
  ending.abort();
  expect(await ended).toBe(0);
  await rm(folder, { recursive: true });
});

interface Emitted {
  readonly type: string;
  readonly values: readonly unknown[];
}

const rest = () => restClient({ url, appId: project.appId, customerId: project.customer, customerSecret: project.secret });

/** What the toolkit has emitted in all tests. */
const emitted = new Set<string>();

/** An agent, a caller and the toolkit in a channel. */
async function openCall(channel: string, renderMode: TranscriptHelperMode, properties: Record<string, unknown>, enableLog = false) {
  const caller = await Caller.join({ url, appId: project.appId, channel, uid: "1002" });
  const toolkit = await AgoraVoiceAI.init({ ...toolkitEngines(caller), renderMode, enableLog });
  const events: Emitted[] = [];
  let changed = Promise.withResolvers<void>();
  for (const type of Object.values(AgoraVoiceAIEvents))
    toolkit.on(type, (...values: unknown[]) => {
      // It goes on changing what it has handed out.
      events.push({ type, values: structuredClone(values) });
      emitted.add(type);
      changed.resolve();
    });
  toolkit.subscribeMessage(channel);
  // Whoever is there already is told what the agent is.
  const { agent_id: agentId } = await rest().join({
    body: {
      name: channel,
      properties: {
        channel,
        token: "",
        agent_rtc_uid: "1000",
        remote_rtc_uids: ["*"],
        asr: { vendor: "simulated", language: "en-US", params: {} },
        tts: { vendor: "simulated", params: {} },
        llm: { style: "simulated", url: "http://127.0.0.1:1" },
        ...properties,
      },
    },
  });
  return {
    caller,
    toolkit,
    events,
    /** Resolves once the toolkit has emitted this with these values at its end; the test's own time limit ends the wait. */
    async until(type: string, isIt: (value: Record<string, unknown>) => boolean): Promise<void> {
      const matches = (event: Emitted): boolean => event.type === type && isIt(z.record(z.string(), z.unknown()).parse(event.values[1]));
      for (let seen = 0; ;) {
        while (seen < events.length) {
          const event = events[seen++];
          if (event !== undefined && matches(event)) return;
        }
        changed = Promise.withResolvers();
        await changed.promise;
      }
    },
    /** Resolves once this is true; looks again whenever the toolkit emits something. */
    async untilTrue(isTrue: () => boolean): Promise<void> {
      while (!isTrue()) {
        changed = Promise.withResolvers();
        await changed.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      toolkit.destroy();
      await caller.leave();
      await rest().leave({ agentId });
    },
  };
}

/** The captions as they were shown at some moment. */
const Captions = z.array(z.object({ turn_id: z.number(), uid: z.string(), text: z.string(), status: z.number() }));

/** Every text that the line of a turn has had, in order, each once. */
function textsOf(events: readonly Emitted[], turnId: number, uid: string): string[] {
  const texts = events
    .filter(({ type }) => type === "transcript-updated")
    .flatMap(({ values }) => Captions.parse(values[0]).filter((caption) => caption.turn_id === turnId && caption.uid === uid))
    .map(({ text }) => text);
  return texts.filter((text, index) => text !== texts[index - 1]);
}

/** The last look of a turn's line. */
function lastOf(events: readonly Emitted[], turnId: number, uid: string): z.output<typeof Captions>[number] | undefined {
  const last = events.findLast(({ type }) => type === "transcript-updated");
  return Captions.parse(last?.values[0] ?? []).find((caption) => caption.turn_id === turnId && caption.uid === uid);
}

test("words appear when they are heard, and an interruption cuts them where it cut the voice", async () => {
  await using call = await openCall("words", TranscriptHelperMode.AUTO, {
    parameters: { enable_metrics: true, transcript: { enable_words: true } },
  });
  const { caller, toolkit, events } = call;
  await caller.say(await recording("cmd-today"));

  await call.until("agent-state-changed", ({ state, turnID }) => state === "thinking" && turnID === 1);
  await call.until("agent-metrics", ({ type, name }) => type === "llm" && name === "ttfb");
  await call.until("agent-metrics", ({ type, name }) => type === "tts" && name === "ttfb");
  await call.until("agent-state-changed", ({ state, turnID }) => state === "speaking" && turnID === 1);
  await call.untilTrue(() => (lastOf(events, 1, "1000")?.text.split(" ").length ?? 0) >= 5);
  await toolkit.interrupt("1000");
  await call.until("agent-interrupted", ({ turnID }) => turnID === 1);
  await call.until("agent-turn-finished", ({ turnId, e2eLatencyMs }) => turnId === 1 && typeof e2eLatencyMs === "number");
  const changesOf = (type: string): unknown[] => events.filter((event) => event.type === type).map(({ values }) => values[1]);
  const flags = ["agent-listening-changed", "agent-thinking-changed", "agent-speaking-changed"];
  await call.untilTrue(() => lastOf(events, 1, "1000")?.status === TurnStatus.INTERRUPTED);
  await call.untilTrue(() => flags.every((type) => changesOf(type).includes(true) && changesOf(type).includes(false)));

  expect(textsOf(events, 1, "0")).toEqual([question]);
  const texts = textsOf(events, 1, "1000");
  expect(texts.length).toBeGreaterThan(3);
  for (const text of texts) expect(answer.startsWith(text)).toBe(true);
  const last = lastOf(events, 1, "1000");
  expect(last?.status).toBe(TurnStatus.INTERRUPTED);
  expect(last?.text.length).toBeLessThan(answer.length / 2);
}, 60_000);

test("a typed question is answered in whole sentences, and a model's failure is told", async () => {
  {
    await using call = await openCall("text", TranscriptHelperMode.AUTO, {});
    const message = { messageType: ChatMessageType.TEXT as const, priority: ChatMessagePriority.INTERRUPTED, responseInterruptable: true };
    await call.toolkit.chat("1000", { ...message, text: "And in which year?" });
    await call.until("agent-turn-finished", ({ turnId }) => turnId === 1);
    expect(textsOf(call.events, 1, "0")).toEqual(["And in which year?"]);
    expect(textsOf(call.events, 1, "1000").at(-1)).toBe(answer);
    expect(lastOf(call.events, 1, "1000")?.status).toBe(TurnStatus.END);
  }
  await using call = await openCall("failure", TranscriptHelperMode.TEXT, {
    llm: { style: "broken", url: "http://127.0.0.1:1" },
    parameters: { enable_error_message: true },
  });
  await call.caller.say(await recording("cmd-today"));
  await call.until("agent-error", ({ type, message }) => type === "llm" && String(message).includes("the model is on holiday"));
}, 60_000);

test("turns are begun and ended by hand, and marks that count for nothing say why", async () => {
  {
    const config = { start_of_speech: { mode: "manual" }, end_of_speech: { mode: "manual" } };
    await using call = await openCall("by-hand", TranscriptHelperMode.TEXT, { turn_detection: { config } });
    const { caller, toolkit } = call;
    const Mark = z.object({
      requestId: z.string(),
      success: z.boolean(),
      turnId: z.number().nullable(),
      errorMessage: z.string().nullable(),
    });
    const answered = (type: string, requestId: string, expected: unknown) =>
      call.until(type, ({ payload }) => {
        const mark = Mark.parse(payload);
        if (mark.requestId === requestId) expect(mark).toMatchObject(expected as object);
        return mark.requestId === requestId;
      });
    await call.until("message-sal-status", ({ status }) => status === "VP_DISABLED");
    await toolkit.manualEOS("1000", "too-early");
    await answered("user-manual-eos", "too-early", {
      success: false,
      turnId: null,
      errorMessage: "No turns available for EOS labeling.",
    });
    await toolkit.manualSOS("1000", "down");
    await answered("user-manual-sos", "down", { success: true, turnId: 1, errorMessage: null });
    await caller.say(await recording("cmd-today"));
    await toolkit.manualEOS("1000", "up");
    await answered("user-manual-eos", "up", { success: true, turnId: 1, errorMessage: null });
    await call.until("agent-turn-finished", ({ turnId }) => turnId === 1);
    expect(textsOf(call.events, 1, "0").at(-1)).toBe(question);
    expect(lastOf(call.events, 1, "1000")?.text).toBe(answer);
  }
  // Its log is an event, and goes to the console.
  const quiet = (["log", "debug", "info"] as const).map((name) => vi.spyOn(console, name).mockImplementation(() => {}));
  onTestFinished(() => quiet.forEach((spy) => spy.mockRestore()));
  await using call = await openCall("by-voice", TranscriptHelperMode.TEXT, {}, true);
  await call.toolkit.manualSOS("1000", "down");
  await call.until("user-manual-sos", ({ payload }) => {
    expect(payload).toMatchObject({ success: false, requestId: "down", errorMessage: "Current mode is not manual." });
    return true;
  });
}, 60_000);

test("a turn that nobody ended by hand is told as the engine tells it after a minute", async () => {
  let receive: (packet: { uid: string; data: Uint8Array }) => void = () => {};
  const channel: ToolkitChannel = {
    uid: "1002",
    tell() {},
    on(type: "data-packet" | "voice-time", handler: (value: never) => void) {
      if (type === "data-packet") receive = (packet) => Reflect.apply(handler, undefined, [packet]);
    },
  };
  const toolkit = await AgoraVoiceAI.init(toolkitEngines(channel));
  const heard: unknown[] = [];
  toolkit.on(AgoraVoiceAIEvents.AGENT_MANUAL_EOS, (...values) => {
    emitted.add(AgoraVoiceAIEvents.AGENT_MANUAL_EOS);
    heard.push(values);
  });
  toolkit.subscribeMessage("overlong");
  const message: z.infer<typeof ManualTurnEnded> = {
    object: "assistant.manual_eos.result",
    event_type: "assistant.manual_eos.result",
    event_id: "e1",
    event_ms: 5,
    payload: { reason: "max_duration", max_duration_ms: 60_000, turn_id: 3 },
  };
  for (const data of encodeStreamMessage("1", message)) receive({ uid: "1000", data: Buffer.from(data) });
  toolkit.destroy();
  expect(heard).toEqual([["1000", { eventId: "e1", timestamp: 5, payload: { reason: "max_duration", maxDurationMs: 60_000, turnId: 3 } }]]);
});

test("an image is receipted, and goes with the next words to the model; one that cannot be taken is an image's error", async () => {
  await using call = await openCall("images", TranscriptHelperMode.TEXT, {
    llm: { style: "simulated", url: "http://127.0.0.1:1", input_modalities: ["text", "image"] },
  });
  const image = { messageType: ChatMessageType.IMAGE as const };
  await call.toolkit.chat("1000", { ...image, uuid: "u1", url: "https://pictures.example/bridge.png" });
  await call.until("message-receipt-updated", ({ messageType, message, turnId }) => {
    expect(JSON.parse(String(message))).toMatchObject({
      uuid: "u1",
      source_type: "url",
      source_value: "https://pictures.example/bridge.png",
      total_user_images: 1,
    });
    return messageType === "image" && turnId === 1;
  });
  await call.toolkit.chat("1000", { ...image, uuid: "u2", base64: Buffer.from("no image at all").toString("base64") });
  await call.until("message-error", ({ type, message }) => {
    expect(JSON.parse(String(message))).toMatchObject({ uuid: "u2", success: false });
    return type === "image";
  });
  const text = { messageType: ChatMessageType.TEXT as const, priority: ChatMessagePriority.INTERRUPTED, responseInterruptable: true };
  await call.toolkit.chat("1000", { ...text, text: "What is this?" });
  await call.until("agent-turn-finished", ({ turnId }) => turnId === 1);
  expect(shown.at(-1)).toEqual(["https://pictures.example/bridge.png"]);
}, 60_000);

test("no event of the toolkit was left out", () => {
  expect([...emitted].toSorted()).toEqual(Object.values(AgoraVoiceAIEvents).toSorted());
});
