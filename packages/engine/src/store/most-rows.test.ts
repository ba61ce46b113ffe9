import { describe, expect, test } from "vitest";
import type { Store } from "./store.ts";
import { openStore } from "./store-stage.ts";
import { sharedDatabase, testDatabases } from "./test-databases.ts";
import { AgentRows } from "./voice-agent-agents.ts";
import { SubscriptionRows } from "./voice-agent-subscriptions.ts";

const now = 1_737_000_000_000;

describe.each(testDatabases)("$name", ({ make }) => {
  const database = sharedDatabase(make);

  /** An engine on the database. */
  async function open(engineId: string): Promise<Store> {
    const store = openStore(database, engineId);
    await store.opened;
    return store;
  }

  /** Projects, so that what depends on who is quicker shows itself. */
  const projects = Array.from({ length: 20 }, (_, index) => `app ${index}`);
  const most = 2;
  const attempts = 6;

  test("a project's subscriptions are never more than it may have, however many engines are asked at once", async () => {
    await using first = await open("first");
    await using second = await open("second");
    const insert = async (appId: string, index: number): Promise<boolean> =>
      await new SubscriptionRows(index % 2 === 0 ? first : second).insert(
        {
          id: `${appId} ${index}`,
          appId,
          url: "https://x.example",
          events: ["session.started"],
          agentId: null,
          enabled: true,
          secret: "",
          secretVersion: 1,
          createdAt: now + index,
          updatedAt: now,
        },
        most,
      );
    for (const appId of projects) {
      const taken = await Promise.all(Array.from({ length: attempts }, async (_, index) => await insert(appId, index)));
      expect(taken.filter(Boolean)).toHaveLength(most);
      expect((await new SubscriptionRows(first).list(appId, 100, undefined)).items).toHaveLength(most);
    }
  });

  test("nor are its stored agents", async () => {
    await using first = await open("first");
    await using second = await open("second");
    const insert = async (appId: string, index: number): Promise<boolean> =>
      await new AgentRows(index % 2 === 0 ? first : second).insert(
        { agentId: `${appId} ${index}`, appId, name: "name", settings: {}, secrets: "", createdAt: now + index, updatedAt: now },
        most,
      );
    for (const appId of projects) {
      const taken = await Promise.all(Array.from({ length: attempts }, async (_, index) => await insert(appId, index)));
      expect(taken.filter(Boolean)).toHaveLength(most);
      expect((await new AgentRows(first).list(appId, 100, undefined)).items).toHaveLength(most);
    }
  });
});
