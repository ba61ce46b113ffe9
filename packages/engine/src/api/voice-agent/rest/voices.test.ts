import { readWav } from "@parley/media";
import { expect, test } from "vitest";
import { sharedDatabase } from "../../../store/test-databases.ts";
import { voiceNames } from "../voices.ts";
import { makeProject, openRest } from "./rest-stage.ts";

const database = sharedDatabase();

const foreign = { authorization: "", "x-forwarded-for": "203.0.113.7" };

test("every voice is listed: what it promises, whether that is installed, and who speaks otherwise", async () => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  const { status, body } = await rest.call("GET", "/v1/voices");
  const voices = body["voices"] as Record<string, unknown>[];
  expect([status, voices.map(({ voice_id: id }) => id)]).toEqual([200, voiceNames()]);
  expect(voices.find(({ voice_id: id }) => id === "ada")).toMatchObject({
    kind: "voice",
    installed: true,
    substitute: null,
    gender: "female",
  });
  expect(voices.find(({ voice_id: id }) => id === "diego")).toMatchObject({
    kind: "alias",
    locale: "es-MX",
    installed: false,
    substitute: expect.stringMatching(/^local\/\d+$/),
  });
});

test("a preview is a sound file, spoken once, that opens by the address in the list or from a page of this machine", async () => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  const { body } = await rest.call("GET", "/v1/voices");
  const [{ preview_url: address }] = body["voices"] as [{ preview_url: string }];
  const { pathname, search } = new URL(address);
  const signed = await rest.server.inject({ url: `${pathname}${search}`, headers: foreign });
  expect([signed.statusCode, signed.headers["content-type"], readWav(signed.rawPayload).sampleRate]).toEqual([200, "audio/wav", 22_050]);
  expect((await rest.server.inject({ url: pathname, headers: { host: "localhost:8080" } })).statusCode).toBe(200);
  expect(rest.spoken).toBe(1);
  for (const headers of [foreign, { host: "evil.example" }, { host: "localhost:8080", origin: "https://evil.example" }]) {
    const { statusCode } = await rest.server.inject({ url: pathname, headers });
    expect(statusCode).toBe(403);
  }
  expect((await rest.server.inject({ url: `${pathname.replace("alba", "eve")}${search}`, headers: foreign })).statusCode).toBe(403);
  rest.time.move(600_000);
  expect((await rest.server.inject({ url: `${pathname}${search}`, headers: foreign })).statusCode).toBe(403);
});

test("new previews have a rate and wait for the models; those that were spoken are there at once", async () => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  const hear = async (name: string) =>
    (await rest.server.inject({ url: `/v1/voices/${name}/preview.wav`, headers: { host: "localhost:8080" } })).statusCode;
  rest.ready = false;
  expect(await hear("ivy")).toBe(503);
  rest.ready = true;
  const statuses = await Promise.all(voiceNames().slice(0, 20).map(hear));
  expect([statuses.filter((status) => status === 200).length, statuses.filter((status) => status === 429).length]).toEqual([12, 8]);
  expect(await hear("alba")).toBe(200);
  rest.time.move(1000);
  expect([await hear("ivy"), await hear("james"), await hear("tyler")]).toEqual([200, 200, 429]);
  expect(await hear("nobody")).toBe(404);
});
