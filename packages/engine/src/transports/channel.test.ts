import { openOpusDecoder, openOpusEncoder } from "@parley/media";
import { expect, test } from "vitest";
import { INPUT_RATE, type Frame, type VoiceFrame } from "../core/frame.ts";
import { Channels, type ChannelEvent, type Member } from "../rtc/channel.ts";
import { Source, type VoicePacket } from "../rtc/source.ts";
import { VirtualClock } from "../session/virtual-clock.ts";
import { openChannelTransport } from "./channel.ts";
import type { Transport, TransportEvent } from "./transport.ts";

const appId = "0123456789abcdef0123456789abcdef";
/** Packets are stamped on another scale than the session's. */
const stampOffset = 5_000_000;

/** Someone in the channel without a connection: what they are told is kept. */
class Someone implements Member {
  readonly uid: string;
  readonly agent: boolean;
  readonly source: Source;
  readonly publishing = true;
  readonly muted = false;
  ready = false;
  rttMs: number | null = 40;
  readonly told: ChannelEvent[] = [];

  constructor(uid: string, { agent = false, ready = false } = {}) {
    this.uid = uid;
    this.agent = agent;
    this.ready = ready;
    this.source = new Source(uid);
  }

  hears(): boolean {
    return true;
  }

  take(event: ChannelEvent): void {
    this.told.push(event);
  }

  remove(): void {}
}

async function stage({ remoteUids = ["*"], present = [] as Member[], uid = "77" } = {}) {
  const clock = new VirtualClock();
  const channels = new Channels();
  const channel = channels.open(appId, "lobby");
  for (const member of present) channel.join(member);
  const open = openChannelTransport({ channels, appId, channel: "lobby", uid, remoteUids, now: () => stampOffset + clock.now() });
  const transport: Transport = await open(clock, new AbortController().signal);
  const events: TransportEvent[] = [];
  const frames: Frame[] = [];
  void (async () => {
    for await (const event of transport.events) events.push(event);
  })();
  void (async () => {
    for await (const frame of transport.frames) frames.push(frame);
  })();
  const voice: VoicePacket[] = [];
  channel.find(uid)?.source.listen((packet) => voice.push(packet));
  return { clock, channel, transport, events, frames, voice };
}

const tone = (rate: number, samples: number) =>
  Int16Array.from({ length: samples }, (_, index) => 8000 * Math.sin((2 * Math.PI * 300 * index) / rate));
const frameAt = (at: number, pcm = tone(24_000, 480)): VoiceFrame => ({ at, pcm });
const types = (events: readonly { type: string; uid?: string }[]) => events.map(({ type, uid }) => `${type} ${uid}`);

/** Sends `count` packets of 20 ms from `ada`, one each 20 ms. */
async function talk(clock: VirtualClock, ada: Someone, count: number, lost: (index: number) => boolean = () => false) {
  using encoder = await openOpusEncoder(INPUT_RATE);
  const begin = clock.now();
  for (let index = 0; index < count; index++) {
    await clock.moveTo(begin + (index + 1) * 20);
    const payload = encoder.encode(tone(INPUT_RATE, 320));
    if (!lost(index)) {
      ada.source.take({ ssrc: 9, sequenceNumber: index }, { timestamp: index * 960, payload, level: undefined }, stampOffset + clock.now());
    }
  }
}

test("people who are there come first, who is ready is said, and other agents are not heard", async () => {
  const { clock, channel, events } = await stage({ present: [new Someone("1", { ready: true }), new Someone("8", { agent: true })] });
  await clock.moveTo(100);
  const late = new Someone("2");
  channel.join(late);
  await clock.moveTo(200);
  channel.tell(late, { type: "ready", member: late });
  channel.leave(late, "vanished");
  await clock.moveTo(300);
  expect(types(events)).toEqual(["user-joined 1", "user-ready 1", "user-joined 2", "user-ready 2", "user-left 2"]);
  expect(events.map(({ at }) => at)).toEqual([0, 0, 100, 200, 200]);
});

test("with a list of uids the others are neither heard nor listened to", async () => {
  const ada = new Someone("1");
  const bob = new Someone("2");
  const { clock, channel, events, frames } = await stage({ remoteUids: ["2"], present: [ada, bob] });
  const agent = channel.find("77");
  expect([agent?.hears(ada), agent?.hears(bob)]).toEqual([false, true]);
  await talk(clock, ada, 3);
  await talk(clock, bob, 3);
  expect(types(events)).toEqual(["user-joined 2"]);
  expect(new Set(frames.map(({ uid }) => uid))).toEqual(new Set(["2"]));
});

test("a person's frames are continuous in session time, and what was lost is made up and said to be", async () => {
  const ada = new Someone("1");
  const { clock, frames } = await stage({ present: [ada] });
  await clock.moveTo(1000);
  await talk(clock, ada, 50, (index) => index === 20);
  await clock.moveTo(3000);
  expect(frames[0]?.at).toBe(1000);
  expect(frames.every(({ at }, index) => at === 1000 + index * 20)).toBe(true);
  expect(frames.filter(({ concealed, at }) => concealed && at < 2000).map(({ at }) => at)).toEqual([1400]);
  expect(frames.at(-1)!.at).toBeGreaterThan(2700);
  expect(frames.filter(({ at }) => at >= 2200).every(({ concealed, pcm }) => concealed && pcm.every((sample) => sample === 0))).toBe(true);
});

test("the voice is encoded once for all, in time with its frames", async () => {
  const { voice, transport, clock } = await stage();
  for (let index = 0; index < 10; index++) {
    await clock.moveTo(index * 20);
    transport.write(frameAt(index * 20));
  }
  expect(voice.map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: 10 }, (_, index) => index * 960));
  expect(voice.every(({ level }) => level !== undefined && level.level < 20)).toBe(true);
});

