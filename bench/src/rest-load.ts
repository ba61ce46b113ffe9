/** A thread that asks the REST door so often in a second, by turns for the list and for one agent, whether answers come or not. */
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { restClient } from "@parley/rest";
import { type Asked, Asking } from "./asking.ts";
import { project } from "./engine-process.ts";

const { url, seconds, perSecond } = Asking.parse(workerData);
const [{ id: customerId, secret: customerSecret }] = project.customers;
const parley = restClient({ url, appId: project.appId, customerId, customerSecret, retries: 0 });
const { data } = await parley.listAgents({});
const agents = data.list.map(({ agent_id: agentId }) => agentId);

const latenciesMs: number[] = [];
const failures: string[] = [];
/** Everything is set up by then. */
const begun = performance.now() + 100;
const asked = Array.from({ length: seconds * perSecond }, async (_, number) => {
  const due = begun + (number * 1000) / perSecond;
  await pause(Math.max(0, due - performance.now()));
  try {
    const agentId = agents[number % agents.length];
    if (number % 2 === 0 || agentId === undefined) await parley.listAgents({});
    else await parley.getAgent({ agentId });
    // A timer may be early by the fraction of a millisecond that it cannot count.
    latenciesMs.push(Math.max(0, performance.now() - due));
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  }
});
await Promise.all(asked);
parentPort?.postMessage({ latenciesMs, failures } satisfies Asked);
