/** Makes the client's types and its table of endpoints from the OpenAPI document, and holds the file in the repository to them. */
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import openapiTs, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";
import { z } from "zod";

const document: unknown = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
const Paths = z.object({ paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))) });

test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(z.record(z.string(), z.unknown()).parse(document));
  expect([valid, errors, validator.version]).toEqual([true, undefined, "3.1"]);
});

test("the generated file is what the document says", async () => {
  const types = astToString(await openapiTs(JSON.stringify(document), { silent: true }));
  const endpoints = Object.entries(Paths.parse(document).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `  ${operationId}: [${JSON.stringify(method)}, ${JSON.stringify(path)}],`),
  );
  const text = `/** Made from openapi.json by generated.test.ts: npm run generate -w packages/rest-client. */\n${types}
/** Method and path of each operation. */
export const endpoints = {
${endpoints.join("\n")}
} as const;
`;
  await expect(text).toMatchFileSnapshot("./generated.ts");
});
