/** Holds that the lint rules keep the layers: each forbidden import is refused, each permitted one passes. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-lint-"));
  copyFileSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The rules that a file with this content breaks at this place; those on types aside, since what it imports is not there. */
function lint(path: string, content: string): string[] {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  const oxlint = join(root, "node_modules", "oxlint", "bin", "oxlint");
  const { stdout, stderr } = spawnSync(process.execPath, [oxlint, "--format=json", path], {
    cwd: folder,
    encoding: "utf8",
  });
  try {
    const report = JSON.parse(stdout) as { diagnostics: { code: string }[] };
    const codes = report.diagnostics.map((diagnostic) => diagnostic.code);
    return [...new Set(codes.filter((code) => !code.startsWith("typescript(")))];
  } catch (error) {
    throw new Error(`oxlint gave no report: ${stdout}${stderr}`, { cause: error });
  }
}

const refused = "eslint(no-restricted-imports)";
const uses = (specifier: string) => `import { a } from "${specifier}";\nexport const b = a;\n`;

test.each([
  ["packages/engine/src/core/x.ts", "../errors.ts"],
  ["packages/engine/src/core/x.ts", "node:fs"],
  ["packages/engine/src/core/x.ts", "zod"],
  ["packages/engine/src/core/x.ts", "@parley/media"],
  ["packages/engine/src/core/x.test.ts", "../session/clock.ts"],
  ["packages/engine/src/session/x.ts", "../api/rest/routes.ts"],
  ["packages/engine/src/session/x.ts", "../vendors/local.ts"],
  ["packages/engine/src/session/x.ts", "../transports/channel.ts"],
  ["packages/engine/src/session/x.ts", "../rtc/channel.ts"],
  ["packages/engine/src/vendors/x.ts", "../transports/transport.ts"],
  ["packages/engine/src/transports/websocket.ts", "../rtc/channel.ts"],
  ["packages/protocol/src/x.ts", "node:buffer"],
])("%s may not import %s", (path, specifier) => {
  expect(lint(path, uses(specifier))).toEqual([refused]);
});

test.each([
  ["packages/engine/src/core/x.ts", "./frame.ts"],
  ["packages/engine/src/core/x.test.ts", "fast-check"],
  ["packages/engine/src/session/x.ts", "../core/frame.ts"],
  ["packages/engine/src/session/x.ts", "../vendors/vendor.ts"],
  ["packages/engine/src/session/x.ts", "../transports/transport.ts"],
  ["packages/engine/src/transports/channel.ts", "../rtc/channel.ts"],
  ["packages/protocol/src/x.ts", "zod"],
])("%s may import %s", (path, specifier) => {
  expect(lint(path, uses(specifier))).toEqual([]);
});

test.each(["Date.now()", "performance.now()", "setTimeout(() => 1, 1)", "process.pid"])(
  "a core may not look at the world by %s",
  (expression) => {
    expect(lint("packages/engine/src/core/x.ts", `export const a = ${expression};\n`)).toEqual(["eslint(no-restricted-globals)"]);
  },
);

test("a circle of imports is refused", () => {
  lint("packages/engine/src/session/a.ts", `import { b } from "./b.ts";\nexport const a = b;\n`);
  expect(lint("packages/engine/src/session/b.ts", `import { a } from "./a.ts";\nexport const b = a;\n`)).toContain("import(no-cycle)");
});

test("a file of more than 500 lines is refused", () => {
  expect(lint("packages/engine/src/session/x.ts", `${"// a line\n".repeat(501)}export const a = 1;\n`)).toEqual(["eslint(max-lines)"]);
});
