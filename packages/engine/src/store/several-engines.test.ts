import { describe, expect, test } from "vitest";
import { joinBody, openDoor, project } from "../api/rest/door-stage.ts";
import { newRecord } from "../projects/agent-log.ts";
import { openStore } from "./store-stage.ts";
import { sharedDatabase, testDatabases } from "./test-databases.ts";

describe.each(testDatabases)("names on $name", ({ make }) => {
  const database = sharedDatabase(make);

  /** Two engines, each with its door. */
  async function open() {
    const stores = [openStore(database, "first"), openStore(database, "second")];
    await Promise.all(stores.map(({ opened }) => opened));
    const doors = stores.map((store) => openDoor({ shared: store }));
    return {
      doors,
      settled: async () => void (await Promise.all(stores.map(async (store) => await store.settled()))),
      async [Symbol.asyncDispose]() {
        for (const { agents } of doors) await agents[Symbol.asyncDispose]();
        for (const store of stores) await store[Symbol.asyncDispose]();
      },
    };
  }

  test("of all who ask at once, at whichever engine, one gets the name, and the others are told who has it", async () => {
    await using engines = await open();
    for (let round = 0; round < 10; round++) {
      const name = `agent ${round}`;
      const asked = [0, 1, 2, 3, 4, 5].map(async (index) => await engines.doors[index % 2]?.call("POST", "join", joinBody(name)));
      const answers = await Promise.all(asked);
      const started = answers.filter((answer) => answer?.status === 200);
      expect(started).toHaveLength(1);
      const agentId = started[0]?.body?.["agent_id"];
      for (const answer of answers) if (answer?.status !== 200) expect(answer).toMatchObject({ status: 409, body: { agent_id: agentId } });
    }
    const { body } = (await engines.doors[0]?.call("GET", "agents?limit=100")) ?? {};
    expect(body).toMatchObject({ data: { count: 10 } });
  });

  test("an agent that has exited gives its name back, to every engine", async () => {
    await using engines = await open();
    const [one, two] = engines.doors;
    const first = await one?.call("POST", "join", joinBody("a"));
    const agentId = String(first?.body?.["agent_id"]);
    expect(await two?.call("POST", "join", joinBody("a"))).toMatchObject({ status: 409, body: { agent_id: agentId, status: "RUNNING" } });
    await one?.call("POST", `agents/${agentId}/leave`);
    await one?.agents.gone(agentId);
    await engines.settled();
    expect(await two?.call("POST", "join", joinBody("a"))).toMatchObject({ status: 200 });
  });

  test("a name that is asked for when its agent was saved already, or has exited, is not asked for again and again", async () => {
    await using store = openStore(database, "first");
    await store.opened;
    for (const stoppedAt of [0, 2]) {
      const record = newRecord(`late-${stoppedAt}`, { project, name: "late", channel: "room", uid: "1", labels: {} }, 1);
      store.save({ ...record, stoppedAt });
      expect(await store.claim(record)).toBeUndefined();
      store.save({ ...record, stoppedAt: 2 });
    }
  });

  test("an agent that waits for its engine keeps its name", async () => {
    const left = await open();
    const { body } = (await left.doors[0]?.call("POST", "join", joinBody("lost"))) ?? {};
    await left.settled();
    await database.query("update agents set state = 'RECOVERING' where agent_id = $1", [String(body?.["agent_id"])]);
    expect(await left.doors[1]?.call("POST", "join", joinBody("lost"))).toMatchObject({
      status: 409,
      body: { agent_id: body?.["agent_id"], status: "RECOVERING" },
    });
    await left[Symbol.asyncDispose]();
  });
});

test.each(testDatabases)("engines on one database list each other's agents, page by page, on $name", async ({ make }) => {
  await using made = await make();
  await using database = await made.open(made.address);
  await using first = openStore(database, "first");
  await using second = openStore(database, "second");
  await Promise.all([first.opened, second.opened]);
  const [one, two] = [openDoor({ shared: first }), openDoor({ shared: second })];
  const ids: string[] = [];
  for (const [index, door] of [one, two, one, two, two].entries()) {
    door.clock.moveBy(1000 * (index + 1) - (door.clock.now() - 1_737_111_452_000));
    const { body } = await door.call("POST", "join", joinBody(`agent ${index}`));
    ids.unshift(String(body?.["agent_id"]));
  }
  await Promise.all([first.settled(), second.settled()]);
  one.clock.moveBy(10_000);
  const pages: string[][] = [];
  let cursor = "";
  do {
    const { body } = await one.call("GET", `agents?limit=2&cursor=${cursor}`);
    const { data, meta } = body as { data: { list: { agent_id: string }[] }; meta: { cursor: string; total: number } };
    expect(meta.total).toBe(5);
    pages.push(data.list.map(({ agent_id }) => agent_id));
    ({ cursor } = meta);
  } while (cursor !== "");
  expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);

  await two.call("POST", `agents/${ids[0]}/leave`);
  await two.agents.gone(ids[0] ?? "");
  await second.settled();
  expect((await one.call("GET", "agents")).body).toMatchObject({ data: { count: 4 }, meta: { total: 4 } });
  expect((await one.call("GET", `agents/${ids[0]}`)).body).toMatchObject({ status: "STOPPED" });
});
