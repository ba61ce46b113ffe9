/** `npm run bench`: measures the engine on this machine with real calls over loopback. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { machineTime, stealShare } from "./process-usage.ts";
import { measureJoin, measureRestLoad } from "./rest.ts";
import { type Report, thisMachine, toMarkdown } from "./report.ts";
import { type Figure, fullScale, type Load, measureLatency, measureLoad, measureStart, quickScale, type Scale } from "./scenarios.ts";

const help = `Usage: npm run bench -- [--only start,latency,hosted,embedded,gaps,rest] [--quick] [--turns N] [--json FILE]

  --only    parts to run: start (start to ready), latency (one call at a time), hosted and embedded (calls at once),
            gaps (RTP arrival with four embedded calls), rest (the REST door, alone and beside calls); default: all
  --quick   few repetitions, to see that it works
  --turns   turns that each latency figure rests on (default 20)
  --json    also write the figures to this file`;

const parts = ["start", "latency", "hosted", "embedded", "gaps", "rest"] as const;
type Part = (typeof parts)[number];
/** Calls at once in the measurement of gaps. */
const GAP_CALLS = 4;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    turns: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
if (process.platform !== "linux") {
  console.error("The benchmark reads /proc and runs on Linux only.");
  process.exit(1);
}
const wanted = chosen(values.only);
const whole = values.quick ? quickScale : fullScale;
const scale: Scale = { ...whole, turns: values.turns === undefined ? whole.turns : atLeastOne("--turns", values.turns) };
const note = (text: string): void => console.error(text);

const before = machineTime();
const figures: Figure[] = [];
const loads: Load[] = [];
if (wanted.has("start")) figures.push(...(await measureStart(scale, note)));
if (wanted.has("latency")) {
  figures.push(...(await measureLatency("hosted", scale, note)));
  figures.push(...(await measureLatency("embedded", scale, note)));
}
if (wanted.has("hosted")) for (const calls of scale.hostedCalls) loads.push(await measureLoad("hosted", calls, scale, note));
if (wanted.has("embedded")) for (const calls of scale.embeddedCalls) loads.push(await measureLoad("embedded", calls, scale, note));
if (wanted.has("gaps")) for (let run = 0; run < scale.gapRuns; run += 1) loads.push(await measureLoad("embedded", GAP_CALLS, scale, note));
if (wanted.has("rest")) {
  figures.push(...(await measureJoin(scale, note)));
  const beside = await measureRestLoad(scale, note);
  figures.push(...beside.figures);
  loads.push(...beside.loads);
}

const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  machine: thisMachine(),
  stealShare: stealShare(before, machineTime()),
  figures,
  loads,
};
console.log(toMarkdown(report));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
process.exit(0);

function chosen(only: string | undefined): ReadonlySet<Part> {
  if (only === undefined) return new Set(parts);
  const names = only.split(",");
  const known = parts.filter((part) => names.includes(part));
  const unknown = names.filter((name) => !parts.some((part) => part === name));
  if (unknown.length === 0) return new Set(known);
  console.error(`--only: there is no part ${unknown.join(", ")}; there are ${parts.join(", ")}`);
  process.exit(2);
}

function atLeastOne(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  console.error(`${flag}: ${JSON.stringify(text)} is not a whole number from 1`);
  process.exit(2);
}
