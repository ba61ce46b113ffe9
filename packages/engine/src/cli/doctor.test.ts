import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { doctor } from "./doctor.ts";
import { FakeTerminal } from "./fake-terminal.ts";

async function examine(env: Record<string, string>): Promise<{ code: number; report: { ok: boolean; checks: { name: string; status: string; detail: string; remedy?: string }[] } }> {
  const terminal = new FakeTerminal(env);
  const code = await doctor.run(["--json"], terminal);
  return { code, report: JSON.parse(terminal.lines.join("")) };
}

test("this machine can hold calls, and the credentials are made at the first start", async () => {
  const { code, report } = await examine({ PORT: "0", PARLEY_RTC__UDP_PORT: "0" });
  expect(report.checks.filter(({ status }) => status === "failed")).toEqual([]);
  expect(code).toBe(0);
  expect(report.checks.find(({ name }) => name === "cpu")?.detail).toMatch(/\d+ calls with everything embedded/);
  expect(report.checks.find(({ name }) => name === "credentials")?.detail).toMatch(/npm start/);
});

test("a taken port fails with the way out", async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { code, report } = await examine({ PORT: String(port), PARLEY_RTC__UDP_PORT: "0" });
  expect(code).toBe(1);
  expect(report.checks.find(({ name }) => name === "http port")).toMatchObject({ status: "failed", remedy: expect.stringContaining(`PORT=${port + 1}`) });
  server.close();
});

test("a configuration that cannot be used is named, and nothing else is guessed", async () => {
  const { code, report } = await examine({ PARLEY_RTC__UPD_PORT: "5" });
  expect(code).toBe(1);
  expect(report.checks.at(-1)).toMatchObject({ name: "configuration", detail: expect.stringContaining("PARLEY_RTC__UDP_PORT") });
});
