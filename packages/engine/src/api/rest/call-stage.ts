/** A whole call in a test: the door, an agent in a channel, real vendors against their simulators; time is real. */
import { createResampler, openOpusDecoder } from "@parley/media";
import { type ChatAnswer, type ChatMessage, simulatedVendors, startChatSimulator } from "@parley/simulators";
import { expect, onTestFinished } from "vitest";
import type { SessionEvent } from "../../core/events.ts";
import { Channels, type Member } from "../../rtc/channel.ts";
import { Source } from "../../rtc/source.ts";
import type { Session } from "../../session/session.ts";
import { Sessions } from "../../session/sessions.ts";
import { openChannelTransport } from "../../transports/channel.ts";
import { openVendors } from "../../vendors/index.ts";
import { Network } from "../../vendors/network.ts";
import { joinBody, openDoor } from "./door-stage.ts";

export interface CallOptions {
  readonly script: readonly ChatAnswer[] | ((messages: readonly ChatMessage[]) => ChatAnswer);
  /** Beside the address. */
  readonly llm?: Record<string, unknown>;
  /** Further properties of `join`. */
  readonly properties?: Record<string, unknown>;
  /** Somebody is in the channel, with their loudspeaker on. */
  readonly listened?: boolean;
}

/** Someone in the channel without a connection, who says nothing. */
function someone(uid: string): Member {
  const silent = { agent: false, publishing: false, muted: false, ready: true, rttMs: 0 };
  return { ...silent, uid, source: new Source(uid), hears: () => true, take() {}, remove() {} };
}

/** An agent in a channel, with a simulated voice and a language model by script; people's words come by `think`. */
export async function openCall({ script, llm = {}, properties = {}, listened = false }: CallOptions) {
  const chat = await startChatSimulator({ script });
  const network = new Network({ allowLoopback: true, proxies: {} });
  const simulated = simulatedVendors({ delayMs: 0 }).vendors.map((vendor) => ({ ...vendor, name: "local" }));
  const conversations = new Sessions({
    vendors: openVendors({ network, vendors: simulated }),
    openVad: () => ({ process: async () => 0, close() {} }),
    resample: createResampler,
    readMessage: () => ({ type: "invalid", message: "nobody writes here" }),
  });
  const events: SessionEvent[] = [];
  const waiting = new Set<() => void>();
  let session: Session | undefined;
  const channels = new Channels();
  const packets: Uint8Array[] = [];
  const door = openDoor({
    conversations: {
      start: async (request) => {
        session = await conversations.start({
          ...request,
          onStart(started) {
            started.listen((event) => {
              events.push(event);
              for (const look of waiting) look();
            });
            request.onStart(started);
          },
        });
        return session;
      },
    },
    openChannel: (place) => async (clock, signal) => {
      const channel = channels.open(place.appId, place.channel);
      if (listened) channel.join(someone("1002"));
      const transport = await openChannelTransport({ channels, ...place })(clock, signal);
      for (const { agent, source } of channel.members) if (agent) source.listen(({ payload }) => packets.push(payload));
      return transport;
    },
  });
  onTestFinished(async () => {
    await conversations[Symbol.asyncDispose]();
    await door.agents[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
    await chat.close();
  });
  const join = async (change: Record<string, unknown>) =>
    await door.call(
      "POST",
      "join",
      joinBody("agent", { llm: { url: chat.url, ...change }, advanced_features: { enable_tools: true }, ...properties }),
    );
  const { status, body } = await join(llm);
  expect(status).toBe(200);
  const agent = `agents/${String(body?.["agent_id"])}`;
  const next = async <Type extends SessionEvent["type"]>(type: Type, count = 1): Promise<Extract<SessionEvent, { type: Type }>> => {
    const of = (event: SessionEvent): event is Extract<SessionEvent, { type: Type }> => event.type === type;
    for (;;) {
      const found = events.filter(of)[count - 1];
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    }
  };
  const say = async (text: string) => await door.call("POST", `${agent}/think`, { text, on_speaking_action: "interrupt" });
  const history = async () => (await door.call("GET", `${agent}/history`)).body?.["contents"];
  /** What has left the agent so far, out of its packets, at 24 kHz. */
  const voice = async (): Promise<Int16Array> => {
    using decoder = await openOpusDecoder(24_000);
    return Int16Array.from(packets.flatMap((packet) => [...decoder.decode(packet)]));
  };
  return { call: door.call, join, agent, chat, events, next, say, history, voice };
}
