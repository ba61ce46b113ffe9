import { createServer } from "node:http";
import { type ChatMessage, listen, type SimulatedTool, startMcpSimulator } from "@parley/simulators";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { openCall } from "./call-stage.ts";

/** A shop's API: an order's state, and one order that nobody ever hears of again. */
async function openShop() {
  const asked: string[] = [];
  const shop = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url === "/orders/slow") return;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ status: "shipped" }));
  });
  const { origin, close } = await listen(shop);
  onTestFinished(close);
  const tool = {
    type: "function",
    function: { name: "get_order", description: "The state of an order", parameters: { properties: { id: { type: "string" } } } },
    server: { method: "GET", url: `${origin}/orders/{{args.id}}`, timeout_ms: 1000 },
  };
  return { asked, tool };
}

const resultOf = (messages: readonly ChatMessage[]): string => String(messages.findLast(({ role }) => role === "tool")?.content ?? "");

test("an inline tool and an MCP tool run in one answer, which is spoken with what they gave", async () => {
  const shop = await openShop();
  const weather: SimulatedTool = {
    name: "get_weather",
    description: "",
    input: { city: z.string() },
    run: ({ city }) => `sunny in ${String(city)}`,
  };
  const mcp = await startMcpSimulator({ tools: [weather, { ...weather, name: "forbidden" }] });
  onTestFinished(() => mcp[Symbol.asyncDispose]());
  const call = await openCall({
    script: (messages) => {
      const results = messages.filter(({ role }) => role === "tool").map(({ content }) => String(content));
      if (results.length > 0) return `It is ${results.join(" and ")}.`;
      return {
        text: "One moment.",
        calls: [
          { id: "a", name: "get_order", arguments: { id: "7" } },
          { id: "b", name: "get_weather", arguments: { city: "Oslo" } },
        ],
      };
    },
    llm: { tools: [shop.tool], mcp_servers: [{ name: "sky", endpoint: mcp.url, allowed_tools: ["get_weather"] }] },
  });

  await call.say("Where is my order, and is it nice outside?");
  const { text } = await call.next("reply-end");
  expect(text).toBe('One moment. It is {"status":"shipped"} and sunny in Oslo.');
  expect(shop.asked).toEqual(["/orders/7"]);

  const [first, second] = call.chat.requests.map(
    ({ body }) => body as { tools: { function: { name: string } }[]; messages: ChatMessage[] },
  );
  expect(first!.tools.map((tool) => tool.function.name)).toEqual(["get_order", "get_weather"]);
  expect(second!.messages.slice(-3)).toMatchObject([
    { role: "assistant", content: null, tool_calls: [{ id: "a" }, { id: "b" }] },
    { role: "tool", tool_call_id: "a", content: '{"status":"shipped"}' },
    { role: "tool", tool_call_id: "b", content: "sunny in Oslo" },
  ]);
  expect(await call.history()).toEqual([
    { role: "user", content: "Where is my order, and is it nice outside?" },
    { role: "assistant", content: text },
  ]);
  const { body } = await call.call("GET", `${call.agent}/turns`);
  expect(body).toMatchObject({ turns: [{ start: { type: "api_think" } }] });

  expect(mcp.sessions).toBe(1);
  await call.call("POST", `${call.agent}/leave`);
  await call.next("closed");
});

test("a tool that is late does not stop the conversation: the model is told, and answers", async () => {
  const shop = await openShop();
  const call = await openCall({
    script: (messages) => {
      const result = resultOf(messages);
      return result === "" ? { calls: [{ name: "get_order", arguments: { id: "slow" } }] } : `Sorry. ${result}`;
    },
    llm: { tools: [shop.tool] },
  });
  await call.say("Where is my order?");
  expect(await call.next("tool-result")).toMatchObject({ name: "get_order", isError: true, timedOut: true });
  expect((await call.next("reply-end")).text).toBe("Sorry. Error: The tool gave no result within 1 s.");
});

test("words during a tool are answered, and nothing runs twice", async () => {
  const shop = await openShop();
  const call = await openCall({
    script: (messages) => {
      const last = messages.findLast(({ role }) => role === "user")?.content;
      return last === "Never mind." ? "Gladly." : { text: "Let me look.", calls: [{ name: "get_order", arguments: { id: "slow" } }] };
    },
    llm: { tools: [shop.tool] },
  });
  await call.say("Where is my order?");
  await call.next("tool-call");
  await call.say("Never mind.");
  expect((await call.next("reply-end")).text).toBe("Gladly.");
  await call.next("tool-result");
  expect(shop.asked).toEqual(["/orders/slow"]);
  expect(call.events.filter(({ type }) => type === "tool-call")).toHaveLength(1);
  expect(call.events.filter(({ type }) => type === "reply-interrupted")).toHaveLength(1);
});

