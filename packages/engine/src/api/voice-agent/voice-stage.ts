/** The door's sessions for tests: real sessions and transports with vendors by script, clients on sockets by hand, on a virtual clock. */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { voiceAgent } from "@parley/protocol";
import { pino } from "pino";
import { FRAME_MS, INPUT_RATE } from "../../core/frame.ts";
import type { Project } from "../../projects/project.ts";
import type { Clock } from "../../session/clock.ts";
import { Session } from "../../session/session.ts";
import { VirtualClock } from "../../session/virtual-clock.ts";
import type { Transport } from "../../transports/transport.ts";
import type { Asr, Llm, LlmMessage, LlmOutput, Voice } from "../../vendors/vendor.ts";
import type { Configuration } from "./configuration.ts";
import { Connection, type Socket } from "./connection.ts";
import type { SessionLog, SessionTimeline, VoiceSessionRecord } from "./session-log.ts";
import { type Client, type VoiceAgentRules, VoiceSessions, type VoiceSessionsOptions } from "./voice-sessions.ts";

/** Something that the user utters, at clock time. Without text it is a noise. */
export interface Utterance {
  readonly at: number;
  readonly ms: number;
  readonly text?: string;
  /** What the recogniser makes of it in the end, if not that. */
  readonly finalText?: string;
}

export interface VoiceStageOptions {
  readonly user?: readonly Utterance[];
  /** The agent's answers, in order; an error is thrown in place of an answer. The last one repeats. */
  readonly agent?: readonly (string | Error | readonly LlmOutput[])[];
  readonly rules?: Partial<VoiceAgentRules>;
  readonly agents?: Readonly<Record<string, Configuration>>;
  /** Time that the vendors take, in milliseconds. */
  readonly llmMs?: number;
  readonly startMs?: number;
  readonly startError?: Error;
  readonly voiceError?: Error;
  readonly full?: string;
  /** For several engines in one test: their common time, and what tells their ids apart. */
  readonly clock?: VirtualClock;
  /** Unix milliseconds of the clock's 0; default 0. */
  readonly epochMs?: number;
  readonly name?: string;
  readonly keeping?: VoiceSessionsOptions["keeping"];
  /** Told beside the stage. */
  readonly sessionLog?: SessionLog;
  /** Takes the lines of the connections' log. */
  readonly onLog?: (line: string) => void;
}

const stageRules: VoiceAgentRules = {
  graceSeconds: 30,
  allowInlineLlm: false,
  legacyArgs: false,
  mutableVoice: false,
  warnBeforeEnd: false,
  resumeReply: true,
  resumeFalseInterruption: false,
  maxSessionSeconds: 10_800,
};

export const stageProject: Project = {
  appId: "a".repeat(32),
  certificate: "",
  customers: [],
  apiKeys: [],
  limits: {},
  defaults: { asr: {}, maxHistory: 10 },
  webhooks: [],
};

/** Length of a spoken word. */
const wordMs = 200;
/** Stands for voice: the stage's VAD hears nothing else. */
const voiced = 4000;
const loud = 2000;
const voiceRate = 24_000;

export class VoiceStage implements AsyncDisposable {
  readonly clock: VirtualClock;
  /** For another door on the same parts. */
  readonly options: VoiceSessionsOptions;
  readonly sessions: VoiceSessions;
  readonly clients: StageClient[] = [];
  /** What the language model was asked, request by request. */
  readonly asked: (readonly LlmMessage[])[] = [];
  readonly records: VoiceSessionRecord[] = [];
  readonly timelines: SessionTimeline[] = [];
  readonly running: Session[] = [];
  readonly transports: Transport[] = [];
  /** Parameters that voices were given in mid-session. */
  readonly tuned: object[] = [];
  readonly #options: VoiceStageOptions;
  #ids = 0;

