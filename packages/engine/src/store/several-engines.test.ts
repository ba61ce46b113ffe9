import { expect, test } from "vitest";
import { joinBody, openDoor } from "../api/rest/door-stage.ts";
import { Store } from "./store.ts";
import { testDatabases } from "./test-databases.ts";

const waiting = async (_ms: number, signal: AbortSignal): Promise<void> =>
  await new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")));
  });

test.each(testDatabases)("engines on one database list each other's agents, page by page, on $name", async ({ make }) => {
  await using made = await make();
  await using database = await made.open(made.address);
  const open = (engineId: string): Store =>
    new Store({
      open: async () => ({
        query: async (sql, parameters) => await database.query(sql, parameters),
        transaction: async (work) => await database.transaction(work),
        async [Symbol.asyncDispose]() {},
      }),
      engineId,
      keepTranscripts: true,
      retentionDays: 7,
      restoreWithinS: 300,
      now: () => 1_737_111_452_000,
      pause: waiting,
      onProblem: (problem, error) => {
        throw new Error(problem, { cause: error });
      },
    });
  await using first = open("first");
  await using second = open("second");
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
