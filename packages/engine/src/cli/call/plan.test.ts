import { expect, test } from "vitest";
import { UsageError } from "../command.ts";
import { readPlan } from "./plan.ts";

test("files are turns, and what is said into an answer belongs to the file before it", () => {
  const { turns } = readPlan([
    "--channel",
    "demo",
    "a.wav",
    "--say-at",
    "1500",
    "stop.wav",
    "b.wav",
    "--timeout",
    "5",
    "--say-at",
    "200",
    "hm.wav",
  ]);
  expect(turns).toEqual([
    { file: "a.wav", bargeIn: { afterMs: 1500, file: "stop.wav" } },
    { file: "b.wav", bargeIn: { afterMs: 200, file: "hm.wav" } },
  ]);
});

test("what is left out has its default", () => {
  expect(readPlan(["a.wav"])).toEqual({
    turns: [{ file: "a.wav" }],
    url: undefined,
    channel: undefined,
    uid: undefined,
    startAgent: true,
    propertiesFile: undefined,
    waitForGreeting: true,
    out: undefined,
    timeoutMs: 30_000,
    json: false,
  });
});

test("--say-at before the only file belongs to it", () => {
  expect(readPlan(["--say-at", "10", "b.wav", "a.wav"]).turns).toEqual([{ file: "a.wav", bargeIn: { afterMs: 10, file: "b.wav" } }]);
});

test.each([
  [[], /a WAV file is missing/],
  [["a.wav", "--now", "--wait-greeting"], /exclude each other/],
  [["a.wav", "--no-agent", "--properties", "p.json"], /--no-agent starts none/],
  [["a.wav", "--say-at", "500"], /two values/],
  [["a.wav", "--say-at", "soon", "b.wav"], /"soon" is not a whole number/],
  [["a.wav", "--say-at", "1", "b.wav", "--say-at", "2", "c.wav"], /one for each file/],
  [["a.wav", "--url", "localhost:8080"], /is no address/],
  [["a.wav", "--timeout", "0"], /from 1 to 1800/],
  [["a.wav", "--channel", "ü"], /--channel: "ü"/],
  [["a.wav", "--loud"], /--loud/],
])("%j is refused with what is allowed", (args, message) => {
  expect(() => readPlan(args)).toThrow(message);
  expect(() => readPlan(args)).toThrow(UsageError);
});
