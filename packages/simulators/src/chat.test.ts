import { expect, test } from "vitest";
import { startChatSimulator } from "./chat.ts";

const post = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
const question = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Hi" }] });

test("it streams chunks as OpenAI does, and remembers what it was asked", async () => {
  await using server = await startChatSimulator({ script: (messages) => `You said ${String(messages.at(-1)?.content)}.` });
  const response = await post(server.url, question);
  const text = await response.text();
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const events = text
    .trimEnd()
    .split("\n\n")
    .map((event) => event.replace(/^data: /, ""));
  expect(events.at(-1)).toBe("[DONE]");
  const deltas = events
    .slice(0, -1)
    .map((event) => (JSON.parse(event) as { choices: { delta: { content?: string }; finish_reason: string | null }[] }).choices[0]!);
  expect(deltas.map(({ delta }) => delta.content ?? "").join("")).toBe("You said Hi.");
  expect(deltas.at(-1)!.finish_reason).toBe("stop");
  expect(server.requests[0]!.body).toEqual(JSON.parse(question));
});

test("failures can strike chosen requests alone", async () => {
  await using server = await startChatSimulator({ failure: { type: "status", status: 500 }, failingRequests: [1] });
  expect([
    (await post(server.url, question)).status,
    (await post(server.url, question)).status,
    (await post(server.url, question)).status,
  ]).toEqual([200, 500, 200]);
});

test("models are listed, a wrong key and a broken body are refused, other paths are not there", async () => {
  await using server = await startChatSimulator({ models: ["a", "b"], apiKey: "k" });
  const list = (await (await fetch(`${server.origin}/v1/models`)).json()) as { data: { id: string }[] };
  expect(list.data.map(({ id }) => id)).toEqual(["a", "b"]);
  expect((await post(server.url, question)).status).toBe(401);
  expect((await post(server.url, question, { authorization: "Bearer k" })).status).toBe(200);
  expect((await post(server.url, "{")).status).toBe(400);
  expect((await fetch(`${server.origin}/elsewhere`)).status).toBe(404);
});

test("closing ends what hangs, and may be done twice", async () => {
  const server = await startChatSimulator({ failure: { type: "hang" } });
  const pending = post(server.url, question).catch(() => "ended");
  await server.request(0);
  await server.close();
  await server.close();
  expect(await pending).toBe("ended");
});

test("an answer may ask for tools, as OpenAI streams it: who is called first, then the arguments in pieces", async () => {
  await using server = await startChatSimulator({
    script: [{ text: "One moment.", calls: [{ id: "c1", name: "find", arguments: { what: "a long thing" } }] }],
  });
  const text = await (await post(server.url, question)).text();
  const deltas = text
    .split("\n\n")
    .filter((line) => line.startsWith("data: {"))
    .map(
      (line) =>
        (
          JSON.parse(line.slice(6)) as {
            choices: { delta: { tool_calls?: { id?: string; function: { arguments: string } }[] }; finish_reason: string | null }[];
          }
        ).choices[0]!,
    );
  const pieces = deltas.flatMap(({ delta }) => delta.tool_calls ?? []);
  expect(pieces[0]).toMatchObject({ index: 0, id: "c1", type: "function", function: { name: "find", arguments: "" } });
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.map((piece) => piece.function.arguments).join("")).toBe('{"what":"a long thing"}');
  expect(deltas.at(-1)!.finish_reason).toBe("tool_calls");
});

interface AudioDelta {
  audio?: {
    id: string;
    data?: string;
    transcript?: string;
    words?: { text: string; start_ts: number; end_ts: number; duration: number }[];
  };
}

const audioOf = (body: string): NonNullable<AudioDelta["audio"]>[] =>
  body
    .split("\n\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => (JSON.parse(line.slice(6)) as { choices: { delta: AudioDelta }[] }).choices[0]?.delta.audio)
    .filter((audio) => audio !== undefined);

test("an answer may be sound, in pieces of 40 ms, with its transcript before it and each word where it begins", async () => {
  const pcm = Int16Array.from({ length: 2000 }, (_, index) => index - 1000);
  const words = [
    { text: "Good", startMs: 0, endMs: 30 },
    { text: "day", startMs: 85, endMs: 120 },
  ];
  await using server = await startChatSimulator({ script: [{ speech: { pcm, transcript: "Good day", words } }] });
  const audio = audioOf(await (await post(server.url, question)).text());
  expect(new Set(audio.map(({ id }) => id)).size).toBe(1);
  expect(audio[0]).toMatchObject({ transcript: "Good day" });
  const pieces = audio.slice(1).map(({ data = "" }) => Buffer.from(data, "base64"));
  expect(pieces.map(({ length }) => length)).toEqual([1280, 1280, 1280, 160]);
  const bytes = Buffer.concat(pieces);
  expect(Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2))).toEqual(pcm);
  expect(audio.map((piece) => piece.words?.map(({ text }) => text) ?? [])).toEqual([[], ["Good"], [], ["day"], []]);
  expect(audio[3]?.words).toEqual([{ text: "day", start_ts: 85, end_ts: 120, duration: 35 }]);
});

test("deltas may be given as they stand, and are made as the client takes them", async () => {
  let made = 0;
  const endless = {
    *[Symbol.iterator]() {
      for (;;) {
        made += 1;
        yield { audio: { data: "A".repeat(100_000) } };
      }
    },
  };
  await using server = await startChatSimulator({ script: [{ deltas: endless }] });
  const leaving = new AbortController();
  const response = await fetch(server.url, { method: "POST", body: question, signal: leaving.signal });
  const reader = response.body!.getReader();
  await reader.read();
  leaving.abort();
  expect((await server.over(0)).cancelled).toBe(true);
  // What is under way fits the buffers between the two.
  expect(made).toBeLessThan(500);
});
