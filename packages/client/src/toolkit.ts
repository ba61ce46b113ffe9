/** What Agora's `agora-agent-client-toolkit` wants of an RTC and an RTM client, out of a Parley channel: it then runs unmodified. */
import { isRecord } from "./shape.ts";
import { Reassembly } from "./reassembly.ts";

/** What the adapter needs of a channel: this package's `Channel` has it, and `Caller` of `@parley/caller` can give it. */
export interface ToolkitChannel {
  /** This side's uid. */
  readonly uid: string;
  tell(to: string, customType: string, body: unknown): void;
  on(type: "data-packet", handler: (packet: { readonly uid: string; readonly data: Uint8Array }) => void): unknown;
  on(type: "voice-time", handler: (time: { readonly uid: string; readonly ms: number }) => void): unknown;
}

/** What the values are, the event's name says. */
type Listener = (...values: never[]) => void;

export interface ToolkitEngines {
  readonly rtcEngine: { on(event: string, listener: Listener): void; off(event: string, listener: Listener): void };
  readonly rtmEngine: {
    addEventListener(event: string, listener: Listener): void;
    removeEventListener(event: string, listener: Listener): void;
    publish(target: string, message: string | Uint8Array, options?: { channelType?: string; customType?: string }): Promise<unknown>;
  };
}

/** Pass the result to `AgoraVoiceAI.init`. Emits `stream-message`, `audio-pts`, and RTM's `presence` and `message`. */
export function toolkitEngines(channel: ToolkitChannel): ToolkitEngines {
  const rtc = new Listeners();
  const rtm = new Listeners();
  const readers = new Map<string, Reassembly>();

  channel.on("voice-time", ({ ms }) => rtc.emit("audio-pts", Math.max(0, Math.round(ms))));
  channel.on("data-packet", ({ uid, data }) => {
    rtc.emit("stream-message", uid, data);
    const reader = readers.get(uid) ?? new Reassembly();
    readers.set(uid, reader);
    const message = reader.push(String.fromCharCode(...data), performance.now());
    if (!isRecord(message)) return;
    if (message["object"] === "message.state") rtm.emit("presence", presenceOf(uid, message));
    // The toolkit reads the results of manual turns from RTM alone.
    else if (isManualResult(message["event_type"] ?? message["object"]))
      rtm.emit("message", { publisher: uid, messageType: "STRING", message: JSON.stringify(message), timestamp: Date.now() });
  });

  return {
    rtcEngine: { on: (event, listener) => rtc.add(event, listener), off: (event, listener) => rtc.remove(event, listener) },
    rtmEngine: {
      addEventListener: (event, listener) => rtm.add(event, listener),
      removeEventListener: (event, listener) => rtm.remove(event, listener),
      async publish(target, message, options) {
        const text = typeof message === "string" ? message : new TextDecoder().decode(message);
        channel.tell(target, options?.customType ?? "", JSON.parse(text));
        return { timestamp: Date.now(), channelName: target };
      },
    },
  };
}

/** RTM's presence event for a state of the agent: all of its values are text. */
function presenceOf(publisher: string, message: Record<string, unknown>): unknown {
  const { state, turn_id: turnId, send_ts: timestamp, listening, thinking, speaking } = message;
  return {
    publisher,
    eventType: "REMOTE_STATE_CHANGED",
    timestamp,
    stateChanged: {
      state,
      turn_id: String(turnId),
      listening: String(listening),
      thinking: String(thinking),
      speaking: String(speaking),
    },
  };
}

function isManualResult(name: unknown): boolean {
  return typeof name === "string" && /^(user|assistant)\.manual_(sos|eos)\.result$/.test(name);
}

class Listeners {
  readonly #all = new Map<string, Set<Listener>>();

  add(event: string, listener: Listener): void {
    const listeners = this.#all.get(event) ?? new Set();
    this.#all.set(event, listeners);
    listeners.add(listener);
  }

  remove(event: string, listener: Listener): void {
    this.#all.get(event)?.delete(listener);
  }

  emit(event: string, ...values: unknown[]): void {
    for (const listener of this.#all.get(event) ?? []) Reflect.apply(listener, undefined, values);
  }
}
