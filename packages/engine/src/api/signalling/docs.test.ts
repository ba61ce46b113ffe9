import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errors } from "../../errors.ts";

const page = readFileSync(new URL("../../../../../docs/signalling.md", import.meta.url), "utf8");
const table = page.slice(page.indexOf("## Errors"));
const documented = [...table.matchAll(/`([a-z-]+)`/g)]
  .map(([, code]) => code ?? "")
  .filter((code) => code.includes("-") || code === "forbidden");

test("every error code of the page is in the table of errors", () => {
  expect(documented.length).toBeGreaterThan(15);
  expect(documented.filter((code) => !Object.hasOwn(errors, code))).toEqual([]);
});

test("every code that signalling and channels throw is on the page", () => {
  const sources = ["client.ts", "admission.ts", "signalling.ts", "../../rtc/channel.ts", "../../rtc/person.ts", "../../projects/tokens.ts"];
  const thrown = sources.flatMap((file) =>
    [...readFileSync(new URL(file, import.meta.url), "utf8").matchAll(/new AppError\(\s*"([a-z-]+)"/g)].map(([, code]) => code ?? ""),
  );
  expect(new Set(thrown).size).toBeGreaterThan(12);
  expect([...new Set(thrown)].filter((code) => !documented.includes(code))).toEqual([]);
});
