import pino from "pino";
import { expect, test } from "vitest";
import { Projects } from "../../projects/projects.ts";
import { addDocs } from "../docs.ts";
import { createServer } from "../server.ts";
import { openDoor, project } from "./door-stage.ts";
import { addRestDoor } from "./routes.ts";

test("the document that @parley/rest is made from is the engine's (npm run generate -w packages/rest-client)", async () => {
  const { agents, startAgent } = openDoor();
  const server = createServer({ logger: pino({ level: "silent" }), waiting: () => [] });
  addDocs(server, "0.1.0");
  addRestDoor(server, {
    projects: new Projects({ projects: [project], now: () => 0 }),
    agents,
    vendors: [],
    styles: [],
    firstUserTimeoutS: 600,
    startAgent,
    now: () => 0,
  });
  const document = (await server.inject("/openapi.json")).json<unknown>();
  await expect(`${JSON.stringify(document, null, 1)}\n`).toMatchFileSnapshot("../../../../rest-client/openapi.json");
});
