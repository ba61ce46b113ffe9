/** A whole session for tests: a person and vendors by script, on a virtual clock. */
import { INPUT_RATE, INPUT_SAMPLES, FRAME_MS, type Frame, type VoiceFrame } from "../core/frame.ts";
import type { SessionEvent } from "../core/events.ts";
import type { Played, Transport, TransportCaps, TransportEvent } from "../transports/transport.ts";
import type { Asr, Llm, LlmContext, LlmMessage, LlmOutput, Recording, Voice } from "../vendors/vendor.ts";
import { defaultTurns, type AgentConfig } from "./agent-config.ts";
import type { ClientMessage } from "./client-message.ts";
import type { Restored } from "./parts.ts";
import { Session } from "./session.ts";
import { Stream } from "./stream.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Something that a person utters. Without text it is a noise. */
export interface Utterance {
  readonly at: number;
  readonly ms: number;
  readonly text?: string;
  readonly uid?: string;
}

export interface StageOptions {
  readonly user?: readonly Utterance[];
  /** The agent's answers, in order; an error is thrown in place of an answer. The last one repeats. */
  readonly agent?: readonly (string | Error | readonly LlmOutput[])[];
  readonly config?: Partial<AgentConfig>;
  /** Time that the vendors take, in milliseconds. */
  readonly asrMs?: number;
  /** Or request by request; the last one repeats. */
  readonly llmMs?: number | readonly number[];
  /** Words in between that a model makes, in order; the last one repeats. */
  readonly fillers?: readonly (string | Error)[];
  readonly fillerMs?: number;
  /** Length of a spoken word. */
  readonly wordMs?: number;
  /** Sound is at the ear this much after it was written. */
  readonly networkMs?: number;
  /** The model never answers. */
  readonly llmHangs?: boolean;
  /** There is no voice: the model says everything itself. */
  readonly mute?: boolean;
  /** Of the greeting. */
  readonly recording?: Promise<Recording>;
  /** The voice fails with this. */
  readonly voiceError?: Error;
  /** The recogniser fails with this, once. */
  readonly asrError?: Error;
  /** Time until clients say what they have played, cut by cut; after the last at once. */
  readonly flushMs?: readonly number[];
  /** Frames may be written so much early, in milliseconds. */
  readonly leadMs?: number;
  readonly restored?: Restored;
}

/** Of the stage's transport and voice, in hertz. */
export const stageRate = 24_000;
const sampleRate = stageRate;
/** Stands for voice in the script's audio: the stage's VAD hears nothing else. */
const voiced = 4000;

class ScriptedTransport implements Transport {
  readonly caps: TransportCaps;
  readonly frames = new Stream<Frame>(10_000);
  readonly events = new Stream<TransportEvent>(1000);
  /** Frames of the agent that were not silent, by the time at which they were due. */
  readonly voiced: number[] = [];
  /** When they were written. */
  readonly writtenAt: number[] = [];
  /** And what was in them. */
  readonly voicedPcm: Int16Array[] = [];
  readonly sent: { to: string; data: Uint8Array }[] = [];
  flushes = 0;
  closed = false;
  readonly #clock: VirtualClock;
  readonly #networkMs: number;
  readonly #flushMs: readonly number[];

  constructor(clock: VirtualClock, { networkMs = 0, leadMs = 0, flushMs = [] }: StageOptions) {
    this.caps = { sampleRate, leadMs, perUserAudio: true, playoutReports: true, messages: true };
    this.#clock = clock;
    this.#networkMs = networkMs;
    this.#flushMs = flushMs;
  }

