/**
 * One person behind a WebSocket: their audio comes as base64 chunks at whatever pace, the agent's voice goes out a little
 * early. The socket itself belongs to the door, which drives this transport: it may break and come back.
 */
import { encodeG711 } from "@parley/media";
import { FRAME_MS, type Frame, type VoiceFrame } from "../core/frame.ts";
import type { Clock } from "../session/clock.ts";
import { Stream } from "../session/stream.ts";
import { AudioInput, type AudioFormat, type AudioProblem } from "./audio-input.ts";
import { Cushion } from "./websocket-cushion.ts";
import { Deliveries } from "./websocket-deliveries.ts";
import type { OpenTransport, Played, Transport, TransportCaps, TransportEvent } from "./transport.ts";

export interface WebSocketTransportOptions {
  /** What the session calls the person. */
  readonly uid: string;
  readonly input: AudioFormat;
  readonly output: AudioFormat;
  /** 0 to 100, in percent of the amplitude; null: the voice's own level, as 100 is. */
  readonly volume: number | null;
  /**
   * 20 ms of the agent's voice in the output format, for the client at once; `at` is session time. Called only while
   * attached. The door answers with {@link WebSocketTransport.delivered} when its socket has taken the bytes.
   */
  readonly onAudio: (base64: string, at: number) => void;
  /** Hands the transport to the door before the session begins. */
  readonly onOpened: (transport: WebSocketTransport) => void;
}

/** How early a frame of the voice may be sent, in milliseconds: what a client's buffer holds against a network that stalls. */
const leadMs = 300;
/** Frames that the session may be behind: two seconds. */
const maxFrames = 100;
const maxEvents = 100;
/** Audio of the client's that may wait for its time, in milliseconds: the burst that is let through, and some more. */
const maxWaitingMs = 12_000;
/** Between arrival and loudspeaker of a client that plays at once, in milliseconds, and how wrong the estimate may be. */
const clientMs = 20;
const errorMs = 100;

/** Opens with someone at the other end: the session hears of them at once. */
export function openWebSocketTransport(options: WebSocketTransportOptions): OpenTransport {
  return (clock, signal) => {
    signal.throwIfAborted();
    const transport = new WebSocketTransport(options, clock);
    signal.addEventListener("abort", () => void transport[Symbol.asyncDispose](), { once: true, signal: transport.gone.signal });
    options.onOpened(transport);
    return Promise.resolve(transport);
  };
}

export class WebSocketTransport implements Transport {
  /** Aborted when it has closed: nobody holds on to it any more. */
  readonly gone = new AbortController();
  readonly caps: TransportCaps;
  readonly frames = new Stream<Frame>(maxFrames);
  readonly events = new Stream<TransportEvent>(maxEvents);
  readonly #uid: string;
  readonly #output: AudioFormat;
  readonly #onAudio: (base64: string, at: number) => void;
  readonly #clock: Clock;
  readonly #input: AudioInput;
  readonly #cushion = new Cushion();
  readonly #deliveries = new Deliveries();
  readonly #stopTime: () => void;
  #gain: number;
  #nextGain: number;
  /** Session time of the next frame's first sample; undefined before the first. */
  #nextAt: number | undefined;
  /** Session time of the end of the last frame that the client has, or will have. */
  #sentUntil = 0;
  #attached = true;
  #closed = false;

  constructor({ uid, input, output, volume, onAudio }: Omit<WebSocketTransportOptions, "onOpened">, clock: Clock) {
    this.caps = { sampleRate: output.sampleRate, leadMs, perUserAudio: true, playoutReports: false, messages: false };
    this.#uid = uid;
    this.#output = output;
    this.#onAudio = onAudio;
    this.#clock = clock;
    this.#input = new AudioInput(input);
    this.#gain = gainOf(volume);
    this.#nextGain = this.#gain;
    const at = clock.now();
    this.events.push({ type: "user-joined", at, uid });
    this.events.push({ type: "user-ready", at, uid });
    this.#stopTime = clock.everyFrame((due) => this.#passTime(due));
  }

  // What the client sends

