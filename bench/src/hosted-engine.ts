/** The engine with simulated vendors at 0 ms beside the embedded ones: what remains is the engine's own time. */
import { type LlmMessage, runEngine } from "@parley/engine";
import { simulatedVendors } from "@parley/simulators";
import { z } from "zod";

/** About eight seconds of the simulated voice: long enough to be interrupted. */
const LONG = "This is an answer of some length. It goes on for a while so that there is time to interrupt it. And then it ends.";
const SHORT = "All right then.";

/** The first, third, fifth question of a call gets a long answer, the others, which may have interrupted it, a short one. */
async function* answer(messages: readonly LlmMessage[]): AsyncGenerator<string, void, undefined> {
  const asked = messages.filter(({ role }) => role === "user").length;
  yield* asked % 2 === 1 ? LONG.split(/(?= )/) : [SHORT];
}

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());

const code = await runEngine({
  env: process.env,
  cwd: process.cwd(),
  out: (text) => process.stdout.write(`${text}\n`),
  note: (text) => process.stderr.write(`${text}\n`),
  signal: stopping.signal,
  vendors: simulatedVendors({ transcripts: ["How old is the Brooklyn Bridge?"], delayMs: 0 }).vendors,
  styles: [{ name: "simulated", options: z.looseObject({}), open: () => answer }],
});
process.exit(code);