  write(frame: VoiceFrame): void {
    if (!frame.pcm.some((sample) => sample !== 0)) return;
    this.voiced.push(frame.at);
    this.writtenAt.push(this.#clock.now());
    this.voicedPcm.push(frame.pcm);
  }

  async flush(): Promise<Played> {
    const ms = this.#flushMs[this.flushes] ?? 0;
    this.flushes += 1;
    const played = this.played();
    if (ms > 0) await this.#clock.sleep(ms, new AbortController().signal);
    return played;
  }

  played(): Played {
    return { until: this.#clock.now() - this.#networkMs, source: "client", errorMs: 0 };
  }

  send(to: string, data: Uint8Array): void {
    this.sent.push({ to, data });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    this.frames.end();
    this.events.end();
  }
}

export class Stage implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly session: Session;
  readonly transport: ScriptedTransport;
  readonly events: SessionEvent[] = [];
  /** What the language model was asked, request by request. */
  readonly asked: (readonly LlmMessage[])[] = [];
  /** What the model of the words in between was asked, and whether the request was broken off. */
  readonly askedToFill: { readonly messages: readonly LlmMessage[]; broken: boolean }[] = [];
  /** Which tools it could call, request by request. */
  readonly offered: string[][] = [];
  readonly #options: StageOptions;
  readonly #reading: Promise<void>;

  constructor(options: StageOptions) {
    this.#options = options;
    this.transport = new ScriptedTransport(this.clock, options);
    this.session = new Session({
      clock: this.clock,
      transport: this.transport,
      config: { ...defaultAgent, ...options.config },
      asr: this.#asr(),
      llm: this.#llm(),
      fillerLlm: this.#fillerLlm(),
      voice: options.mute === true ? undefined : this.#voice(),
      openVad: () => ({
        process: (window) => Promise.resolve(window.filter((sample) => sample === voiced).length * 2 > window.length ? 0.95 : 0.02),
        close() {},
      }),
      resample: () => ({ process: (pcm) => pcm, flush: () => new Int16Array() }),
      readMessage: (type, body): ClientMessage => {
        if (type === "start" || type === "end") return { type: "mark", mark: type, requestId: body };
        if (type === "picture")
          return { type: "picture", picture: { id: body, url: `https://a.example/${body}`, source: "url", width: 0, height: 0, bytes: 0 } };
        return { type: "text", text: body, priority: "interrupt" };
      },
      ...(options.recording === undefined ? {} : { recording: options.recording }),
      ...(options.restored === undefined ? {} : { restored: options.restored }),
    });
    this.#reading = this.#read();
    this.join("7");
    for (const uid of new Set((options.user ?? []).map((utterance) => utterance.uid ?? "7"))) this.#talk(uid);
  }

  join(uid: string): void {
    const at = this.clock.now();
    this.transport.events.push({ type: "user-joined", at, uid });
    this.transport.events.push({ type: "user-ready", at, uid });
  }

  leave(uid: string): void {
    this.transport.events.push({ type: "user-left", at: this.clock.now(), uid });
  }

  type(text: string, uid = "7"): void {
    this.transport.events.push({
      type: "message",
      at: this.clock.now(),
      uid,
      customType: "user.transcription",
      body: text,
    });
  }

  /** Sends an image. */
  show(id: string, uid = "7"): void {
    this.transport.events.push({ type: "message", at: this.clock.now(), uid, customType: "picture", body: id });
  }

  /** Presses the button, or lets it go. */
  mark(mark: "start" | "end", requestId: string, uid = "7"): void {
    this.transport.events.push({ type: "message", at: this.clock.now(), uid, customType: mark, body: requestId });
  }

  /** The events of these types, as they came. */
  only<T extends SessionEvent["type"]>(...types: T[]): Extract<SessionEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<SessionEvent, { type: T }> => types.some((type) => type === event.type));
  }

  /** Ends the session; time passes as far as that needs it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const leaving = this.session.leave();
    await this.clock.moveTo(this.clock.now() + 1000);
    await leaving;
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const event of this.session.events) this.events.push(event);
  }

  /** Sends a person's frames, 20 ms each, for as long as the session lasts. */
  #talk(uid: string): void {
    const utterances = (this.#options.user ?? []).filter((utterance) => (utterance.uid ?? "7") === uid);
    this.clock.everyFrame((due) => {
      const at = due - FRAME_MS;
      if (at < 0) return;
      const pcm = new Int16Array(INPUT_SAMPLES);
      for (const utterance of utterances) {
        const from = Math.max(0, ((utterance.at - at) * INPUT_RATE) / 1000);
        const to = Math.min(INPUT_SAMPLES, ((utterance.at + utterance.ms - at) * INPUT_RATE) / 1000);
        if (to > from) pcm.fill(voiced, from, to);
      }
      this.transport.frames.push({ at, uid, pcm, concealed: false });
    });
  }

  /** Partials after 300 ms of an utterance, its text when it is over. */
  #asr(): Asr {
    const { user = [], asrMs = 0 } = this.#options;
    const { clock } = this;
    let error = this.#options.asrError;
    return async function* (audio, { language, signal }) {
      let startMs = 0;
      let partial = false;
      let uid = "";
      const said = (from: number, to: number) =>
        user.filter((each) => (each.uid ?? "7") === uid && each.at < to && each.at + each.ms > from).map((each) => each.text ?? "");
      for await (const input of audio) {
        switch (input.type) {
          case "audio": {
            uid = input.frame.uid;
            const { at } = input.frame;
            if (!partial || at < startMs + 300) break;
            partial = false;
            const [text = ""] = said(startMs, at);
            if (text !== "") yield { text: text.split(" ").slice(0, 2).join(" "), final: false, startMs, endMs: at, language };
            break;
          }
          case "speech-start":
            startMs = input.at;
            partial = true;
            break;
          case "speech-pause":
          case "speech-resume":
            break;
          case "speech-end": {
            if (error !== undefined) {
              const thrown = error;
              error = undefined;
              throw thrown;
            }
            partial = false;
            const text = said(startMs, input.at).join(" ").trim();
            if (asrMs > 0) await clock.sleep(asrMs, signal);
            yield { text, final: true, startMs, endMs: input.at, language };
            break;
          }
        }
      }
    };
  }

  #llm(): Llm {
    const { agent = ["yes"], llmMs = 0, llmHangs = false } = this.#options;
    const { asked, offered, clock } = this;
    return async function* (messages, { signal, tools = [] }: LlmContext) {
      const answer = agent[Math.min(asked.length, agent.length - 1)] ?? "";
      const waitMs = typeof llmMs === "number" ? llmMs : (llmMs[Math.min(asked.length, llmMs.length - 1)] ?? 0);
      asked.push(messages);
      offered.push(tools.map(({ name }) => name));
      if (llmHangs) await clock.sleep(Number.POSITIVE_INFINITY, signal);
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      if (signal.aborted) return;
      if (answer instanceof Error) throw answer;
      if (typeof answer === "string") for (const word of answer.split(/(?<= )/)) yield word;
      else yield* answer;
    };
  }

  #fillerLlm(): Llm {
    const { fillers = [""], fillerMs = 0 } = this.#options;
    const { askedToFill, clock } = this;
    return async function* (messages, { signal }) {
      const text = fillers[Math.min(askedToFill.length, fillers.length - 1)] ?? "";
      const asked = { messages, broken: false };
      askedToFill.push(asked);
      let over = false;
      signal.addEventListener("abort", () => (asked.broken = !over));
      if (fillerMs > 0) await clock.sleep(fillerMs, signal);
      if (text instanceof Error) throw text;
      for (const word of text.split(/(?<= )/)) yield word;
      over = true;
    };
  }

  #voice(): Voice {
    const { wordMs = 200, voiceError } = this.#options;
    return {
      sampleRate,
      speak: async function* (clauses) {
        for await (const text of clauses) {
          if (voiceError !== undefined) throw voiceError;
          const words = text.split(" ").map((word, index) => ({ text: word, startMs: index * wordMs, endMs: (index + 1) * wordMs }));
          yield { type: "clause", text, words };
          yield { type: "audio", pcm: new Int16Array((words.length * wordMs * sampleRate) / 1000).fill(voiced) };
        }
      },
    };
  }
}

export const defaultAgent: AgentConfig = {
  asr: { vendor: "script", language: "en-US", options: {}, keyterms: [] },
  tts: { vendor: "script", options: {} },
  llm: { style: "script", options: {} },
  systemMessages: [{ role: "system", content: "Be brief." }],
  maxHistory: 10,
  idleTimeoutS: 30,
  firstUserTimeoutS: 600,
  turns: { ...defaultTurns, endpointingMs: 480 },
};