  /** One chunk of the client's. Nothing is taken while detached. */
  hear(base64: string): readonly AudioProblem[] {
    if (this.#closed || !this.#attached) return [];
    const at = this.#clock.now();
    const { pcm, problems } = this.#input.take(base64, at, maxWaitingMs - this.#cushion.waitingMs);
    this.#cushion.push(pcm, at);
    return problems;
  }

  /** The next chunk comes in this format. */
  changeInput(format: AudioFormat): void {
    if (!this.#closed) this.#cushion.push(this.#input.change(format), this.#clock.now());
  }

  /** As in the options; from the next frame on, without a step. */
  changeVolume(volume: number | null): void {
    this.#nextGain = gainOf(volume);
  }

  /** Audio that was taken of the client until now, in milliseconds. */
  get heardMs(): number {
    return this.#input.takenMs;
  }

  // What becomes of the socket

  /** The socket has taken the frame of `at` and all before it. */
  delivered(at: number): void {
    this.#deliveries.written(at);
  }

  /** A ping goes out now; its pong is to be told by the number that this returns. */
  pinged(): number {
    return this.#deliveries.ping(this.#clock.now());
  }

  ponged(ping: number): void {
    this.#deliveries.pong(ping, this.#clock.now());
  }

  /** Session time up to which the client has the agent's voice, as far as is known. */
  get deliveredUntil(): number {
    return this.#deliveries.until(this.#clock.now());
  }

  /** The socket is lost, its client may come back: silence from now on, and nothing is taken of the reply. Twice is harmless. */
  detach(): void {
    if (this.#closed || !this.#attached) return;
    const at = this.#clock.now();
    this.#attached = false;
    this.#cushion.push(this.#input.rest(), at);
    this.#sentUntil = Math.min(this.#sentUntil, this.#deliveries.lose(at));
    this.events.push({ type: "detached", at });
  }

  /** The client is back on a new socket: the reply goes on where the old one ended. */
  attach(): void {
    if (this.#closed || this.#attached) return;
    const at = this.#clock.now();
    this.#attached = true;
    this.events.push({ type: "attached", at, until: this.#deliveries.until(at) });
  }

  /** The client is gone for good. */
  close(reason: string): void {
    if (!this.#closed) this.events.push({ type: "closed", at: this.#clock.now(), reason });
  }

  // What the session asks for

  write({ at, pcm }: VoiceFrame): void {
    if (this.#closed || !this.#attached) return;
    this.#deliveries.handed(at);
    this.#sentUntil = at + FRAME_MS;
    this.#onAudio(this.#encode(this.#amplify(pcm)), at);
  }

  /** The client drops what it has not played when it is told of the interruption: nothing can be called back from here. */
  flush(): Promise<Played> {
    const played = this.played();
    this.#sentUntil = Math.min(this.#sentUntil, this.#clock.now());
    this.#deliveries.flush(this.#clock.now());
    return Promise.resolve(played);
  }

  /** By the wall clock, since a client plays what arrives; half a round trip later, and never more than was sent. */
  played(): Played {
    const now = this.#clock.now() - this.#deliveries.rttMs / 2 - clientMs;
    return { until: Math.min(now, this.#sentUntil), source: "estimate", errorMs };
  }

  /** Clients of a WebSocket are told by the door. */
  send(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.gone.abort();
    this.#stopTime();
    this.#input[Symbol.dispose]();
    this.frames.end();
    this.events.end();
  }

  /** Every frame that has become due, one each 20 ms: also those of a stall of this process. */
  #passTime(due: number): void {
    let at = this.#nextAt ?? due;
    for (; at + FRAME_MS <= due; at += FRAME_MS) {
      if (this.#cushion.runsDry) this.#cushion.push(this.#input.rest(), at);
      this.frames.push({ at, uid: this.#uid, ...this.#cushion.take(at + FRAME_MS) });
    }
    this.#nextAt = at;
  }

  #amplify(pcm: Int16Array): Int16Array {
    const [from, to] = [this.#gain, this.#nextGain];
    this.#gain = to;
    if (from === 1 && to === 1) return pcm;
    return pcm.map((sample, index) => Math.round(sample * (from + ((to - from) * index) / pcm.length)));
  }

  #encode(pcm: Int16Array): string {
    const { encoding } = this.#output;
    if (encoding !== "audio/pcm") return Buffer.from(encodeG711(pcm, encoding === "audio/pcmu" ? "µ-law" : "A-law")).toString("base64");
    const bytes = Buffer.allocUnsafe(pcm.length * 2);
    for (let index = 0; index < pcm.length; index += 1) bytes.writeInt16LE(pcm[index] ?? 0, index * 2);
    return bytes.toString("base64");
  }
}

function gainOf(volume: number | null): number {
  return volume === null ? 1 : Math.min(100, Math.max(0, volume)) / 100;
}
