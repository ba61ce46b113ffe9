/** A client of the Voice Agent socket for benchmarks: a microphone in real time, and what came when. */
import { readFile } from "node:fs/promises";
import { readWav } from "@parley/media";
import { z } from "zod";

export const micRate = 16_000;
const frameMs = 20;
const waitMs = 60_000;

const Event = z.looseObject({ type: z.string() });
export type Came = z.output<typeof Event> & { readonly at: number };

/** A recording from its first to its last voice, of 16 kHz. */
export async function speechOf(name: string): Promise<Int16Array> {
  const path = new URL(`../../recordings/${name}`, import.meta.url).pathname;
  const About = z.object({ speech: z.array(z.object({ startMs: z.number(), endMs: z.number() })) });
  const { speech } = About.parse(JSON.parse(await readFile(`${path}.json`, "utf8")));
  const [from, to] = [speech[0]?.startMs ?? 0, speech.at(-1)?.endMs ?? 0];
  return readWav(await readFile(`${path}.wav`)).pcm.subarray((from * micRate) / 1000, (to * micRate) / 1000);
}

export class VoiceAgentCaller implements Disposable {
  readonly events: Came[] = [];
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #socket: WebSocket | undefined;
  #speech: Int16Array | undefined;
  #said: PromiseWithResolvers<number> | undefined;
  #sentMs = 0;
  #wake: () => void = () => {};

  /** With the credential in the query. */
  constructor(url: string) {
    this.#url = url;
    this.#timer = setInterval(() => this.#talk(), frameMs);
  }

  connect(first: object): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => socket.send(JSON.stringify(first)));
    socket.addEventListener("message", ({ data }) => {
      this.events.push({ ...Event.parse(JSON.parse(String(data))), at: performance.now() });
      this.#wake();
    });
  }

  /** Closes the socket without a word about the session; what is on its way still comes. */
  async drop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    const closed = Promise.withResolvers<void>();
    socket.addEventListener("close", () => closed.resolve());
    socket.close();
    await closed.promise;
  }

  /** Speaks; resolves when its last sample is sent, with that time. */
  async say(pcm: Int16Array): Promise<number> {
    this.#speech = pcm;
    this.#said = Promise.withResolvers();
    return await this.#said.promise;
  }

  /** The first event from `from` on that is looked for. */
  async next(from: number, matches: (event: Came) => boolean): Promise<Came> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const found = this.events.slice(from).find(matches);
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`it did not come after ${this.events.at(-1)?.type}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, waitMs);
      await promise;
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#socket?.close();
  }

  #talk(): void {
    while (this.#sentMs < performance.now() - this.#startedAt) {
      this.#sentMs += frameMs;
      const frame = new Int16Array((micRate * frameMs) / 1000);
      if (this.#speech !== undefined) {
        frame.set(this.#speech.subarray(0, frame.length));
        this.#speech = this.#speech.length > frame.length ? this.#speech.subarray(frame.length) : undefined;
      }
      if (this.#socket?.readyState === WebSocket.OPEN) {
        this.#socket.send(JSON.stringify({ type: "input.audio", audio: Buffer.from(frame.buffer).toString("base64") }));
      }
      if (this.#speech === undefined) {
        this.#said?.resolve(performance.now());
        this.#said = undefined;
      }
    }
  }
}
