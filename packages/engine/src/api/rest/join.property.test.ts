import { rest } from "@parley/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { changed, type Known, pathsOf, schemaOf, validOf, wrong } from "./body-arbitrary.ts";
import { joinBody, openDoor } from "./door-stage.ts";

/** Mostly what this engine has, so that generated bodies come further than their first vendor. */
const known: Known = {
  channel: fc.constantFrom("room", "a b", "x".repeat(64)),
  token: fc.constant(""),
  agent_rtc_uid: fc.constantFrom("0", "1001", "4294967295"),
  remote_rtc_uids: fc.constantFrom(["*"], ["1002"], ["1002", "*"]),
  vendor: fc.constantFrom("local", "local", "local", "ares", "microsoft", "custom", null),
  style: fc.constantFrom("local", "openai", null),
  language: fc.constantFrom("en-US", "en_us", "en-US", "es-ES", null),
  url: fc.constantFrom("https://a.example/v1/chat/completions", null),
  // What is switched on is refused as long as it is not built.
  preset: fc.constant(null),
  pipeline_id: fc.constant(null),
  enable: fc.constantFrom(false, false, false, true, null),
  enable_mllm: fc.constantFrom(false, null),
  enable_sal: fc.constantFrom(false, null),
  greeting_audio_url: fc.constantFrom("https://a.example/hello.wav", "", null),
};
const JoinSchema = schemaOf(rest.JoinBody);
const bodies = validOf(JoinSchema, known);

const runs = { numRuns: 300, seed: 20_260_101 };
const check = async (property: fc.IAsyncProperty<unknown>, numRuns = runs.numRuns) => await fc.assert(property, { ...runs, numRuns });

/** What nobody catches belongs to no request, so that no answer shows it. */
const uncaught: unknown[] = [];
const note = (error: unknown) => uncaught.push(error);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => {
  process.off("unhandledRejection", note);
  expect(uncaught).toEqual([]);
});

type Door = ReturnType<typeof openDoor>;

/** What an answer to `join` may be; the agent, if there is one, leaves again. */
async function joined(door: Door, body: unknown): Promise<{ status: number; detail: string; config: unknown }> {
  const { status, body: answer } = await door.call("POST", "join", JSON.stringify(body) ?? "");
  expect([200, 400]).toContain(status);
  const session = door.sessions.pop();
  if (status === 400) {
    expect(answer).toEqual({
      detail: expect.stringMatching(/./),
      reason: expect.stringMatching(/^(InvalidRequestBody|MissingRequiredField|InvalidFieldValue)$/),
    });
    expect(session).toBeUndefined();
    return { status, detail: String(answer?.["detail"]), config: undefined };
  }
  const agentId = String(answer?.["agent_id"]);
  expect((await door.call("POST", `agents/${agentId}/leave`)).status).toBe(200);
  session?.end("STOPPED", "OK");
  await door.agents.gone(agentId);
  return { status, detail: "", config: session?.request.config };
}

test("whatever the schema of join allows is taken, or refused by the name of a field", async () => {
  const door = openDoor();
  let taken = 0;
  await check(
    fc.asyncProperty(bodies, async (body) => {
      const { status, detail } = await joined(door, body);
      if (status === 200) taken += 1;
      else expect(detail).toMatch(/^create agent failed, code: 400, msg: (properties|name|preset|pipeline_id)/);
    }),
  );
  expect(taken).toBeGreaterThan(runs.numRuns / 20);
  expect(door.bugs).toEqual([]);
});

test("one thing wrong in a body is taken, or refused in documented words", async () => {
  const door = openDoor();
  let [taken, refused] = [0, 0];
  await check(
    fc.asyncProperty(bodies, fc.nat(), wrong, async (body, where, value) => {
      const paths = pathsOf(body);
      const { status } = await joined(door, changed(body, paths[where % paths.length] ?? [], value));
      if (status === 200) taken += 1;
      else refused += 1;
    }),
    1000,
  );
  expect(Math.min(taken, refused)).toBeGreaterThan(50);
  expect(door.bugs).toEqual([]);
});

