import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { Store } from "./store.ts";
import { testDatabases } from "./test-databases.ts";

const url = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** Records agents and what they say, one after the other, and prints the number of each whose record is acknowledged. */
const program = (opener: string, address: string): string => `
  import { Store } from ${url("./store.ts")};
  import { ${opener} } from ${url(opener === "openPglite" ? "./pglite.ts" : "./postgres.ts")};
  const store = new Store({
    open: async () => await ${opener}(${JSON.stringify(address)}),
    engineId: "engine", keepTranscripts: true, retentionDays: 7, restoreWithinS: 300, now: () => 1, pause: () => new Promise(() => {}),
    onProblem: (problem, error) => { throw new Error(problem, { cause: error }); },
  });
  await store.opened;
  for (let number = 1; ; number += 1) {
    const agentId = "AGENT" + number;
    store.save({ agentId, appId: "app", name: "n", channel: "c", uid: "1", labels: {}, state: "RUNNING", message: "", createdAt: number, startedAt: 1, stoppedAt: 0 });
    const keep = store.follow(agentId, 1);
    keep({ type: "turn-end", at: 1, turnId: 1, uid: "7", text: "said " + number, startMs: 0, endMs: 1, by: "voice" });
    keep({ type: "reply-end", at: 2, turnId: 1, reply: 1, text: "answered " + number, playedMs: 1 });
    await store.settled();
    process.stdout.write(number + "\\n");
  }
`;

describe.each(testDatabases)("$name", ({ name, make }) => {
  test("an engine that is killed while it writes loses no record that it acknowledged, and its agents are FAILED", async () => {
    await using made = await make();
    const folder = mkdtempSync(path.join(tmpdir(), "parley-durability-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, "writer.mjs");
    const opener = name === "PGlite" ? "openPglite" : "openPostgres";
    writeFileSync(file, program(opener, made.address));
    const child = spawn(process.execPath, ["--conditions=source", file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const closed = once(child, "close");
    let acknowledged = 0;
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Number(line);
      if (acknowledged === 40) child.kill("SIGKILL");
    }
    await closed;
    expect(acknowledged).toBeGreaterThanOrEqual(40);

    await using store = new Store({
      open: async () => await made.open(made.address),
      engineId: "engine",
      keepTranscripts: true,
      retentionDays: 7,
      restoreWithinS: 300,
      now: () => 1,
      pause: async (_ms, signal) => void (await once(signal, "abort")),
      onProblem: () => {},
    });
    await store.opened;
    const all = { appId: "app", from: 0, to: 1e9, limit: 1e6 };
    const { agents, total } = await store.list({ ...all, states: ["FAILED"] });
    expect(await store.list({ ...all, states: ["RUNNING"] })).toMatchObject({ total: 0 });
    expect(total).toBeGreaterThanOrEqual(acknowledged);
    const found = new Set(agents.map(({ agentId }) => agentId));
    for (let number = 1; number <= acknowledged; number += 1) {
      expect(found.has(`AGENT${number}`)).toBe(true);
      expect((await store.entries(`AGENT${number}`)).map(({ content }) => content)).toEqual([`said ${number}`, `answered ${number}`]);
    }
  });
});