  constructor(options: VoiceStageOptions = {}) {
    this.#options = options;
    const { agents = {}, full, clock = new VirtualClock(), epochMs = 0, name = "", keeping, sessionLog } = options;
    this.clock = clock;
    this.options = {
      rules: { ...stageRules, ...options.rules },
      startSession: async (request) => {
        const { startMs = 0, startError } = options;
        if (startMs > 0) await this.clock.sleep(startMs, request.signal);
        if (startError !== undefined) throw startError;
        request.signal?.throwIfAborted();
        const clock = this.#sessionClock(request.beginsAt);
        const transport = await request.open(clock, request.signal ?? new AbortController().signal);
        this.transports.push(transport);
        const session = new Session({
          clock,
          transport,
          config: request.config,
          asr: this.#asr(clock),
          llm: this.#llm(),
          voice: { ...this.#voice(), tune: (params) => void this.tuned.push(params) },
          openVad: () => ({ process: (window) => Promise.resolve(probability(window)), close() {} }),
          resample: () => ({ process: (pcm) => pcm, flush: () => new Int16Array() }),
          readMessage: () => ({ type: "invalid", message: "no messages" }),
          ...(request.restored === undefined ? {} : { restored: request.restored }),
        });
        this.running.push(session);
        request.onStart?.(session);
        return session;
      },
      openLlm: () => this.#llm(),
      findAgent: async (_project, id) => agents[id],
      offer: (project) => ({ project, vendors: [], localVoice: (name) => `local ${name}`, httpTool: () => undefined }),
      knowsVoice: (name) => ["ivy", "james", "alba"].includes(name),
      voiceNames: () => ["ivy", "james", "alba"],
      substituteOf: () => undefined,
      isEmbedded: () => true,
      full: () => full,
      draining: () => false,
      makeId: (prefix) => `${prefix}_${name}${++this.#ids}`,
      now: () => epochMs + this.clock.now(),
      log: pino({ level: "silent" }),
      sessionLog: {
        opened: (record) => {
          this.records.push(record);
          sessionLog?.opened(record);
        },
        resumed: (record) => {
          this.records.push(record);
          sessionLog?.resumed(record);
        },
        passedOn: (id) => sessionLog?.passedOn(id),
        changed: (record) => {
          this.records.push(record);
          sessionLog?.changed(record);
        },
        ended: (record, timeline) => {
          this.records.push(record);
          this.timelines.push(timeline);
          sessionLog?.ended(record, timeline);
        },
      },
      ...(keeping === undefined ? {} : { keeping }),
      onStart: () => {},
    };
    this.sessions = new VoiceSessions(this.options);
  }

  /** A new socket, let in already. */
  connect(client: Partial<Client> = {}): StageClient {
    const socket = new StageSocket();
    const stageClient = new StageClient(this.clock, socket, this.#options.user ?? []);
    this.clients.push(stageClient);
    stageClient.connection = new Connection({
      socket,
      client: { project: stageProject, spend: () => true, ...client },
      sessions: this.sessions,
      clock: this.clock,
      now: () => this.clock.now(),
      log: this.#options.onLog === undefined ? pino({ level: "silent" }) : pino({}, { write: this.#options.onLog }),
      onGone: () => {},
    });
    return stageClient;
  }

  /** A socket with a session, whose microphone is on. */
  async begin(session: object = {}, client: Partial<Client> = {}): Promise<StageClient> {
    const connected = this.connect(client);
    connected.send({
      type: "session.update",
      session: { input: { format: { encoding: "audio/pcm", sample_rate: INPUT_RATE } }, ...session },
    });
    await this.clock.moveTo(this.clock.now());
    connected.talk();
    return connected;
  }

  /** A new socket that goes on with a session. */
  async resume(id: string | undefined, client: Partial<Client> = {}): Promise<StageClient> {
    const connected = this.connect(client);
    connected.send({ type: "session.resume", session_id: id });
    await this.clock.moveTo(this.clock.now());
    connected.talk();
    return connected;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ending = this.sessions[Symbol.asyncDispose]();
    await this.clock.moveTo(this.clock.now() + 3000);
    await ending;
    for (const client of this.clients) client.drop();
  }

  /** Each session counts from its own beginning. */
  #sessionClock(age = 0): Clock {
    const { clock } = this;
    const origin = clock.now() - age;
    return {
      now: () => clock.now() - origin,
      at: (at, handler) => clock.at(at + origin, handler),
      everyFrame: (handler) => clock.everyFrame((due) => handler(due - origin)),
    };
  }

  /** Two words after 300 ms of an utterance, its whole text at each pause. */
  #asr(clock: Clock): Asr {
    const { user = [] } = this.#options;
    const origin = this.clock.now() - clock.now();
    // What arrives is a little later than what was said.
    const uttered = (from: number, to: number): Utterance[] =>
      user.filter(({ at, ms }) => at - origin < to && at + ms - origin + 150 > from);
    const said = (from: number, to: number): string[] => uttered(from, to).map(({ text = "" }) => text);
    const meant = (from: number, to: number): string[] => uttered(from, to).map(({ text = "", finalText = text }) => finalText);
    return async function* (audio, { language }) {
      let startMs = 0;
      let partial = false;
      for await (const input of audio) {
        switch (input.type) {
          case "audio": {
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
            partial = false;
            yield { text: meant(startMs, input.at).join(" ").trim(), final: false, complete: 1, startMs, endMs: input.at, language };
            break;
          case "speech-resume":
            break;
          case "speech-end":
            partial = false;
            yield { text: meant(startMs, input.at).join(" ").trim(), final: true, startMs, endMs: input.at, language };
            break;
        }
      }
    };
  }

  #llm(): Llm {
    const { agent = ["yes"], llmMs = 0 } = this.#options;
    const { asked, clock } = this;
    return async function* (messages, { signal }) {
      const answer = agent[Math.min(asked.length, agent.length - 1)] ?? "";
      asked.push(messages);
      if (llmMs > 0) await clock.sleep(llmMs, signal);
      if (signal.aborted) return;
      if (answer instanceof Error) throw answer;
      if (typeof answer === "string") for (const word of answer.split(/(?<= )/)) yield word;
      else yield* answer;
    };
  }

