import fc from "fast-check";
import { expect, test } from "vitest";
import { type BrainCall, type BrainMessage, type BrainTool, openBrain } from "./brain.ts";
import { sayResult } from "./tool-result.ts";

const string = { type: "string" };
const tool = (
  name: string,
  description: string,
  properties: Record<string, unknown> = {},
  required = Object.keys(properties),
): BrainTool => ({
  name,
  description,
  parameters: { type: "object", properties, required },
});

const tools: readonly BrainTool[] = [
  tool(
    "get_weather",
    "Current weather and forecast of a city",
    { city: string, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
    ["city"],
  ),
  tool("get_order_status", "The state of an order", { order_id: string }),
  tool("cancel_order", "Cancels an order", { order_id: string }),
  tool("book_table", "Books a table in the restaurant", { people: { type: "integer" }, day: string, time: string }, ["people", "day"]),
  tool("turnOnLights", "Switches the lights of a room on", { room: { type: "string", enum: ["kitchen", "living_room"] } }),
  tool("find_customer", "Looks a customer up by name", { name: string }),
  tool("search_documents", "Searches the handbook", { query: string }),
  tool("set_page_colour", "Changes the colour of the page", { colour: { enum: ["teal", "amber"] } }),
  tool("send_email", "Sends an email", { to_email: string, message: string }),
];

async function answer(messages: readonly BrainMessage[], offered = tools): Promise<string | BrainCall> {
  let text = "";
  const context = { now: new Date("2026-11-21T16:30:00Z"), timeZone: "UTC", signal: new AbortController().signal, tools: offered };
  for await (const output of openBrain().answer(messages, context)) {
    if (typeof output !== "string") return output;
    text += output;
  }
  return text;
}

const ask = async (line: string, offered = tools) => await answer([{ role: "user", content: line }], offered);
const call = (name: string, given: Record<string, unknown>): BrainCall => ({ type: "tool-call", name, arguments: given });

test.each<[string, BrainCall]>([
  ["What is the weather in Oslo?", call("get_weather", { city: "Oslo" })],
  ["Could you tell me the weather in New York today, in Fahrenheit?", call("get_weather", { city: "New York", unit: "fahrenheit" })],
  ["what's the forecast for Berlin", call("get_weather", { city: "Berlin" })],
  ["will it rain in paris tomorrow?", call("get_weather", { city: "paris" })],
  ["What is the status of my order A-1042?", call("get_order_status", { order_id: "A-1042" })],
  ["Where is order number seventy two?", call("get_order_status", { order_id: "72" })],
  ["Please cancel order 7.", call("cancel_order", { order_id: "7" })],
  ["I want to book a table for four on Friday at 7 pm.", call("book_table", { people: 4, day: "Friday", time: "7 pm" })],
  ["Turn on the lights in the living room.", call("turnOnLights", { room: "living_room" })],
  ["Change the color of the page to teal.", call("set_page_colour", { colour: "teal" })],
  ["Find the customer named Ada Lovelace.", call("find_customer", { name: "Ada Lovelace" })],
  ["Search the documents for parental leave.", call("search_documents", { query: "parental leave" })],
  ['Send an email to ada@example.com saying "See you soon".', call("send_email", { to_email: "ada@example.com", message: "See you soon" })],
])("a tool that fits is called with what was said: %s", async (line, expected) => {
  expect(await ask(line)).toEqual(expected);
});

test.each([
  "Hello, how are you?",
  "The weather is nice today.",
  "What time is it?",
  "What is three times seven?",
  "I placed an order yesterday.",
  "Tell me a joke.",
  "How old is the Brooklyn Bridge?",
])("what does not ask for a tool is answered as ever: %s", async (line) => {
  expect(await ask(line)).toBe(await ask(line, []));
});

test("what is missing is asked for, and the answer completes the call", async () => {
  const messages: BrainMessage[] = [{ role: "user", content: "What is the weather?" }];
  const question = await answer(messages);
  expect(question).toBe("For that I need the city. What is it?");
  messages.push({ role: "assistant", content: String(question) });
  expect(await answer([...messages, { role: "user", content: "In Rio de Janeiro, please." }])).toEqual(
    call("get_weather", { city: "Rio de Janeiro" }),
  );
  expect(await answer([...messages, { role: "user", content: "Never mind." }])).toBe("All right, I leave it.");
  // Something else is something else.
  expect(await answer([...messages, { role: "user", content: "What is two plus two?" }])).toMatch(/four/i);
});

test("several things are asked for one after the other", async () => {
  const messages: BrainMessage[] = [];
  const say = async (content: string) => {
    messages.push({ role: "user", content });
    const done = await answer(messages);
    if (typeof done === "string") messages.push({ role: "assistant", content: done });
    return done;
  };
  expect(await say("Book a table.")).toBe("For that I need the people. What is it?");
  expect(await say("Six.")).toBe("For that I need the day. What is it?");
  expect(await say("Tomorrow.")).toEqual(call("book_table", { people: 6, day: "Tomorrow" }));
});

test("choices are offered", async () => {
  expect(await ask("Turn on the lights.")).toBe("For that I need the room: kitchen or living room?");
});

test("what a tool gave is said, and it is not called again", async () => {
  expect(
    await answer([
      { role: "user", content: "What is the weather in Oslo?" },
      { role: "tool", content: '{"temperature":7,"conditions":"light rain"}' },
    ]),
  ).toBe("The temperature is 7 and the conditions are light rain.");
});

test.each([
  ["Sunny in Oslo", "Sunny in Oslo."],
  ['{"result":"Your order has shipped!"}', "Your order has shipped!"],
  ['{"status":"shipped","etaDays":2,"note":null}', "The status is shipped and the eta days are 2."],
  ['["red","green","blue"]', "Red, green and blue."],
  ["[]", "Nothing was found."],
  ['[{"name":"Ada"},{"name":"Grace"}]', "There are 2 results. The first: the name is Ada."],
  ["true", "Yes."],
  ["", "It is done."],
  ["**Bold** [link](https://a.example)", "Bold link."],
  ["Error: The tool gave no result within 1 s.", "That did not work. The tool gave no result within 1 s."],
])("a result as a sentence: %s", (output, sentence) => {
  expect(sayResult(output)).toBe(sentence);
});

test("whatever is said and offered, the answer is words or a call of a tool that is there, the same each time", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 80 }), fc.constantFrom(...tools), async (line, one) => {
      const said = `${line} ${one.name.replaceAll("_", " ")}?`;
      const done = await ask(said, [one]);
      if (typeof done !== "string") {
        expect(done.name).toBe(one.name);
        for (const name of one.parameters["required"] as string[]) expect(done.arguments[name]).toBeDefined();
      }
      expect(await ask(said, [one])).toEqual(done);
    }),
    { numRuns: 20 },
  );
});

test("whatever a tool gives becomes something that can be said", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (output) => {
      const said = sayResult(output);
      expect(said).toMatch(/\S/);
      expect(said.split(" ").length).toBeLessThan(120);
    }),
  );
});
