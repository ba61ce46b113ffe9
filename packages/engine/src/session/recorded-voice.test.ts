import { expect, test } from "vitest";
import { Stage, stageRate } from "./stage.ts";

const text = "Welcome to the town library.";
const pcm = Int16Array.from({ length: stageRate * 2 }, (_, index) => (index % 997) + 1);
const recording = { pcm, sampleRate: stageRate };
const heard = (stage: Stage): number[] => stage.transport.voicedPcm.flatMap((frame) => [...frame]);
const greeting = { text, interruptable: true };

test("a recorded greeting is played sample by sample, and people who come again hear it again", async () => {
  await using stage = new Stage({
    recording: Promise.resolve(recording),
    config: { greeting },
    voiceError: new Error("nobody needs a voice"),
  });
  await stage.clock.moveTo(3000);
  expect(heard(stage)).toEqual([...pcm]);
  expect(stage.only("reply-text").map((event) => event.text)).toEqual([text]);
  expect(stage.session.history).toMatchObject([{ role: "assistant", content: text, source: "greeting" }]);
  stage.leave("7");
  await stage.clock.moveTo(4000);
  stage.join("8");
  await stage.clock.moveTo(8000);
  expect(heard(stage)).toEqual([...pcm, ...pcm]);
  expect(stage.only("error")).toEqual([]);
});

test("who cuts it has heard the share of the text that was played", async () => {
  await using stage = new Stage({
    user: [{ at: 700, ms: 1500, text: "wait a moment please" }],
    recording: Promise.resolve(recording),
    config: { greeting },
  });
  await stage.clock.moveTo(1800);
  const [cut] = stage.only("reply-interrupted");
  // 23 letters in 2000 ms: the middle of "the" is at 913 ms, and the last frame is no more than a fade.
  expect(stage.transport.voiced.length * 20).toBe(900);
  expect(cut).toMatchObject({ heard: "Welcome to", text });
  expect(stage.session.history[0]).toMatchObject({ content: "Welcome to", original: text });
});

test("one that comes late is waited for; one that does not come is spoken", async () => {
  const coming = Promise.withResolvers<typeof recording>();
  await using stage = new Stage({ recording: coming.promise, config: { greeting } });
  await stage.clock.moveTo(1000);
  expect(stage.session.state).toBe("thinking");
  expect(stage.transport.voiced).toEqual([]);
  coming.resolve(recording);
  await stage.clock.moveTo(4000);
  expect(heard(stage)).toEqual([...pcm]);

  const failing = Promise.reject(new Error("not there"));
  await using other = new Stage({ recording: failing, config: { greeting } });
  await other.clock.moveTo(4000);
  expect(other.only("reply-end")).toMatchObject([{ text, playedMs: 1000 }]);
});

test("without a text it is heard, and neither shown nor remembered; where it does not come, nothing is", async () => {
  const silent = { text: "", interruptable: true };
  await using stage = new Stage({ recording: Promise.resolve(recording), config: { greeting: silent } });
  await stage.clock.moveTo(3000);
  expect(heard(stage)).toEqual([...pcm]);
  expect(stage.only("reply-text")).toEqual([]);
  expect(stage.session.history).toEqual([]);

  await using other = new Stage({ recording: Promise.reject(new Error("not there")), config: { greeting: silent } });
  await other.clock.moveTo(3000);
  expect(other.transport.voiced).toEqual([]);
  expect(other.session.state).toBe("silent");
});

test("a session that ends does not wait for it", async () => {
  const coming = Promise.withResolvers<typeof recording>();
  await using stage = new Stage({ recording: coming.promise, config: { greeting } });
  await stage.clock.moveTo(1000);
  let ended = false;
  const left = stage.session.leave().then(() => (ended = true));
  await stage.clock.moveTo(1020);
  expect(ended).toBe(true);
  coming.resolve(recording);
  await left;
  expect(stage.transport.voiced).toEqual([]);
});
