/**
 * Builds the page after `npm ci`, so that `npm start` builds nothing. Runs on whatever Node npm runs on (20 or later);
 * Vite itself runs on the pinned Node of node_modules. In a production install there is no Vite, and nothing to do.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const vite = join(root, "node_modules", "vite", "bin", "vite.js");
const pinnedNode = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
const page = join(root, "packages", "console");

if (!existsSync(vite) || !existsSync(join(page, "index.html"))) {
  console.error("prepare: no Vite or no page here, nothing to build");
} else {
  const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;
  const { status, error } = spawnSync(node, [vite, "build", "--logLevel", "warn", page], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
  });
  if (error) console.error(`prepare: the page could not be built: ${error.message}`);
  process.exitCode = status ?? 1;
}
