/** Makes one thread give way to others. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/**
 * Linux keeps a niceness per thread and takes a thread's id where a process's is asked for; `/proc/thread-self` names
 * the thread that reads it. Elsewhere niceness belongs to the whole process and is left alone. Answers whether it took effect.
 */
export function niceThisThread(niceness: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    setPriority(thread, niceness);
    return true;
  } catch {
    // No /proc, or a sandbox that forbids it: the thread runs at the ordinary niceness.
    return false;
  }
}
