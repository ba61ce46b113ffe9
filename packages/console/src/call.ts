/** One page, one call at a time: everything the page shows is a signal here. */
import {
  type Caption,
  Captions,
  type Channel,
  type ChannelState,
  type GrantedProcessing,
  type InputDevice,
  joinChannel,
  listMicrophones,
  Meter,
  type Microphone,
  openMicrophone,
  ParleyError,
  type Playback,
} from "@parley/client";
import { batch, computed, effect, signal } from "@preact/signals";
import { type CallWish, endCall, readReadiness, type Seat, type StartedCall, startCall } from "./engine.ts";
import { forgetCall, rememberCall, rememberedCall } from "./resume.ts";

export type Phase = "idle" | "connecting" | "live" | "error";
export type AgentActivity = "listening" | "thinking" | "speaking";

/** A call with an agent of the page's own, or a seat in a channel that someone else set up. */
export type Start = { kind: "agent"; wish: CallWish } | { kind: "seat"; seat: Seat };

/** How long a call waits for models that are still being loaded, in milliseconds, and how often it asks. */
const readyTimeoutMs = 90_000;
const readyPollMs = 500;

export class Call {
  readonly phase = signal<Phase>("idle");
  readonly activity = signal<AgentActivity>("listening");
  /** What connecting waits for. */
  readonly step = signal("");
  readonly problem = signal<ParleyError | null>(null);
  /** Something worth knowing while all is well. */
  readonly notice = signal("");
  readonly captions = signal<readonly Caption[]>([]);
  readonly latencyMs = signal<number | null>(null);
  readonly muted = signal(false);
  readonly granted = signal<GrantedProcessing | null>(null);
  readonly devices = signal<readonly InputDevice[]>([]);
  readonly deviceId = signal("");
  readonly reconnecting = signal(false);
  readonly audioBlocked = signal(false);
  /** Everybody else in the channel. */
  readonly people = signal(0);
  readonly startedAt = signal<number | null>(null);
  /** Calls that have ended in this page. */
  readonly ended = signal(0);
  /** Moments at which the agent was interrupted, by `performance.now()`. */
  readonly interruptedAt = signal<number | null>(null);

  /** `data-state` of the page. */
  readonly state = computed(() =>
    this.phase.value === "live" ? (this.reconnecting.value ? "connecting" : this.activity.value) : this.phase.value,
  );

  #model = new Captions();
  #channel: Channel | null = null;
  #microphone: Microphone | null = null;
  #started: StartedCall | null = null;
  #running: AbortController | null = null;
  #audio: AudioContext | null = null;
  #meters: { user: Meter | null; agent: Meter | null } = { user: null, agent: null };
  readonly #elements = new Map<string, HTMLAudioElement>();
  /** Voices that are played, by uid. */
  readonly #voices = new Map<string, Playback>();
  /** Who speaks as an agent: the engine's, and participants that bring captions of their own, as a bridge does. */
  readonly #agents = new Set<string>();

