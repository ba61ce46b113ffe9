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