test("null is absence, and what nobody knows is ignored: the same agent comes of it", async () => {
  const door = openDoor();
  const full = joinBody("agent", {
    asr: { language: "en-US", vendor: "local" },
    tts: { vendor: "local", params: { speed: 1 } },
    llm: { style: "local", max_history: 4, greeting_message: "Hello.", greeting_configs: { delay_ms: 5 }, failure_message: "Oh." },
    vad: { silence_duration_ms: 480 },
    turn_detection: { silence_duration_ms: 500 },
    interruption: { enable: true, mode: "start_of_speech" },
    parameters: { silence_config: { timeout_ms: 0 }, farewell_config: { graceful_enabled: true } },
    labels: { a: "b" },
  });
  // What is required, what is a list's, and names that are the caller's own are another matter.
  const required = Object.keys(joinBody()["properties"] as object);
  const own = (path: readonly PropertyKey[]) => path.length > 3 || (path.length > 2 && path[1] === "labels");
  const optional = pathsOf(full).filter((path) => path.length > 1 && !own(path) && !required.includes(String(path[1])));
  const objects: PropertyKey[][] = [
    [],
    ["properties"],
    ["properties", "llm"],
    ["properties", "llm", "greeting_configs"],
    ["properties", "vad"],
  ];
  let taken = 0;
  await check(
    fc.asyncProperty(fc.constantFrom(...optional), fc.constantFrom(...objects), async (path, object) => {
      const absent = await joined(door, changed(full, path, undefined));
      expect(await joined(door, changed(full, path, null))).toMatchObject(
        // A body may name what is missing; that it is null is no other fault.
        absent.status === 200 ? absent : { status: 400 },
      );
      const more = await joined(door, changed(full, [...object, "x-unknown"], { deep: [1] }));
      expect(more).toEqual(await joined(door, full));
      if (absent.status === 200) taken += 1;
    }),
    100,
  );
  expect(taken).toBeGreaterThan(50);
  expect(door.bugs).toEqual([]);
});

test("any JSON at all is refused in documented words, if it is no body of join", async () => {
  const door = openDoor();
  await check(
    fc.asyncProperty(
      fc.oneof(fc.jsonValue(), fc.object({ key: fc.constantFrom("name", "properties", "__proto__") })),
      async (body) => void (await joined(door, body)),
    ),
  );
  expect(door.bugs).toEqual([]);
});

test("any text at all is refused in documented words", async () => {
  const { call } = openDoor();
  await check(
    fc.asyncProperty(
      fc.oneof(fc.string({ unit: "binary", minLength: 1 }), fc.string({ unit: fc.constantFrom("[", "{", '"', "\\", ":", ",", "1") })),
      async (text) => {
        expect((await call("POST", "join", text)).status).toBe(400);
      },
    ),
  );
});

test("whatever is sent to a running agent, right or with one thing wrong, the answer is one of the documented ones", async () => {
  const { call, agents, bugs } = openDoor();
  const agentId = String((await call("POST", "join", joinBody())).body?.["agent_id"]);
  const requests = fc.oneof(
    ...Object.entries({ think: rest.ThinkBody, speak: rest.SpeakBody, update: rest.UpdateBody }).map(([path, body]) =>
      fc.record({ path: fc.constant(path), body: validOf(schemaOf(body), known) }),
    ),
  );
  let [taken, refused] = [0, 0];
  await check(
    fc.asyncProperty(requests, fc.nat(), fc.option(wrong, { nil: undefined }), async ({ path, body }, where, value) => {
      const paths = pathsOf(body);
      const sent = value === undefined ? body : changed(body, paths[where % paths.length] ?? [], value);
      const { status } = await call("POST", `agents/${agentId}/${path}`, JSON.stringify(sent) ?? "");
      expect([200, 400]).toContain(status);
      if (status === 200) taken += 1;
      else refused += 1;
    }),
    600,
  );
  expect(Math.min(taken, refused)).toBeGreaterThan(50);
  expect(bugs).toEqual([]);
  await agents[Symbol.asyncDispose]();
});
