import { expect, test } from "vitest";
import { simulatedSpeech, startTtsSimulator } from "./tts.ts";

const body = { input: "Hello.", sample_rate: 16_000, response_format: "pcm" };

async function ask(url: string, given: unknown = body, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(url, { method: "POST", headers, body: JSON.stringify(given) });
}

test("a text becomes raw PCM of its length, at the rate that was asked for", async () => {
  await using server = await startTtsSimulator({ chunkBytes: 7 });
  const response = await ask(server.url);
  expect(response.headers.get("x-audio-sample-rate")).toBe("16000");
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readInt16LE(at * 2))).toEqual([...simulatedSpeech("Hello.", 16_000)]);
  expect((await server.over(0)).cancelled).toBe(false);
});

test("what it cannot take is refused with a detail", async () => {
  await using server = await startTtsSimulator({ apiKey: "right" });
  const authorization = "Bearer right";
  const details = [
    await ask(server.url),
    await ask(server.url, { ...body, input: "" }, { authorization }),
    await ask(server.url, { ...body, response_format: "mp3" }, { authorization }),
    await ask(server.url, [], { authorization }),
  ].map(async (response) => [response.status, await response.json()]);
  expect(await Promise.all(details)).toEqual([
    [401, { detail: "invalid api key " }],
    [400, { detail: "input is empty" }],
    [400, { detail: "response_format is not pcm" }],
    [400, { detail: "input is empty" }],
  ]);
});

test("only the requests that are to fail do", async () => {
  await using server = await startTtsSimulator({ failure: { type: "status", status: 503 }, failingRequests: [1] });
  expect([(await ask(server.url)).status, (await ask(server.url)).status, (await ask(server.url)).status]).toEqual([200, 503, 200]);
});

test("a connection that is cut has sent what was said before", async () => {
  await using server = await startTtsSimulator({ failure: { type: "cut", bytes: 101 } });
  const response = await ask(server.url);
  let bytes = 0;
  const read = (async () => {
    for await (const piece of response.body ?? []) bytes += piece.length;
  })();
  await expect(read).rejects.toThrow();
  expect(bytes).toBe(101);
});
