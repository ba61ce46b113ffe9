/** `parley bridge`: joins a channel as a participant and connects it to any endpoint that speaks the Voice Agent API. */
import { Caller, type HeardFrame } from "@parley/caller";
import { VoiceAgent, type VoiceAgentEvent } from "@parley/voice-agent";
import { Messages } from "../api/rest/messages.ts";
import { BrainAudio } from "../bridge/brain-audio.ts";
import { BridgeCore, type BridgeStep } from "../bridge/core.ts";
import { httpTools, settingsOf } from "../bridge/http-tool.ts";
import { VOICE_RATE } from "../bridge/voice.ts";
import type { SessionEvent } from "../core/events.ts";
import { buildToken } from "../projects/tokens.ts";
import { Network } from "../vendors/network.ts";
import { proxiesFrom } from "../vendors/proxy.ts";
import { type BridgePlan, readBridgePlan } from "./bridge/plan.ts";
import { echoHint, explain, notAgora } from "./bridge/remedy.ts";
import { connectionLine, noticeLine, transcriptLine } from "./bridge/report.ts";
import { type Command, exitCodes, type Terminal } from "./command.ts";

const tokenSeconds = 86_400;

export const bridge: Command = {
  summary: "Connect a channel to a Voice Agent endpoint, ours or another",
  help: `
Usage: parley bridge [--channel NAME] [--url wss://HOST/v1/ws] [options]

Joins a channel of a Parley engine as a participant, sends what people say to an endpoint of the Voice Agent API, and
what it answers into the channel, with captions. Ctrl+C ends the session and leaves.

  --channel NAME      the channel (default: AGORA_CHANNEL, or voice-agent-demo)
  --uid N             who the bot is there (default: AGORA_BOT_UID, or 9999); no client may have the same
  --url URL           the endpoint (default: wss://agents.assemblyai.com/v1/ws where ASSEMBLYAI_API_KEY is set and
                      PARLEY_API_KEY is not, else the engine's own /v1/ws)
  --engine URL        the engine with the channel (default: http://127.0.0.1:8080, or what PORT says)
  --app-id ID         the project of the channel, where several are configured
  --session FILE      JSON: the \`session\` of session.update; its tools must have \`http\`, the bridge runs them
  --speaker UID       send this person alone
  --mix               send everybody at once, added up (default: one person at a time, whoever speaks)
  --no-captions       send no captions into the channel

Flags win, then the environment, then .env; there PARLEY_APP_ID, PARLEY_APP_CERTIFICATE and PARLEY_API_KEY come before
AGORA_APP_ID, AGORA_APP_CERTIFICATE and ASSEMBLYAI_API_KEY, and last the development credentials in the data folder.
An empty certificate means that the project has tokens switched off. A key is sent to its own service alone.

${notAgora}

Exit 0: ended in order or by Ctrl+C, 1: failed, 2: usage.`,

  async run(args, terminal) {
    const plan = readBridgePlan(args, terminal);
    try {
      await using running = await Bridge.open(plan, terminal);
      return await running.over;
    } catch (error) {
      if (terminal.signal.aborted) return exitCodes.done;
      const line = explain(error, plan);
      if (line === undefined) throw error;
      terminal.note(line);
      return exitCodes.failed;
    }
  },
};

/** A bridge that stands: a participant on one side, a session on the other, the core between them. */
class Bridge implements AsyncDisposable {
  /** Resolves with the exit code when either side has ended, or the person wants it. */
  readonly over: Promise<number>;
  readonly #plan: BridgePlan;
  readonly #terminal: Terminal;
  readonly #core: BridgeCore;
  readonly #brain: VoiceAgent;
  readonly #network: Network;
  readonly #messages: Messages;
  readonly #origin = performance.now();
  readonly #ending = Promise.withResolvers<number>();
  #audio: BrainAudio | undefined;
  #caller: Caller | undefined;

