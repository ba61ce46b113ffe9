import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Project } from "../../../projects/project.ts";
import { sharedDatabase, testDatabases } from "../../../store/test-databases.ts";
import { makeProject, openRest } from "./rest-stage.ts";

const agent = {
  name: "Reception",
  system_prompt: "You are the reception of a small hotel.",
  voice: { voice_id: "sophie" },
  greeting: "Good evening.",
  input: { keyterms: ["Parley"], turn_detection: { min_silence: 400 } },
  output: { volume: 80 },
  tools: [
    {
      type: "function",
      name: "book_room",
      description: "Books a room",
      parameters: { type: "object", properties: { nights: { type: "integer" } } },
      http: { url: "https://hotel.example/book", http_method: "POST", headers: [{ name: "X-Key", value: "hush hush" }] },
    },
  ],
  llm: [{ base_url: "https://llm.example/v1", model: "large", api_key: "sk-very-secret" }],
};

describe.each(testDatabases)("$name", ({ make }) => {
  const database = sharedDatabase(make);

  const open = async (project: Project, options: { local?: Buffer; others?: readonly Project[]; shared?: boolean } = {}) =>
    await openRest({ database, projects: [project, ...(options.others ?? [])], ...options });

  /** All that the database holds of it. */
  const stored = async (id: string) => JSON.stringify(await database.query("select * from voice_agents where agent_id = $1", [id]));

  test("a tool keeps its id as long as its name; a record can be patched back as it was read; a header can be removed", async () => {
    await using rest = await open(makeProject());
    const instructions = { success: "Name the source.", error: null };
    const tools = [{ ...agent.tools[0], response_instructions: { success: "Name the source." } }, { name: "ring" }];
    const { body: made } = await rest.call("POST", "/v1/agents", { ...agent, tools });
    const path = `/v1/agents/${String(made["id"])}`;
    const toolsOf = (body: Record<string, unknown>) => body["tools"] as { id: string; http?: { headers: unknown[] } }[];
    expect(toolsOf(made)).toMatchObject([
      { response_instructions: instructions },
      { name: "ring", execution_mode: "interactive", timeout_seconds: 120 },
    ]);
    const again = await rest.call("PATCH", path, { tools: toolsOf(made).toReversed() });
    expect([again.status, toolsOf(again.body)]).toEqual([200, toolsOf(made).toReversed()]);
    expect(new Set(toolsOf(made).map(({ id }) => id)).size).toBe(2);
    const http = { ...agent.tools[0]!.http, headers: [{ name: "X-Key", remove: true }] };
    const without = await rest.call("PUT", path, { tools: [{ ...agent.tools[0], http }] });
    expect(toolsOf(without.body)).toMatchObject([{ id: toolsOf(made)[0]?.id, http: { headers: [] } }]);
    expect(await stored(String(made["id"]))).not.toContain("X-Key");
  });

  test("an agent is stored, told without its secrets, listed, and deleted", async () => {
    await using rest = await open(makeProject());
    const created = await rest.call("POST", "/v1/agents", agent);
    expect(created.status).toBe(201);
    const id = String(created.body["id"]);
    expect(id).toMatch(/^agent_[0-9a-f]{32}$/);
    expect(created.body).toEqual({
      id,
      name: "Reception",
      system_prompt: agent.system_prompt,
      voice: { voice_id: "sophie" },
      greeting: "Good evening.",
      input: { keyterms: ["Parley"], turn_detection: { min_silence: 400 } },
      output: { volume: 80 },
      tools: [
        {
          ...agent.tools[0],
          id: expect.stringMatching(/^tool_[0-9a-f]{32}$/),
          timeout_seconds: 120,
          execution_mode: "interactive",
          response_instructions: null,
          http: {
            url: "https://hotel.example/book",
            http_method: "POST",
            headers: [{ name: "X-Key", last_set_at: "2026-09-21T14:13:20.000Z" }],
          },
        },
      ],
      llm: [{ base_url: "https://llm.example/v1", model: "large" }],
      pre_connect_requests: [],
      transfer_targets: [],
      outbound_trunk_id: null,
      caller_id: null,
      created_at: "2026-09-21T14:13:20.000Z",
      updated_at: "2026-09-21T14:13:20.000Z",
    });
    expect(await rest.call("GET", `/v1/agents/${id}`)).toMatchObject({ status: 200, body: created.body });
    const { created_at, updated_at } = created.body;
    expect((await rest.call("GET", "/v1/agents")).body).toEqual({
      agents: [{ id, name: "Reception", created_at, updated_at }],
      has_more: false,
      response_metadata: { next_cursor: null },
    });
    expect(await rest.call("DELETE", `/v1/agents/${id}`)).toMatchObject({ status: 204 });
    for (const method of ["GET", "DELETE"] as const) {
      const { status, body } = await rest.call(method, `/v1/agents/${id}`);
      expect([status, body["code"], body["param"]]).toEqual([404, "agent_not_found", null]);
      expect(body["request_id"]).toMatch(/^req_/);
    }
    expect((await rest.call("PUT", `/v1/agents/${id}`, { name: "x" })).status).toBe(404);
  });

  test("secrets lie encrypted in the database, and a session gets them, after a restart, too", async () => {
    const project = makeProject();
    let id = "";
    {
      await using rest = await open(project);
      id = String((await rest.call("POST", "/v1/agents", agent)).body["id"]);
    }
    const rows = await stored(id);
    expect(rows).toContain("hotel.example");
    for (const secret of ["hush", "sk-very-secret"]) expect(rows).not.toContain(secret);
    await using rest = await open(project);
    const found = await rest.office.agents.find(project, id);
    expect(found?.settings).toMatchObject({
      output: { voice: "sophie", volume: 80 },
      llm: [{ api_key: "sk-very-secret" }],
      tools: [{ http: { headers: [{ name: "X-Key", value: "hush hush" }] } }],
    });
  });

  test("an agent whose key is gone can be looked at and set right, and starts no session meanwhile", async () => {
    const project = makeProject();
    let id = "";
    {
      await using rest = await open(project);
      id = String((await rest.call("POST", "/v1/agents", agent)).body["id"]);
    }
    await using rest = await open(project, { local: Buffer.alloc(32, 8) });
    await expect(rest.office.agents.find(project, id)).rejects.toMatchObject({ code: "secrets-lost" });
    expect((await rest.call("GET", `/v1/agents/${id}`)).status).toBe(200);
    // Its header cannot be kept, since it cannot be read.
    const refused = await rest.call("PUT", `/v1/agents/${id}`, {
      tools: [{ ...agent.tools[0], http: { ...agent.tools[0]!.http, headers: [{ name: "X-Key" }] } }],
    });
    expect([refused.status, refused.body["param"]]).toEqual([422, "tools[0].http.headers[0].value"]);
    expect((await rest.call("PUT", `/v1/agents/${id}`, { tools: agent.tools, llm: agent.llm })).status).toBe(200);
    expect((await rest.office.agents.find(project, id))?.settings.llm).toMatchObject([{ api_key: "sk-very-secret" }]);
  });

  test("engines that share a database open each other's secrets, unless their project has no certificate", async () => {
    const project = makeProject();
    await using one = await open(project, { shared: true });
    await using two = await open(project, { shared: true, local: Buffer.alloc(32, 8) });
    const id = String((await one.call("POST", "/v1/agents", agent)).body["id"]);
    expect((await two.office.agents.find(project, id))?.settings.llm).toMatchObject([{ api_key: "sk-very-secret" }]);

    const bare = makeProject({ certificate: "" });
    await using three = await open(bare, { shared: true });
    await using four = await open(bare, { shared: true, local: Buffer.alloc(32, 8) });
    const alone = String((await three.call("POST", "/v1/agents", agent)).body["id"]);
    await expect(four.office.agents.find(bare, alone)).rejects.toMatchObject({ code: "secrets-lost" });
  });

  test("a change leaves what it does not name, merges objects, replaces lists, and resets what is null", async () => {
    const project = makeProject();
    await using rest = await open(project);
    const { body } = await rest.call("POST", "/v1/agents", agent);
    const url = `/v1/agents/${String(body["id"])}`;
    rest.time.move(1000);
    const changed = await rest.call("PUT", url, {
      voice: "james",
      greeting: null,
      input: { turn_detection: { max_silence: 900 }, keyterms: ["two", "words"] },
      caller_id: "+1555",
    });
    expect(changed).toMatchObject({
      status: 200,
      body: {
        name: "Reception",
        system_prompt: agent.system_prompt,
        voice: { voice_id: "james" },
        greeting: null,
        input: { keyterms: ["two", "words"], turn_detection: { min_silence: 400, max_silence: 900 } },
        output: { volume: 80 },
        caller_id: "+1555",
        created_at: body["created_at"],
        updated_at: "2026-09-21T14:13:21.000Z",
      },
    });
    expect((await rest.call("PUT", url, { output: null })).body).toMatchObject({ output: {}, voice: { voice_id: "james" } });
    expect((await rest.call("PUT", url, { input: null, tools: [], llm: [] })).body).toMatchObject({ input: {}, tools: [], llm: [] });
    expect((await rest.call("PUT", url, {})).status).toBe(200);
    expect((await rest.office.agents.find(project, String(body["id"])))?.settings).toEqual({
      system_prompt: agent.system_prompt,
      output: { voice: "james" },
      tools: [],
      llm: [],
    });
  });

  test("what was read can be written back: secrets stay, as long as they go where they went", async () => {
    const project = makeProject();
    await using rest = await open(project);
    const { body } = await rest.call("POST", "/v1/agents", agent);
    const id = String(body["id"]);
    rest.time.move(1000);
    const secrets = async () => {
      const settings = (await rest.office.agents.find(project, id))?.settings;
      return [settings?.tools?.[0]?.http?.headers?.[0]?.value, settings?.llm?.[0]?.api_key];
    };
    const again = await rest.call("PUT", `/v1/agents/${id}`, body);
    expect([again.status, again.body["tools"], await secrets()]).toEqual([200, body["tools"], ["hush hush", "sk-very-secret"]]);

    const tool = agent.tools[0]!;
    const masked = { ...tool, http: { ...tool.http, headers: [{ name: "X-Key", value: "***" }] } };
    expect((await rest.call("PUT", `/v1/agents/${id}`, { tools: [masked] })).status).toBe(200);
    expect(await secrets()).toEqual(["hush hush", "sk-very-secret"]);

    const elsewhere = { ...tool, http: { url: "https://elsewhere.example", headers: [{ name: "X-Key" }] } };
    expect((await rest.call("PUT", `/v1/agents/${id}`, { tools: [elsewhere] })).body["param"]).toBe("tools[0].http.headers[0].value");
    // A key goes to no other address, and `null` takes it away.
    await rest.call("PUT", `/v1/agents/${id}`, { llm: [{ base_url: "https://elsewhere.example/v1", model: "m" }] });
    expect(await secrets()).toEqual(["hush hush", undefined]);
    await rest.call("PUT", `/v1/agents/${id}`, { llm: agent.llm });
    await rest.call("PUT", `/v1/agents/${id}`, { llm: [{ base_url: "https://llm.example/v1", model: "large", api_key: null }] });
    expect(await secrets()).toEqual(["hush hush", undefined]);
  });

  test.each([
    [{ name: "" }, "name"],
    [{ name: undefined }, "name"],
    [{ voice: { voice_id: "nobody" } }, "voice"],
    [{ voice: undefined }, "voice"],
    [{ system_prompt: 7 }, "system_prompt"],
    [{ input: { turn_detection: { min_silence: 10 } } }, "input.turn_detection.min_silence"],
    [{ input: { format: { encoding: "audio/pcmu", sample_rate: 24_000 } } }, "input.format.sample_rate"],
    [{ output: { volume: 101 } }, "output.volume"],
    [{ tools: [{ name: "has space" }] }, "tools[0].name"],
    [{ tools: [{ name: "a" }, { name: "a" }] }, "tools[1].name"],
    [{ tools: [{ name: "a", dtmf_collected_arguments: [] }] }, "tools[0].dtmf_collected_arguments"],
    [{ tools: [{ name: "a", http: { url: "file:///etc/passwd" } }] }, "tools[0].http.url"],
    [{ tools: [{ name: "a", http: { url: "https://me:pw@x.example" } }] }, "tools[0].http.url"],
    [{ tools: [{ name: "a", http: { url: "https://x.example", headers: [{ name: "X" }] } }] }, "tools[0].http.headers[0].value"],
    [{ llm: [{ base_url: "nowhere", model: "m" }] }, "llm[0].base_url"],
    [{ llm: [agent.llm[0], agent.llm[0]] }, "llm"],
    [{ pre_connect_requests: [{ url: "https://x.example" }] }, "pre_connect_requests"],
    [{ transfer_targets: [{}] }, "transfer_targets"],
  ])("%j is refused, and the field named", async (change, param) => {
    await using rest = await open(makeProject());
    const { status, body } = await rest.call("POST", "/v1/agents", { ...agent, ...change });
    expect([status, body["code"], body["param"]]).toEqual([422, "validation_error", param]);
    expect(JSON.stringify(body)).not.toContain("sk-very-secret");
    const steps = param
      .split(/[.[\]]+/)
      .filter((step) => step !== "")
      .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    expect(body["detail"]).toMatchObject([{ loc: ["body", ...steps], msg: expect.stringContaining(String(steps[0])) }]);
  });

  test("tools in OpenAI's nested form are taken", async () => {
    await using rest = await open(makeProject());
    const nested = { type: "function", function: { name: "look", description: "d", parameters: { $schema: "x", type: "object" } } };
    const { status, body } = await rest.call("POST", "/v1/agents", { ...agent, tools: [nested] });
    expect([status, body["tools"]]).toMatchObject([
      201,
      [{ type: "function", name: "look", description: "d", parameters: { type: "object" } }],
    ]);
  });

  test("pages follow one another, newest first, also where agents were made in the same moment", async () => {
    await using rest = await open(makeProject());
    const made = new Set<unknown>();
    for (let index = 0; index < 7; index += 1) {
      made.add((await rest.call("POST", "/v1/agents", { ...agent, name: `agent ${index}` })).body["id"]);
      if (index % 3 === 0) rest.time.move(5);
    }
    const seen: { id: string; created_at: string }[] = [];
    let cursor = "";
    for (;;) {
      const { body } = await rest.call("GET", `/v1/agents?limit=3&cursor=${cursor}`);
      seen.push(...(body["agents"] as typeof seen));
      const { next_cursor: next } = body["response_metadata"] as { next_cursor: string | null };
      expect(body["has_more"]).toBe(next !== null);
      if (next === null) break;
      cursor = next;
    }
    expect(seen.length).toBe(7);
    expect(new Set(seen.map(({ id }) => id))).toEqual(made);
    expect(seen.map(({ created_at }) => created_at)).toEqual(
      seen
        .map(({ created_at }) => created_at)
        .toSorted()
        .toReversed(),
    );
    for (const query of ["limit=0", "limit=201", "limit=x", "cursor=nonsense"]) {
      const { status, body } = await rest.call("GET", `/v1/agents?${query}`);
      expect([status, body["code"], body["param"]]).toEqual([422, "validation_error", query.split("=")[0]]);
    }
  });

  test("a project's agents are nobody else's", async () => {
    const [ours, theirs] = [makeProject(), makeProject()];
    await using rest = await open(ours, { others: [theirs] });
    const id = String((await rest.call("POST", "/v1/agents", agent)).body["id"]);
    const asThem = { authorization: theirs.apiKeys[0]! };
    expect((await rest.call("GET", "/v1/agents", undefined, asThem)).body["agents"]).toEqual([]);
    for (const method of ["GET", "PUT", "DELETE"] as const) {
      expect((await rest.call(method, `/v1/agents/${id}`, method === "PUT" ? { name: "stolen" } : undefined, asThem)).status).toBe(404);
    }
    expect(await rest.office.agents.find(theirs, id)).toBeUndefined();
    expect((await rest.call("GET", `/v1/agents/${id}`)).body["name"]).toBe("Reception");
  });

  test("what several change at once is all there in the end", async () => {
    await using rest = await open(makeProject());
    const url = `/v1/agents/${String((await rest.call("POST", "/v1/agents", agent)).body["id"])}`;
    const changes = [{ name: "Other" }, { greeting: "Hi." }, { input: { voice_focus: "far-field" } }, { caller_id: "1" }];
    const answers = await Promise.all(changes.map(async (change) => await rest.call("PUT", url, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await rest.call("GET", url)).body).toMatchObject({
      name: "Other",
      greeting: "Hi.",
      input: { voice_focus: "far-field", keyterms: ["Parley"] },
      caller_id: "1",
    });
  });

  test("no body makes an endpoint fail, and what is taken can be read again", async () => {
    const project = makeProject();
    await using rest = await open(project);
    const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("\0", "\ud800", "a\udc00b", "__proto__"));
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          name: text,
          system_prompt: text,
          voice: fc.oneof(fc.constantFrom("ivy", { voice_id: "alba" }), fc.jsonValue()),
          greeting: fc.oneof(text, fc.constant(null)),
          input: fc.oneof(fc.record({ keyterms: fc.array(text, { maxLength: 3 }) }), fc.jsonValue()),
          tools: fc.oneof(
            fc.array(
              fc.record({
                name: fc.oneof(fc.constantFrom("a", "b"), text),
                description: text,
                parameters: fc.dictionary(text, fc.jsonValue()),
              }),
              {
                maxLength: 2,
              },
            ),
            fc.jsonValue(),
          ),
        },
        { requiredKeys: ["name", "system_prompt", "voice"] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(body, text, async (value, id) => {
        const created = await rest.call("POST", "/v1/agents", value);
        expect([201, 422]).toContain(created.status);
        if (created.status === 201) {
          const read = await rest.call("GET", `/v1/agents/${String(created.body["id"])}`);
          expect(read.status).toBe(200);
          expect([200, 422]).toContain((await rest.call("PUT", `/v1/agents/${String(created.body["id"])}`, value)).status);
        }
        expect([200, 404]).toContain((await rest.call("GET", `/v1/agents/${encodeURIComponent(id.toWellFormed()).slice(0, 200)}`)).status);
      }),
      { numRuns: 60 },
    );
    expect(rest.problems).toEqual([]);
  });
});
