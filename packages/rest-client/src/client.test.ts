import { expect, test } from "vitest";
import { restClient } from "./client.ts";
import { retryDelayMs } from "./retry.ts";

const attempt = { status: 503, repeatable: true, attempt: 0, retryAfter: null, now: 0 };

/** A client whose requests get these answers, one after the other. */
function clientOf(answers: readonly (() => Response)[]) {
  const requests: { url: string; headers: Headers }[] = [];
  const send: typeof fetch = async (input, init) => {
    const answer = answers[requests.length];
    requests.push({ url: input instanceof Request ? input.url : String(input), headers: new Headers(init?.headers) });
    if (answer === undefined) throw new TypeError("fetch failed");
    return answer();
  };
  return { requests, client: restClient({ url: "http://engine/", appId: "app", customerId: "é", customerSecret: "s", fetch: send }) };
}

const refused = (status: number) => () => new Response('{"detail":"later","reason":"Busy"}', { status, headers: { "retry-after": "0" } });

test("a refusal for now is tried again, and the answer that comes then is the answer", async () => {
  const { client, requests } = clientOf([refused(429), refused(503), () => Response.json({ agent_id: "a b" })]);
  await client.leave({ agentId: "a b" });
  expect(requests.map(({ url }) => url)).toEqual(
    Array.from({ length: 3 }, () => "http://engine/api/conversational-ai-agent/v2/projects/app/agents/a%20b/leave"),
  );
  expect(requests[0]?.headers.get("authorization")).toBe(`Basic ${Buffer.from("é:s").toString("base64")}`);
});

test("after two more tries the refusal is thrown; what will not change is thrown at once", async () => {
  const busy = clientOf([refused(503), refused(503), refused(503)]);
  await expect(busy.client.listAgents({})).rejects.toMatchObject({ status: 503, detail: "later", reason: "Busy" });
  expect(busy.requests).toHaveLength(3);
  const wrong = clientOf([() => new Response("<html>", { status: 404 })]);
  await expect(wrong.client.listAgents({})).rejects.toMatchObject({ status: 404, detail: "<html>", reason: "" });
  expect(wrong.requests).toHaveLength(1);
});

const text = { body: { text: "Good morning." }, agentId: "a" };
const agent = { agent_id: "A", create_ts: 1, status: "RUNNING" };
const conflict = () => Response.json({ detail: "task conflict", reason: "TaskConflict", ...agent }, { status: 409 });
const order = { body: { name: "a", properties: { channel: "c", token: "", agent_rtc_uid: "1", remote_rtc_uids: ["*"] } } };
const lost = () => {
  throw new TypeError("socket hang up");
};

test("what would be said twice is not repeated when its answer is an error of the server or lost", async () => {
  for (const [status, answer] of [
    [0, lost],
    [503, refused(503)],
  ] as const) {
    for (const call of ["speak", "think"] as const) {
      const { client, requests } = clientOf([answer]);
      await expect(client[call](text)).rejects.toMatchObject({ status });
      expect(requests).toHaveLength(1);
    }
  }
  const limited = clientOf([refused(429), () => Response.json({})]);
  await limited.client.speak(text);
  expect(limited.requests).toHaveLength(2);
});

test("a join whose answer was lost is tried again, and the agent that has its name is the answer", async () => {
  for (const answer of [lost, refused(502)]) {
    const { client, requests } = clientOf([answer, conflict]);
    expect(await client.join(order)).toEqual(agent);
    expect(requests).toHaveLength(2);
  }
});

test("a name that somebody else has is a conflict", async () => {
  await expect(clientOf([conflict]).client.join(order)).rejects.toMatchObject({ status: 409, body: agent });
  await expect(clientOf([refused(429), conflict]).client.join(order)).rejects.toMatchObject({ status: 409 });
});

test("an agent that is not there when leave comes again has left", async () => {
  const gone = () => new Response('{"detail":"gone","reason":"TaskNotFound"}', { status: 404 });
  expect(await clientOf([lost, gone]).client.leave({ agentId: "a" })).toEqual({});
  expect(await clientOf([lost, gone]).client.forgetAgent({ agentId: "a" })).toEqual({});
  await expect(clientOf([gone]).client.leave({ agentId: "a" })).rejects.toMatchObject({ status: 404 });
});

test("waits grow, heed Retry-After in seconds or as a date, and end at half a minute", () => {
  expect([0, 1, 2].map((number) => retryDelayMs({ ...attempt, attempt: number }))).toEqual([250, 500, 1000]);
  expect(retryDelayMs({ ...attempt, retryAfter: "3" })).toBe(3000);
  expect(retryDelayMs({ ...attempt, retryAfter: new Date(5000).toUTCString() })).toBe(5000);
  expect(retryDelayMs({ ...attempt, retryAfter: "3600" })).toBe(30_000);
  expect(retryDelayMs({ ...attempt, status: 408 })).toBe(250);
  expect([400, 401, 404, 409, 422, 501].map((status) => retryDelayMs({ ...attempt, status }))).toEqual(Array(6).fill(undefined));
  expect(retryDelayMs({ ...attempt, status: 0 })).toBe(250);
  expect([0, 500, 503].map((status) => retryDelayMs({ ...attempt, status, repeatable: false }))).toEqual(Array(3).fill(undefined));
  expect(retryDelayMs({ ...attempt, status: 408, repeatable: false })).toBe(250);
});