  static async open(plan: BridgePlan, terminal: Terminal): Promise<Bridge> {
    const opened = new Bridge(plan, terminal);
    try {
      await opened.#join();
      await opened.#connect();
      return opened;
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(plan: BridgePlan, terminal: Terminal) {
    this.#plan = plan;
    this.#terminal = terminal;
    this.#core = new BridgeCore(plan.listening);
    this.#network = new Network({ allowLoopback: true, proxies: proxiesFrom(terminal.env) });
    this.#messages = new Messages({
      agentId: `bridge-${plan.uid}`,
      language: plan.session.input?.language_codes?.[0] ?? "en-US",
      words: true,
      metrics: false,
      errors: false,
      epochMs: Date.now(),
    });
    const { tools = [], ...session } = plan.session;
    this.#brain = new VoiceAgent({
      url: plan.url,
      apiKey: plan.apiKey,
      dispatcher: this.#network.socketDispatcher({ vendor: "endpoint", url: new URL(plan.url), trusted: true }),
      session: settingsOf(session),
      tools: httpTools(tools ?? [], { network: this.#network, trusted: true }),
      restart: true,
      greetAgain: false,
      // What people said while nobody listened is no use half a minute later.
      awayAudioMs: 2000,
    });
    this.over = this.#ending.promise;
    terminal.signal.addEventListener("abort", () => this.#ending.resolve(exitCodes.done), { once: true });
  }

  // The channel

  async #join(): Promise<void> {
    const { engine, appId, certificate, channel, uid, listening } = this.#plan;
    const { note, signal } = this.#terminal;
    const token =
      certificate === "" ? appId : buildToken({ appId, certificate, channel, uid, expireSeconds: tokenSeconds, now: Date.now() });
    const caller = await Caller.join({
      url: engine,
      appId,
      channel,
      uid,
      token,
      voice: { sampleRate: VOICE_RATE, take: (due) => this.#tick(due) },
      signal,
    });
    this.#caller = caller;
    note(`in channel ${channel} of ${new URL(engine).host} as uid ${uid}`);
    const isHeard = (user: { readonly uid: string; readonly agent: boolean }) =>
      !user.agent || (listening.type === "speaker" && listening.uid === user.uid);
    for (const user of caller.users) if (isHeard(user)) this.#arrives(user.uid);
    caller.on("user-joined", (user) => {
      if (isHeard(user)) this.#arrives(user.uid);
    });
    caller.on("user-left", (user) => {
      note(`${user.uid} has left`);
      this.#take(this.#core.leave(user.uid, this.#now()));
    });
    caller.on("audio", (frame: HeardFrame) => this.#core.hear(frame.uid, frame.pcm));
    caller.on("refused", (error) => note(explain(error, this.#plan) ?? error.message));
    caller.on("closed", (error) => {
      if (error !== undefined) note(explain(error, this.#plan) ?? error.message);
      this.#ending.resolve(error === undefined ? exitCodes.done : exitCodes.failed);
    });
  }

  #arrives(uid: string): void {
    this.#terminal.note(`${uid} is there`);
    this.#take(this.#core.join(uid, this.#now()));
  }

  /** The channel's next 20 ms; what people said in the last ones goes to the endpoint. */
  #tick(due: number): Int16Array {
    const { heard, spoken, ...step } = this.#core.tick(due - this.#origin);
    this.#take(step);
    // While the endpoint is away, the last of it waits.
    if (this.#audio !== undefined) this.#brain.sendAudio(this.#audio.encode(heard));
    return spoken;
  }

  // The endpoint

  async #connect(): Promise<void> {
    const events = this.#brain[Symbol.asyncIterator]();
    void this.#follow(events);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const { signal } = this.#terminal;
    const onAbort = () => reject(new Error("stopped"));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([this.#brain.connect(), aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      aborted.catch(() => undefined);
    }
  }

  async #follow(events: AsyncIterable<VoiceAgentEvent>): Promise<void> {
    try {
      for await (const event of events) {
        this.#say(event);
        this.#take(this.#core.brain(event, this.#now()));
      }
    } catch (error) {
      this.#terminal.note(error instanceof Error ? (error.stack ?? error.message) : String(error));
      this.#ending.resolve(exitCodes.failed);
    }
  }

  #say(event: VoiceAgentEvent): void {
    const line = connectionLine(event, new URL(this.#plan.url).host);
    if (line !== undefined) this.#terminal.note(line);
    if (event.type === "session.ready") {
      this.#audio?.[Symbol.dispose]();
      this.#audio = new BrainAudio(event.config);
    }
    if (event.type === "closed") this.#ending.resolve(exitCodes.done);
    if (event.type === "lost") {
      // What went wrong before the session began is told by whoever waits for it.
      if (this.#brain.sessionId !== null) this.#terminal.note(explain(event.error, this.#plan) ?? event.error.message);
      this.#ending.resolve(exitCodes.failed);
    }
  }

  // What comes of it

  #take({ events, notices }: BridgeStep): void {
    for (const notice of notices) this.#terminal.note(noticeLine(notice, this.#plan));
    for (const event of events) {
      this.#print(event);
      if (this.#plan.captions) this.#caption(event);
    }
  }

  #print(event: SessionEvent): void {
    const line = transcriptLine(event);
    if (line !== undefined) this.#terminal.out(line);
    if (event.type === "echo-suspected") this.#terminal.note(echoHint(event.uid));
  }

  #caption(event: SessionEvent): void {
    for (const message of this.#messages.handle(event)) {
      try {
        this.#caller?.broadcast(message);
      } catch (error) {
        // A caption that is too long for the channel is no reason to end the call.
        if (!(error instanceof RangeError)) throw error;
      }
    }
  }

  #now(): number {
    return performance.now() - this.#origin;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Says session.end, and waits for its answer for three seconds at most.
    await this.#brain.end();
    await this.#caller?.leave();
    this.#audio?.[Symbol.dispose]();
    this.#core[Symbol.dispose]();
    await this.#network[Symbol.asyncDispose]();
  }
}
