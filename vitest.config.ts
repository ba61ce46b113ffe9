/** How the tests run: in forked processes, on the source of every package, the browser tests one file at a time. */
import { defineConfig } from "vitest/config";

const conditions = ["source"];
const exclude = ["**/node_modules/**", "**/dist/**"];

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  // node-datachannel works on the main thread of a process only, so tests never share one as threads.
  test: { pool: "forks" as const, execArgv: conditions.map((condition) => `--conditions=${condition}`), exclude },
};

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          ...shared.test,
          name: "packages",
          include: ["{packages/*/src,bench/src,examples/*/src,scripts}/**/*.test.{ts,tsx}"],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          ...shared.test,
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
