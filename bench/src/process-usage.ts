/** What a process uses, and what the machine gives, read from Linux's /proc. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessUsage {
  /** Processor time so far, user and system, in seconds, all threads. */
  readonly cpuS: number;
  readonly residentMb: number;
  readonly threads: number;
  readonly sockets: number;
  readonly descriptors: number;
}

/** Clock ticks in a second as /proc counts them: fixed at 100 on Linux (proc(5), USER_HZ). */
const TICKS_PER_S = 100;
const KIB_PER_MB = 1000 / 1.024;

/** Fields of /proc/PID/stat (proc(5)): the name may hold anything, so counting begins behind its closing parenthesis. */
export function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // utime and stime are fields 14 and 15; field 3 is the first one here.
  const [utime, stime] = [fields[11], fields[12]].map(Number);
  if (utime === undefined || stime === undefined || Number.isNaN(utime + stime))
    throw new Error(`No processor time in ${JSON.stringify(stat)}`);
  return (utime + stime) / TICKS_PER_S;
}

/** A value of /proc/PID/status by its name, for instance `VmRSS` in KiB. */
export function statusValue(status: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1];
  if (found === undefined) throw new Error(`No ${name} in the status of the process`);
  return Number(found);
}

export function usageOf(pid: number): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const links = readdirSync(`/proc/${pid}/fd`).map((descriptor) => linkOf(`/proc/${pid}/fd/${descriptor}`));
  return {
    cpuS: cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, "utf8")),
    residentMb: statusValue(status, "VmRSS") / KIB_PER_MB,
    threads: statusValue(status, "Threads"),
    sockets: links.filter((link) => link.startsWith("socket:")).length,
    descriptors: links.length,
  };
}

/** Empty for a descriptor that has been closed since it was listed. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

export interface MachineTime {
  /** Seconds of all cores together. */
  readonly totalS: number;
  /** Of these, taken away by the hypervisor. */
  readonly stealS: number;
  readonly idleS: number;
}

/** The first line of /proc/stat (proc(5)): user nice system idle iowait irq softirq steal guest guest_nice. */
export function machineTimeOf(stat: string): MachineTime {
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "").split(" ").map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks;
  // Guest time is part of user time already.
  const total = user + nice + system + idle + iowait + irq + softirq + steal;
  return { totalS: total / TICKS_PER_S, stealS: steal / TICKS_PER_S, idleS: (idle + iowait) / TICKS_PER_S };
}

export function machineTime(): MachineTime {
  return machineTimeOf(readFileSync("/proc/stat", "utf8"));
}

/** Share of the time between two readings that the hypervisor took, 0 to 1. */
export function stealShare(before: MachineTime, after: MachineTime): number {
  const total = after.totalS - before.totalS;
  return total === 0 ? 0 : (after.stealS - before.stealS) / total;
}