test("what was heard is known to the millisecond when a client reports it, and estimated when none does", async () => {
  const ada = new Someone("1");
  const { clock, transport, channel } = await stage({ present: [ada] });
  for (let at = 0; at <= 1000; at += 20) {
    await clock.moveTo(at);
    transport.write(frameAt(at));
  }
  expect(transport.played()).toEqual({ until: 1000 - 20 - 60, source: "estimate", errorMs: 60 });
  // Sample 900 was heard 10 ms before she sent it, and the report took half of 40 ms.
  channel.find("77")?.take({ type: "played", member: ada, timestamp: 900 * 48, agoMs: 10 });
  expect(transport.played()).toMatchObject({ until: 930, source: "client" });
  await clock.moveTo(1010);
  expect(transport.played().until).toBe(940);
  await clock.moveTo(5000);
  expect(transport.played().until).toBe(1020 - 70);
});

test("of several clients the one that has heard most counts, and one that errs does not", async () => {
  const [ada, bob] = [new Someone("1"), new Someone("2")];
  const { clock, transport, channel } = await stage({ present: [ada, bob] });
  await clock.moveTo(60_000);
  transport.write(frameAt(60_000));
  const report = (member: Member, at: number) => channel.find("77")?.take({ type: "played", member, timestamp: at * 48, agoMs: 0 });
  report(ada, 100);
  report(bob, 70_000);
  expect(transport.played().source).toBe("estimate");
  report(ada, 59_800);
  report(bob, 59_900);
  expect(transport.played().until).toBe(59_920);
  channel.leave(bob, "left");
  expect(transport.played().until).toBe(59_820);
});

test("a flush tells the clients, waits for the first report, and fades the last sound within five milliseconds", async () => {
  const ada = new Someone("1");
  const { clock, transport, channel, voice } = await stage({ present: [ada] });
  using decoder = await openOpusDecoder(24_000);
  for (let at = 0; at < 400; at += 20) {
    await clock.moveTo(at);
    transport.write(frameAt(at));
  }
  const flushed = transport.flush();
  expect(ada.told.at(-1)).toMatchObject({ type: "flush", member: { uid: "77" } });
  channel.find("77")?.take({ type: "played", member: ada, timestamp: 300 * 48, agoMs: 0 });
  expect(await flushed).toMatchObject({ source: "client", until: 320 });
  for (let at = 400; at < 500; at += 20) {
    await clock.moveTo(at);
    transport.write(frameAt(at, new Int16Array(480)));
  }
  const pcm = voice.flatMap(({ payload }) => [...decoder.decode(payload)]);
  // Opus itself delays by 6.5 ms and rings on for some more.
  const tail = pcm.slice(400 * 24 + (5 + 7 + 10) * 24);
  expect(Math.max(...tail.map(Math.abs))).toBeLessThan(200);
  expect(Math.max(...pcm.slice(380 * 24, 400 * 24).map(Math.abs))).toBeGreaterThan(4000);
  expect(voice.length).toBe(25);
});

test("a flush that nobody answers takes 150 ms, and none where nobody is", async () => {
  const { clock, transport } = await stage({ present: [new Someone("1")] });
  await clock.moveTo(1000);
  transport.write(frameAt(1000));
  let done = false;
  void transport.flush().then(() => (done = true));
  await clock.moveTo(1149);
  expect(done).toBe(false);
  await clock.moveTo(1151);
  expect(done).toBe(true);
  const alone = await stage();
  let over = false;
  void alone.transport.flush().then(() => (over = true));
  await alone.clock.moveTo(1);
  expect(over).toBe(true);
});

test("a message reaches one or all", async () => {
  const [ada, bob] = [new Someone("1"), new Someone("2")];
  const { transport } = await stage({ present: [ada, bob] });
  transport.send("*", Buffer.from("a|1|1|e30="));
  transport.send("2", Buffer.from("b|1|1|e30="));
  const packets = (someone: Someone) => someone.told.flatMap((event) => (event.type === "packet" ? [event.packet] : []));
  expect([packets(ada), packets(bob)]).toEqual([["a|1|1|e30="], ["a|1|1|e30=", "b|1|1|e30="]]);
});

test("a uid that is taken is refused, 0 is given one, and an aborted session does not join", async () => {
  const channels = new Channels();
  const channel = channels.open(appId, "lobby");
  channel.join(new Someone("77"));
  const open = (uid: string, signal = new AbortController().signal) =>
    openChannelTransport({ channels, appId, channel: "lobby", uid, remoteUids: ["*"] })(new VirtualClock(), signal);
  await expect(open("77")).rejects.toMatchObject({ code: "uid-taken" });
  await expect(open("78", AbortSignal.abort())).rejects.toThrow();
  expect(channel.members.map(({ uid }) => uid)).toEqual(["77"]);
  await using _free = await open("0");
  expect(channel.members.length).toBe(2);
  expect(Number(channel.members[1]?.uid)).toBeGreaterThan(0);
});

test("closing leaves the channel, ends the loops, and a second time does nothing", async () => {
  const { transport, channel, events, frames } = await stage({ present: [new Someone("1")] });
  await transport[Symbol.asyncDispose]();
  await transport[Symbol.asyncDispose]();
  expect(channel.find("77")).toBeUndefined();
  transport.write(frameAt(0));
  for await (const _ of transport.frames) frames.push(_);
  expect(types(events)).toEqual(["user-joined 1"]);
});
