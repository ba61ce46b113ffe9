import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { VoiceAgentSimulator, type VoiceAgentSimulatorOptions } from "./voice-agent.ts";

type Event = Readonly<Record<string, unknown>> & { readonly type: string };

/** A client that keeps what it is told. */
async function connect(simulator: VoiceAgentSimulator, key = "k") {
  const socket = new WebSocket(simulator.url, { headers: { authorization: `Bearer ${key}` } });
  const events: Event[] = [];
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  socket.on("message", (data: Buffer) => {
    events.push(JSON.parse(data.toString("utf8")) as Event);
    change();
  });
  const closed = once(socket, "close") as Promise<[number, Buffer]>;
  await once(socket, "open");
  return {
    socket,
    events,
    closed,
    types: () => events.map(({ type }) => type),
    send: (message: object) => socket.send(JSON.stringify(message)),
    until: async (isTrue: () => boolean) => {
      while (!isTrue()) await changed.promise;
    },
  };
}

async function started(options: VoiceAgentSimulatorOptions = {}) {
  const simulator = await VoiceAgentSimulator.start(options);
  const client = await connect(simulator);
  client.send({ type: "session.update", session: {} });
  await client.until(() => client.types().includes("session.ready"));
  return { simulator, client };
}

/** Speech, then silence, as fast as they go. */
function say({ send }: { send: (message: object) => void }, speechMs = 300, silenceMs = 600): void {
  for (const [ms, level] of [
    [speechMs, 9000],
    [silenceMs, 0],
  ] as const) {
    for (let at = 0; at < ms; at += 50)
      send({ type: "input.audio", audio: Buffer.from(new Int16Array(1200).fill(level).buffer).toString("base64") });
  }
}

test("a key that is not its own is refused after the upgrade, with close 1008", async () => {
  await using simulator = await VoiceAgentSimulator.start({ apiKey: "right" });
  const client = await connect(simulator, "wrong");
  expect((await client.closed)[0]).toBe(1008);
  expect(client.events).toMatchObject([{ type: "session.error", code: "UNAUTHORIZED" }]);
});

test("a turn has its events in the documented order, whole replies included", async () => {
  const { simulator, client } = await started({ pace: "burst", transcripts: ["hello"], replies: ["Good day."] });
  await using _ = simulator;
  say(client);
  await client.until(() => client.types().includes("reply.done"));
  const order = client.types().filter((type, index, all) => type !== all[index - 1]);
  expect(order.slice(2, 7)).toEqual([
    "input.speech.started",
    "transcript.user.delta",
    "input.speech.stopped",
    "transcript.user",
    "reply.started",
  ]);
  expect(order.slice(-2)).toEqual(["transcript.agent", "reply.done"]);
  expect(client.types().filter((type) => type === "reply.audio")).toHaveLength(24);
  expect(client.events.at(-1)).toMatchObject({ status: "completed" });
  expect(simulator.heard).toHaveLength(900 * 24);
});

test("speech over a reply interrupts it: what was heard, then done, and no audio after it", async () => {
  const { simulator, client } = await started({ replies: ["one two three four five six seven eight"] });
  await using _ = simulator;
  client.send({ type: "reply.create" });
  await client.until(() => client.types().includes("reply.audio"));
  say(client, 300, 0);
  await client.until(() => client.types().includes("reply.done"));
  const from = client.types().indexOf("input.speech.started");
  expect(client.types().slice(from)).toEqual(
    ["input.speech.started", "transcript.agent", "reply.done", "transcript.user.delta"].slice(0, client.types().length - from),
  );
  expect(client.events[from + 1]).toMatchObject({ interrupted: true });
  expect(client.events[from + 2]).toMatchObject({ status: "interrupted" });
});

test("a session outlives its socket, and ends with session.end", async () => {
  const { simulator, client } = await started();
  await using _ = simulator;
  const { session_id: id } = client.events.find(({ type }) => type === "session.ready")!;
  simulator.drop();
  expect((await client.closed)[0]).toBe(1006);
  const again = await connect(simulator);
  again.send({ type: "session.resume", session_id: id });
  await again.until(() => again.events.length > 0);
  expect(again.events[0]).toMatchObject({ type: "session.ready", session_id: id });
  again.send({ type: "session.end" });
  expect((await again.closed)[0]).toBe(1000);
  const late = await connect(simulator);
  late.send({ type: "session.resume", session_id: id });
  await late.until(() => late.events.length > 0);
  expect(late.events[0]).toMatchObject({ code: "session_not_found" });
});

test("a tool's result leads to the next reply, once all are there; others are refused", async () => {
  const calls = [
    { name: "a", arguments: {} },
    { name: "b", arguments: { x: 1 } },
  ];
  const { simulator, client } = await started({ pace: "burst", replies: [{ text: "", calls }, "Done."] });
  await using _ = simulator;
  client.send({ type: "reply.create" });
  await client.until(() => client.types().includes("reply.done"));
  const ids = client.events.filter(({ type }) => type === "tool.call").map((event) => event["call_id"]);
  client.send({ type: "tool.result", call_id: "none", result: "1" });
  client.send({ type: "tool.result", call_id: ids[0], result: "1" });
  client.send({ type: "tool.result", call_id: ids[1], result: "2" });
  await client.until(() => client.types().filter((type) => type === "reply.done").length === 2);
  expect(client.events.filter(({ type }) => type === "session.error")).toMatchObject([{ param: "call_id" }]);
  expect(client.events.find(({ type, text }) => type === "transcript.agent" && text === "Done.")).toBeDefined();
});

test("what is no message is an error, and the socket stays", async () => {
  const { simulator, client } = await started();
  await using _ = simulator;
  client.socket.send("not json");
  client.send({ type: "dance" });
  await client.until(() => client.types().filter((type) => type === "session.error").length === 2);
  expect(client.socket.readyState).toBe(WebSocket.OPEN);
});