  constructor() {
    // While the agent speaks, its words light up as they sound.
    effect(() => {
      if (this.phase.value !== "live" || this.activity.value !== "speaking") return;
      const timer = setInterval(() => this.#tick(), 50);
      return () => clearInterval(timer);
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#listDevices());
    void this.#listDevices();
  }

  /** Begins a call; what goes wrong is in `problem`. */
  async start(start: Start): Promise<void> {
    if (this.#running !== null) return;
    const running = new AbortController();
    this.#running = running;
    this.#model = new Captions();
    batch(() => {
      this.phase.value = "connecting";
      this.problem.value = null;
      this.notice.value = "";
      this.captions.value = [];
      this.latencyMs.value = null;
      this.activity.value = "listening";
      this.muted.value = false;
    });
    try {
      await this.#connect(start, running.signal);
    } catch (error) {
      if (!running.signal.aborted) await this.#end(toProblem(error));
    }
  }

  async hangUp(): Promise<void> {
    forgetCall();
    await this.#end(null);
  }

  dismiss(): void {
    this.problem.value = null;
    if (this.phase.value === "error") this.phase.value = "idle";
  }

  mute(muted: boolean): void {
    this.#microphone?.mute(muted);
    this.muted.value = muted;
  }

  async useMicrophone(deviceId: string): Promise<void> {
    this.deviceId.value = deviceId;
    if (this.#microphone === null) return;
    try {
      await this.#microphone.use(deviceId);
    } catch (error) {
      this.problem.value = toProblem(error);
      this.deviceId.value = this.#microphone.deviceId;
    }
  }

  say(text: string): void {
    try {
      this.#channel?.say(text);
    } catch (error) {
      this.problem.value = toProblem(error);
    }
  }

  async resumeAudio(): Promise<void> {
    this.audioBlocked.value = false;
    await this.#audio?.resume();
    await this.#channel?.resumeAudio();
  }

  /** How loud both sides are right now, 0 to 1. */
  levels(): { user: number; agent: number } {
    return { user: this.muted.peek() ? 0 : (this.#meters.user?.read() ?? 0), agent: this.#meters.agent?.read() ?? 0 };
  }

  async #connect(start: Start, signal: AbortSignal): Promise<void> {
    this.#audio ??= new AudioContext();
    void this.#audio.resume();
    this.step.value = "Opening the microphone";
    const microphone = await openMicrophone(this.deviceId.peek());
    if (signal.aborted) return microphone.close();
    this.#takeMicrophone(microphone, this.#audio);
    void this.#audio.resume(); // Without a click, sound is allowed once the page listens.
    if (start.kind === "seat") return this.#join(start.seat, microphone, signal);
    const resumed = rememberedCall(start.wish);
    if (resumed !== undefined && (await this.#resume(start.wish, resumed, microphone, signal))) return;
    await this.#join(await this.#startAgent(start.wish, signal), microphone, signal);
  }

  /** Goes back to the call that the reload broke off; false where its agent has gone. */
  async #resume(wish: CallWish, call: StartedCall, microphone: Microphone, signal: AbortSignal): Promise<boolean> {
    forgetCall();
    try {
      await this.#join(call, microphone, signal);
    } catch (error) {
      if (error instanceof ParleyError && error.code === "server-gone") throw error;
      return false;
    }
    const channel = this.#channel;
    if (channel?.users.some((user) => user.agent) !== true) {
      this.#channel = null;
      await channel?.close();
      return false;
    }
    this.#started = call;
    rememberCall(wish, call);
    return true;
  }

  async #startAgent(wish: CallWish, signal: AbortSignal): Promise<StartedCall> {
    await this.#untilReady(signal);
    this.step.value = "Calling the agent";
    const started = await startCall(wish, signal);
    if (signal.aborted) await endCall(started.agentId);
    this.#started = started;
    rememberCall(wish, started);
    return started;
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + readyTimeoutMs;
    for (;;) {
      const readiness = await readReadiness();
      signal.throwIfAborted();
      if (readiness === undefined) throw new ParleyError("server-gone", `The engine at ${location.host} does not answer.`);
      if (readiness.ready) return;
      if (performance.now() > deadline)
        throw new ParleyError("not-ready", `The engine is still waiting for ${readiness.waiting.join(", ")}.`);
      this.step.value = `Waiting for ${readiness.waiting.join(", ")}`;
      await new Promise((resolve) => setTimeout(resolve, readyPollMs));
    }
  }

  #takeMicrophone(microphone: Microphone, audio: AudioContext): void {
    this.#microphone = microphone;
    const note = (): void => {
      this.#meters.user?.close();
      this.#meters.user = new Meter(audio, microphone.stream);
      this.granted.value = microphone.granted;
      this.deviceId.value = microphone.deviceId;
    };
    note();
    microphone.on("track", note);
    microphone.on("lost", (error) => void this.#end(error));
    void this.#listDevices();
  }

  async #join(seat: Seat, microphone: Microphone, signal: AbortSignal): Promise<void> {
    this.step.value = "Joining the channel";
    const channel = await joinChannel({ ...seat, microphone, signal, audioElement: (uid) => this.#audioElement(uid) }, (joining) =>
      this.#listen(joining),
    );
    if (signal.aborted) return void channel.close();
    this.step.value = "Connecting the audio";
  }

  #listen(channel: Channel): void {
    this.#channel = channel;
    const count = (): void => void (this.people.value = channel.users.length);
    channel.on("user-joined", count);
    channel.on("user-left", ({ uid }) => {
      count();
      const agent = this.#agents.delete(uid);
      if (uid === this.#started?.agentUid) void this.#agentLeft();
      else if (agent) this.#botLeft();
    });
    channel.on("state", (state) => this.#noteState(state));
    channel.on("audio", (playback) => this.#hear(channel, playback));
    channel.on("audio-ended", ({ uid }) => this.#unhear(uid));
    channel.on("audio-blocked", () => (this.audioBlocked.value = true));
    channel.on("error", (error) => (this.problem.value = error));
    channel.on("closed", ({ error }) => {
      if (error !== null && this.#channel === channel) void this.#end(error);
    });
    channel.on("message", ({ uid, message }) => {
      this.#takeForAgent(uid);
      this.#model.handle(message, uid, performance.now());
      batch(() => {
        this.captions.value = this.#model.list;
        switch (message.object) {
          case "user.transcription":
          case "assistant.transcription":
            break;
          case "message.metrics":
            if (message.metric_name === "e2e") this.latencyMs.value = message.latency_ms;
            break;
          case "message.state":
            this.activity.value = message.state === "thinking" || message.state === "speaking" ? message.state : "listening";
            break;
          case "message.interrupt":
            this.interruptedAt.value = performance.now();
            break;
          case "turn.finished":
            this.latencyMs.value = message.payload.metrics.e2e_latency_ms ?? this.latencyMs.value;
            break;
          case "message.error":
            this.notice.value = `${message.module}: ${message.message}`;
            break;
          case "message.info":
          case "message.sal_status":
          case "user.manual_sos.result":
          case "user.manual_eos.result":
          case "assistant.manual_eos.result":
            break;
        }
      });
    });
  }

  #noteState(state: ChannelState): void {
    batch(() => {
      this.reconnecting.value = state === "reconnecting";
      if (state !== "connected" || this.phase.value !== "connecting") return;
      this.phase.value = "live";
      this.startedAt.value = Date.now();
    });
  }

  #hear(channel: Channel, playback: Playback): void {
    const { uid } = playback;
    this.#voices.set(uid, playback);
    if (this.#agents.has(uid) || channel.users.some((user) => user.agent && user.uid === uid)) this.#takeForAgent(uid);
  }

  /** Its voice is the one that the line shows. */
  #takeForAgent(uid: string): void {
    this.#agents.add(uid);
    const voice = this.#voices.get(uid);
    if (voice === undefined || voice.element.dataset["testid"] === "agent-audio" || this.#audio === null) return;
    voice.element.dataset["testid"] = "agent-audio";
    this.#meters.agent?.close();
    this.#meters.agent = new Meter(this.#audio, voice.stream);
  }

  #audioElement(uid: string): HTMLAudioElement {
    const element = document.createElement("audio");
    element.autoplay = true;
    this.#elements.set(uid, element);
    document.body.append(element);
    return element;
  }

  #unhear(uid: string): void {
    const element = this.#elements.get(uid);
    if (element?.dataset["testid"] === "agent-audio") {
      this.#meters.agent?.close();
      this.#meters.agent = null;
    }
    element?.remove();
    this.#elements.delete(uid);
    this.#voices.delete(uid);
  }

  async #agentLeft(): Promise<void> {
    this.#started = null;
    forgetCall();
    await this.#end(null);
    this.notice.value = "The agent has ended the call.";
  }

  /** An agent that this page did not call: the channel, and whoever else is in it, stay. */
  #botLeft(): void {
    batch(() => {
      this.activity.value = "listening";
      this.notice.value = "The agent has left the channel.";
    });
  }

  /** Closes everything, in reverse; a second call finds nothing left to close. */
  async #end(problem: ParleyError | null): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    const [channel, microphone, started] = [this.#channel, this.#microphone, this.#started];
    this.#channel = this.#microphone = this.#started = null;
    this.#agents.clear();
    this.#tick();
    batch(() => {
      this.phase.value = problem === null ? "idle" : "error";
      this.problem.value = problem;
      this.startedAt.value = this.granted.value = null;
      this.reconnecting.value = this.audioBlocked.value = false;
      this.people.value = 0;
    });
    running.abort();
    this.#meters.user?.close();
    this.#meters.user = null;
    microphone?.close();
    await channel?.close();
    // After a take-over the call goes on in the other window.
    if (started !== null && problem?.code !== "taken-over") {
      forgetCall();
      await endCall(started.agentId);
    }
    this.ended.value += 1;
  }

  #tick(): void {
    if (this.#model.tick(performance.now())) this.captions.value = this.#model.list;
  }

  async #listDevices(): Promise<void> {
    this.devices.value = (await listMicrophones()).filter((device) => device.label !== "");
  }
}

function toProblem(error: unknown): ParleyError {
  if (error instanceof ParleyError) return error;
  return new ParleyError("unexpected", error instanceof Error ? error.message : String(error), {
    remedy: "Reload the page and try again.",
  });
}