  #voice(): Voice {
    const { voiceError } = this.#options;
    return {
      sampleRate: voiceRate,
      speak: async function* (clauses) {
        for await (const text of clauses) {
          if (voiceError !== undefined) throw voiceError;
          const words = text.split(" ").map((word, index) => ({ text: word, startMs: index * wordMs, endMs: (index + 1) * wordMs }));
          yield { type: "clause", text, words };
          yield { type: "audio", pcm: new Int16Array((words.length * wordMs * voiceRate) / 1000).fill(voiced) };
        }
      },
    };
  }
}

/** Voice, where most samples of a window are loud. */
function probability(window: Int16Array): number {
  return window.filter((sample) => Math.abs(sample) >= loud).length * 2 > window.length ? 0.95 : 0.02;
}

/** A socket by hand. */
class StageSocket extends EventEmitter implements Socket {
  readonly OPEN = 1;
  readyState = 1;
  /** What the client does not read; `Infinity`: it has stopped reading. */
  bufferedAmount = 0;
  /** Its pings are not answered. */
  deaf = false;
  closed: { code: number; reason: string } | undefined;
  onText: (text: string) => void = () => {};

  send(text: string, done: (error?: Error) => void): void {
    if (this.readyState !== this.OPEN) return done(new Error("closed"));
    this.onText(text);
    done();
  }

  ping(data: string): void {
    if (!this.deaf) this.emit("pong", Buffer.from(data));
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
    this.#gone(code);
  }

  terminate(): void {
    this.#gone(1006);
  }

  #gone(code: number): void {
    if (this.readyState !== this.OPEN) return;
    this.readyState = 3;
    this.emit("close", code);
  }
}

type Told = voiceAgent.ServerEvent & { readonly at: number };

export class StageClient {
  readonly socket: StageSocket;
  connection: Connection | undefined;
  /** What the client was told, with the time. */
  readonly told: Told[] = [];
  readonly #clock: VirtualClock;
  readonly #user: readonly Utterance[];
  #silence: () => void = () => {};

  constructor(clock: VirtualClock, socket: StageSocket, user: readonly Utterance[]) {
    this.#clock = clock;
    this.#user = user;
    this.socket = socket;
    socket.onText = (text) => {
      // Every event is held to the contract's schema.
      this.told.push({ ...voiceAgent.ServerEvent.parse(JSON.parse(text)), at: clock.now() });
    };
  }

  send(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.socket.emit("message", Buffer.from(text), false);
  }

  /** The microphone is on: 20 ms of audio every 20 ms. */
  talk(): void {
    this.#silence = this.#clock.everyFrame((due) => {
      const at = due - FRAME_MS;
      if (this.socket.readyState !== this.socket.OPEN) return;
      const pcm = new Int16Array((INPUT_RATE * FRAME_MS) / 1000);
      for (const utterance of this.#user) {
        const from = Math.max(0, ((utterance.at - at) * INPUT_RATE) / 1000);
        const to = Math.min(pcm.length, ((utterance.at + utterance.ms - at) * INPUT_RATE) / 1000);
        // A tone: the transport looks whether what comes can be speech at all.
        for (let index = Math.ceil(from); index < to; index += 1) pcm[index] = Math.floor(index / 20) % 2 === 0 ? voiced : -voiced;
      }
      this.send({ type: "input.audio", audio: Buffer.from(pcm.buffer).toString("base64") });
    });
  }

  /** The network breaks. */
  drop(): void {
    this.#silence();
    this.socket.terminate();
  }

  get sessionId(): string | undefined {
    return this.only("session.ready").at(-1)?.session_id;
  }

  only<T extends Told["type"]>(...types: T[]): Extract<Told, { type: T }>[] {
    return this.told.filter((event): event is Extract<Told, { type: T }> => types.some((type) => type === event.type));
  }

  /** Types, with what is worth reading beside them; a run of audio or of words counts once. */
  get story(): string[] {
    const lines = this.told.map((event) => {
      const said = "text" in event ? event.text : "status" in event ? event.status : "code" in event ? event.code : "";
      return `${event.type} ${said}`.trim();
    });
    const runs = new Set(["reply.audio", "transcript.agent.delta"]);
    return lines.filter((line, index) => !runs.has(line) || !runs.has(lines[index - 1] ?? ""));
  }
}
