import { expect, test } from "vitest";
import { orderFaults } from "./ordering.ts";
import { type StageClient, VoiceStage } from "./voice-stage.ts";

/**
 * How many frames are thrown at the door. The whole number of the contract:
 *
 *     PARLEY_FUZZ_FRAMES=100000 npx vitest run packages/engine/src/api/voice-agent/fuzz.test.ts
 */
const frames = Number(process.env["PARLEY_FUZZ_FRAMES"] ?? 10_000);
const framesOfASocket = 400;
/** Printed by a test that fails: the same seed throws the same frames. */
const seed = Number(process.env["PARLEY_FUZZ_SEED"] ?? 20_261_121);

/** Mulberry32: small, and the same everywhere. */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Thrower {
  readonly #random: () => number;
  /** Ids of sessions that were started, for resuming them. */
  readonly sessions: string[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** A frame that is right by itself, at whatever time it comes. */
  message(client: StageClient): object {
    const call = client.only("tool.call").at(-1)?.call_id ?? "call_x";
    return this.pick<() => object>([
      () => ({ type: "session.update", session: this.pick([{}, { system_prompt: "A" }, { tools: [{ name: "f" }] }, { greeting: "Hi" }]) }),
      () => ({ type: "session.update", session: { [this.pick(["input", "output", "tools", "agent_id"])]: this.junk(2) } }),
      () => ({ type: "session.resume", session_id: this.pick([...this.sessions.slice(-3), "sess_none"]) }),
      () => ({ type: "input.audio", audio: Buffer.alloc(this.below(200) * 20, this.below(256)).toString("base64") }),
      () => ({ type: "input.audio", audio: this.junk(0) }),
      () => ({ type: "tool.result", call_id: this.pick([call, "call_x"]), result: this.junk(2), is_error: this.below(2) === 0 }),
      () => ({ type: "reply.create", ...(this.below(2) === 0 ? {} : { instructions: "Say it." }) }),
      () => ({ type: "reply.cancel" }),
      () => ({ type: "conversation.message", role: this.pick(["user", "system", "assistant", "robot"]), content: this.junk(0) }),
      () => ({ type: this.below(20) === 0 ? "session.end" : "reply.create" }),
    ])();
  }

  junk(depth: number): unknown {
    const kinds: (() => unknown)[] = [
      () => null,
      () => this.below(1e6) - 5e5,
      () => this.below(2) === 0,
      () => String.fromCodePoint(...Array.from({ length: this.below(20) }, () => this.below(0xd7ff))),
    ];
    if (depth > 0) {
      kinds.push(() => Array.from({ length: this.below(4) }, () => this.junk(depth - 1)));
      kinds.push(() =>
        Object.fromEntries(Array.from({ length: this.below(4) }, () => [this.pick(["format", "name", "type", "x"]), this.junk(depth - 1)])),
      );
    }
    return this.pick(kinds)();
  }

  throwAt(client: StageClient): void {
    const kind = this.below(10);
    if (kind < 5) client.send(this.message(client));
    else if (kind < 7) {
      const text = JSON.stringify(this.message(client));
      client.sendText(text.slice(0, this.below(text.length)));
    } else if (kind < 8) client.sendText(JSON.stringify(this.junk(3)));
    else client.socket.emit("message", Buffer.from(Array.from({ length: this.below(64) }, () => this.below(256))), kind === 9);
  }
}

test(
  `${frames} frames, random, cut off or at the wrong time, leave no session stuck and nothing broken`,
  { timeout: 300_000 },
  async () => {
    const thrower = new Thrower(randomOf(seed));
    await using stage = new VoiceStage({
      agent: ["yes", [{ type: "tool-call", id: "", name: "f", arguments: {} }], "no", new Error("broken"), "well then"],
      rules: { graceSeconds: 5, maxSessionSeconds: 120 },
    });
    let thrown = 0;
    while (thrown < frames) {
      const client = stage.connect();
      for (let index = 0; index < framesOfASocket && thrown < frames; index += 1, thrown += 1) {
        thrower.throwAt(client);
        if (thrower.below(20) === 0) await stage.clock.moveTo(stage.clock.now() + thrower.below(400));
        if (client.sessionId !== undefined && thrower.sessions.at(-1) !== client.sessionId) thrower.sessions.push(client.sessionId);
        if (thrower.below(500) === 0) client.drop();
        if (client.socket.readyState !== client.socket.OPEN) break;
      }
      // What another socket was told before this one is not known here.
      const [first] = client.only("session.updated", "session.ready");
      if (first?.type === "session.updated") expect(orderFaults(client.told), `seed ${seed}`).toEqual([]);
      client.drop();
      stage.clients.splice(0);
    }
    // Everybody has gone: what is left ends by itself.
    await stage.clock.moveTo(stage.clock.now() + 6000);
    expect(stage.sessions.size).toBe(0);
    const opened = stage.records.filter(({ status }) => status === "created").map(({ id }) => id);
    const ended = stage.records.filter(({ status }) => status === "completed").map(({ id }) => id);
    expect(opened.length).toBeGreaterThan(0);
    expect(ended.toSorted()).toEqual([...new Set(opened)].toSorted());
    expect(stage.records.filter(({ closeReason }) => closeReason === "error")).toEqual([]);

    // And a new client has a conversation.
    const client = await stage.begin({ greeting: "Hello" });
    await stage.clock.moveTo(stage.clock.now() + 2000);
    expect(client.only("transcript.agent").map(({ text }) => text)).toEqual(["Hello"]);
  },
);
