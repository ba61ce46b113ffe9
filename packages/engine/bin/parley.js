#!/usr/bin/env node
/**
 * The `parley` command: starts the source in a clone, `dist` where it is published. Plain JavaScript, for any Node:
 * where the one at hand is too old, the one that npm has installed takes over.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The first Node that runs TypeScript without a flag. */
const oldest = [22, 18];

const source = fileURLToPath(new URL("../src/cli/parley.ts", import.meta.url));
const built = fileURLToPath(new URL("../dist/cli/parley.js", import.meta.url));
const program = existsSync(source) ? ["--conditions=source", source] : [built];

const node = isNewEnough(process.versions.node) ? process.execPath : pinnedNode();
if (node === undefined) {
  console.error(`parley needs Node ${oldest.join(".")} or newer, and this is ${process.versions.node}: install it from https://nodejs.org`);
  process.exit(1);
}

const child = spawn(node, [...program, ...process.argv.slice(2)], { stdio: "inherit" });
// On a terminal the child has its own; what another process sends is passed on.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("error", (error) => {
  console.error(`parley could not start ${node}: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  // Ends as the child did, so that whoever started us sees the same.
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

/** @returns {string | undefined} */
function pinnedNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("node/package.json"));
    const file = join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}
