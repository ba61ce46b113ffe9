/** How fast the REST door answers, and whether calls notice that it is asked. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { restClient } from "@parley/rest";
import { Asked, type Asking } from "./asking.ts";
import { EngineProcess, project } from "./engine-process.ts";
import { type Figure, figure, type Load, measureLoad, type Scale } from "./scenarios.ts";

/** Requests of a second beside running calls. */
const REQUESTS_PER_S = 200;
/** Of them, with everything embedded. */
const CALLS = 4;

const [{ id: customerId, secret: customerSecret }] = project.customers;

/** `join` with the embedded defaults, one after the other, each agent alone on the engine. */
export async function measureJoin({ joins }: Scale, note: (text: string) => void): Promise<Figure[]> {
  note(`rest: ${joins} joins`);
  await using engine = await EngineProcess.start({ vendors: "embedded" });
  const parley = restClient({ url: engine.url, appId: project.appId, customerId, customerSecret, retries: 0 });
  const answered: number[] = [];
  // The first requests of a process pay for what is loaded late; they are not counted.
  for (let number = -5; number < joins; number += 1) {
    const begun = performance.now();
    const { agent_id: agentId } = await parley.join({
      body: {
        name: `join ${number}`,
        properties: { channel: `join-${number}`, token: "", agent_rtc_uid: "0", remote_rtc_uids: ["*"] },
      },
    });
    if (number >= 0) answered.push(performance.now() - begun);
    await parley.leave({ agentId });
  }
  return [figure("join to its answer, everything embedded", answered)];
}

/** The same calls without and with the load: what differs is its doing. */
export async function measureRestLoad(scale: Scale, note: (text: string) => void): Promise<{ figures: Figure[]; loads: Load[] }> {
  note("rest: calls without requests");
  const quiet = await measureLoad("embedded", CALLS, scale, note);
  note(`rest: calls and ${REQUESTS_PER_S} requests a second`);
  const asked: Asked[] = [];
  const busy = await measureLoad("embedded", CALLS, scale, note, async (url) => {
    asked.push(await askFor({ url, seconds: scale.windowS, perSecond: REQUESTS_PER_S }));
  });
  const latencies = asked.flatMap(({ latenciesMs }) => latenciesMs);
  const failures = asked.flatMap((one) => one.failures);
  if (failures.length > 0) throw new Error(`${failures.length} requests failed, the first: ${failures[0]}`);
  return {
    figures: [figure(`list and get, ${REQUESTS_PER_S} a second beside ${CALLS} embedded calls`, latencies)],
    loads: [
      { ...quiet, vendors: "embedded, no requests" },
      { ...busy, vendors: `embedded, ${REQUESTS_PER_S} requests/s` },
    ],
  };
}

/** In a thread of its own: callers, which are in this one, must not wait for it. */
async function askFor(asking: Asking): Promise<Asked> {
  const worker = new Worker(new URL("./rest-load.ts", import.meta.url), { workerData: asking });
  const told: unknown[] = await once(worker, "message");
  await worker.terminate();
  return Asked.parse(told[0]);
}