test("a server that cannot be asked is told of, and the agent starts without its tools", async () => {
  const shop = await openShop();
  const mcp = await startMcpSimulator({ tools: [], status: 500 });
  onTestFinished(() => mcp[Symbol.asyncDispose]());
  const call = await openCall({ script: ["Hello."], llm: { tools: [shop.tool], mcp_servers: [{ name: "sky", endpoint: mcp.url }] } });
  expect(await call.next("error")).toMatchObject({
    module: "llm",
    message: expect.stringMatching(/mcp server sky at .* does not list its tools: .*status 500/) as string,
  });
  await call.say("Hello?");
  await call.next("reply-end");
  expect((call.chat.requests[0]!.body as { tools: unknown[] }).tools).toHaveLength(1);
});

test("arguments that are no JSON reach nobody; the model is told, and may try again", async () => {
  const shop = await openShop();
  const call = await openCall({
    script: (messages) => {
      const result = resultOf(messages);
      if (result === "") return { calls: [{ name: "get_order", arguments: '{"id":' }] };
      return result.includes("not a JSON object") ? { calls: [{ name: "get_order", arguments: { id: "7" } }] } : `It is ${result}.`;
    },
    llm: { tools: [shop.tool] },
  });
  await call.say("Where is my order?");
  expect((await call.next("reply-end")).text).toBe('It is {"status":"shipped"}.');
  expect(shop.asked).toEqual(["/orders/7"]);
});

test("the embedded brain calls a tool that fits, asks for what it needs, and says what it gave", async () => {
  const shop = await openShop();
  const described = { ...shop.tool.function, parameters: { properties: { id: { type: "string" } }, required: ["id"] } };
  const call = await openCall({ script: [], llm: { style: "local", tools: [{ ...shop.tool, function: described }] } });
  await call.say("What is the state of my order?");
  expect((await call.next("reply-end")).text).toBe("For that I need the id. What is it?");
  await call.say("Number seven.");
  expect((await call.next("reply-end", 2)).text).toBe("The status is shipped.");
  expect(shop.asked).toEqual(["/orders/7"]);
  expect(call.chat.requests).toEqual([]);
});

test("an address that may not be reached is a 400 that names its field", async () => {
  const shop = await openShop();
  const call = await openCall({ script: ["Hello."], llm: {} });
  await call.call("POST", `${call.agent}/leave`);
  const tool = { ...shop.tool, server: { ...shop.tool.server, url: "http://10.0.0.1/orders" } };
  expect(await call.join({ tools: [tool] })).toMatchObject({
    status: 400,
    body: { detail: expect.stringMatching(/^properties\.llm\.tools\[0\]\.server\.url: 10\.0\.0\.1 is refused/) as string },
  });
  expect(await call.join({ mcp_servers: [{ name: "sky", endpoint: "http://169.254.169.254/mcp" }] })).toMatchObject({
    status: 400,
    body: { detail: expect.stringMatching(/^properties\.llm\.mcp_servers\[0\]\.endpoint: 169\.254\.169\.254 is refused/) as string },
  });
});

test("a language model of one's own is told turn, time and source, and another one is not", async () => {
  const own = await openCall({ script: ["Hello."], llm: { vendor: "custom" } });
  await own.say("Hello?");
  await own.next("reply-end");
  await own.say("And again?");
  await own.next("reply-end", 2);
  const [, body] = own.chat.requests.map((request) => request.body as Record<string, unknown> & { messages: unknown[] });
  expect(body).toMatchObject({ turn_id: 2, timestamp: expect.any(Number) as number, interruptable: true });
  expect(body!.messages).toMatchObject([
    { role: "user", content: "Hello?", turn_id: 1, metadata: { source: "command" } },
    { role: "assistant", content: "Hello.", turn_id: 1, metadata: { source: "llm" } },
    { role: "user", content: "And again?", turn_id: 2, metadata: { source: "command" } },
  ]);
  expect(Math.abs(Number(body!["timestamp"]) - Date.now())).toBeLessThan(60_000);

  const other = await openCall({ script: ["Hello."], llm: {} });
  await other.say("Hello?");
  await other.next("reply-end");
  expect(other.chat.requests[0]!.body).toEqual({ stream: true, messages: [{ role: "user", content: "Hello?" }] });
});
