import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, test } from "vitest";
import { cpuSecondsOf, machineTimeOf, statusValue, stealShare, usageOf } from "./process-usage.ts";

test("processor time is found behind a name with spaces and parentheses", () => {
  expect(cpuSecondsOf("42 (node (main) x) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 11 0 12345 1 1")).toBe(3);
});

test("a status without the value is an error, not a zero", () => {
  expect(statusValue("Name:\tnode\nVmRSS:\t  2048 kB\nThreads:\t12\n", "VmRSS")).toBe(2048);
  expect(() => statusValue("Name:\tnode\n", "VmRSS")).toThrow(/VmRSS/);
});

test("steal is a share of all cores' time", () => {
  const before = machineTimeOf("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
  const after = machineTimeOf("cpu  200 0 200 1500 50 0 0 50 0 0\ncpu0 1 1 1 1\n");
  expect(before).toEqual({ totalS: 10, stealS: 0, idleS: 8 });
  expect(stealShare(before, after)).toBe(0.05);
});

test("this process's own sockets, threads and memory are seen", async () => {
  const before = usageOf(process.pid);
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const after = usageOf(process.pid);
  socket.close();
  expect(after.sockets).toBe(before.sockets + 1);
  expect(after.threads).toBeGreaterThan(1);
  expect(after.residentMb).toBeGreaterThan(10);
  expect(after.cpuS).toBeGreaterThanOrEqual(before.cpuS);
});
