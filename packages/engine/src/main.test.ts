import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "./config.ts";
import { makePostgres, testServers } from "./store/test-databases.ts";

const command = fileURLToPath(new URL("./cli/parley.ts", import.meta.url));
/** Loading the models takes seconds, on a busy machine many. */
const PATIENCE_MS = 120_000;

let folder = "";
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "parley-main-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true });
});

/** An engine as a person starts it, in a folder of its own. */
function start(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--conditions=source", command, "start"], {
    env: { PATH: process.env["PATH"] ?? "", INIT_CWD: folder, PORT: "0", PARLEY_RTC__UDP_PORT: "0", PARLEY_LLM__DISCOVER: "off", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let out = "";
  let err = "";
  const line = Promise.withResolvers<string>();
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
    if (out.includes("\n")) line.resolve(out.trim());
  });
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  const exit = once(child, "exit").then(([code]: unknown[]) => {
    line.reject(new Error(`the engine ended: ${err}`));
    return { code, out, err };
  });
  line.promise.catch(() => {});
  return { child, exit, ready: line.promise };
}

test.each([{ database: "PGlite", server: undefined }, ...testServers.map((server) => ({ database: "PostgreSQL", server }))])(
  "an engine on $database starts whole, holds an agent, is killed and, told to restore none, tells the truth afterwards, and ends by SIGTERM with 0",
  { timeout: PATIENCE_MS },
  async ({ server }) => {
    await using made = server === undefined ? undefined : await makePostgres(server);
    const env: Record<string, string> = made === undefined ? {} : { DATABASE_URL: made.address };
    const first = start(env);
    const url = /^Parley is ready on (http:\/\/localhost:\d+)$/.exec(await first.ready)?.[1] ?? "";
    const [project] = readConfig({ env: {}, cwd: folder, credentials: "read" }).projects;
    const [customer] = project.customers;
    const headers = { authorization: `Basic ${Buffer.from(`${customer?.id}:${customer?.secret}`).toString("base64")}` };
    const door = `/api/conversational-ai-agent/v2/projects/${project.appId}`;
    const ask = async (origin: string, where: string, body?: unknown): Promise<Record<string, unknown>> => {
      const response = await fetch(
        `${origin}${door}/${where}`,
        body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) },
      );
      return { httpStatus: response.status, ...((await response.json()) as Record<string, unknown>) };
    };
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    const joined = await ask(url, "join", {
      name: "a",
      properties: { channel: "c", token: "", agent_rtc_uid: "7", remote_rtc_uids: ["*"] },
    });
    expect(joined).toMatchObject({ httpStatus: 200, status: "RUNNING" });
    const agent = `agents/${String(joined["agent_id"])}`;
    expect(await ask(url, `${agent}/speak`, { text: "Hello." })).toMatchObject({ httpStatus: 200, action: "spoken" });
    expect(await ask(url, agent)).toMatchObject({ status: "RUNNING" });
    // Only the database knows of agents that have exited: its answer proves that the running one is written.
    expect(await ask(url, "agents?state=2,4")).toMatchObject({ meta: { total: 1 } });

    const rival = await start(env).exit;
    expect(rival).toMatchObject({ code: 1, out: "", err: expect.stringContaining("is in use by another engine") });

    first.child.kill("SIGKILL");
    await first.exit;
    const second = start({ ...env, PARLEY_DRAIN_MS: "0", PARLEY_RESTORE_WITHIN: "0" });
    const again = /http:\/\/localhost:\d+/.exec(await second.ready)?.[0] ?? "";
    expect(await ask(again, agent)).toMatchObject({
      status: "FAILED",
      message: "agent exits with reason: The engine stopped while the agent was running",
    });

    await ask(again, "join", { name: "a", properties: { channel: "c", token: "", agent_rtc_uid: "7", remote_rtc_uids: ["*"] } });
    second.child.kill("SIGTERM");
    expect(await second.exit).toMatchObject({ code: 0, out: `Parley is ready on ${again}\n` });
  },
);

test("a port that is taken is said, with one that is free", { timeout: PATIENCE_MS }, async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const address = holder.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  expect(await start({ PORT: String(port) }).exit).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringMatching(new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken.*port \\d+ is free: PORT=`)),
  });
  await new Promise((resolve) => holder.close(resolve));
});

test("another host than loopback without credentials is refused, with the reason", { timeout: PATIENCE_MS }, async () => {
  expect(await start({ HOST: "0.0.0.0" }).exit).toMatchObject({
    code: 2,
    out: "",
    err: expect.stringContaining("HOST=0.0.0.0 opens the engine to other machines"),
  });
});
