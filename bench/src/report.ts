/** Prints what was measured: the machine, tables for people, one JSON object for machines. */
import { availableParallelism, cpus, release, totalmem } from "node:os";
import type { Figure, Load } from "./scenarios.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
}

export interface Report {
  readonly date: string;
  readonly machine: Machine;
  /** Of all cores' time during the whole benchmark, 0 to 1. */
  readonly stealShare: number;
  readonly figures: readonly Figure[];
  readonly loads: readonly Load[];
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: `${process.platform} ${release()}`,
    node: process.versions.node,
  };
}

export function toMarkdown({ date, machine, stealShare, figures, loads }: Report): string {
  const { cpu, cores, memoryGb, kernel, node } = machine;
  const parts = [
    `${date}: ${cpu}, ${cores} cores, ${memoryGb} GB, ${kernel}, Node ${node}; ${percent(stealShare)} of the time was taken by the hypervisor.`,
  ];
  if (figures.length > 0) {
    const rows = figures.map(({ figure, unit, summary: { count, min, p50, p95, max } }) => [
      figure,
      String(count),
      ...[min, p50, p95, max].map((value) => value.toFixed(0)),
      unit,
    ]);
    parts.push(table(["figure", "n", "min", "p50", "p95", "max", ""], rows));
  }
  if (loads.length > 0) {
    const rows = loads.map((load) => [
      load.vendors,
      String(load.calls),
      percent(load.coreShare),
      load.residentMb.toFixed(0),
      load.mbPerCall.toFixed(1),
      load.voiceToVoice === null ? "–" : `${load.voiceToVoice.p50.toFixed(0)} / ${load.voiceToVoice.p95.toFixed(0)}`,
      String(load.unanswered),
      `${load.gapP999Ms.toFixed(0)} / ${load.gapMaxMs.toFixed(0)}`,
      String(load.framesLate),
      percent(load.busyShare),
      percent(load.stealShare),
    ]);
    const head = [
      "vendors",
      "calls",
      "of a core per call",
      "MB",
      "MB per call",
      "voice to voice p50 / p95",
      "unanswered",
      "gap p99.9 / max",
      "late frames",
      "machine busy",
      "steal",
    ];
    parts.push(table(head, rows));
  }
  return parts.join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
