/** `npm run soak`: many calls one after the other, then several at once for a while; nothing of them may stay. */
import { parseArgs } from "node:util";
import { setTimeout as pause } from "node:timers/promises";
import { accountOf, type Conversation, type Line } from "@parley/engine/call";
import { type AgentWish, holdCall, recording } from "./calls.ts";
import { EngineProcess } from "./engine-process.ts";
import { type Inspection, leaks } from "./inspection.ts";

const help = `Usage: npm run soak -- [--calls N] [--at-once N] [--seconds S]

  --calls     calls one after the other (default 200)
  --at-once   calls at once afterwards (default 8)
  --seconds   for so long (default 120)

Everything is embedded. Exit 0: memory came back, no socket, thread or timer stayed, every call was answered.`;

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "200" },
    "at-once": { type: "string", default: "8" },
    seconds: { type: "string", default: "120" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
if (process.platform !== "linux") {
  console.error("The soak reads /proc and runs on Linux only.");
  process.exit(1);
}
const [calls, atOnce, seconds] = [values.calls, values["at-once"], values.seconds].map(Number);
if (calls === undefined || atOnce === undefined || seconds === undefined || !(calls > 0 && atOnce > 0 && seconds > 0)) {
  console.error(help);
  process.exit(2);
}

const agent: AgentWish = { vendors: "embedded", silenceMs: 256, greeting: false };
/** Calls until caches are full and code is compiled: what is held then is what may be held. */
const WARM_UP = 20;
/** Connections that end take a while to be forgotten: ICE, DTLS and WebSocket close on their own time. */
const SETTLE_S = 45;
const pcm = recording("cmd-book-a-room");

const problems: string[] = [];
const engine = await EngineProcess.start({ vendors: "inspected" });
try {
  await inSeries(Math.min(WARM_UP, calls), "warm-up");
  // As many at once as later, so that pools have their size.
  await together(atOnce, 10);
  await pause(SETTLE_S * 1000);
  const before = await engine.inspect();
  show("before", before);

  await inSeries(calls, "call");
  await compare(before, `after ${calls} calls one after the other`);
  await together(atOnce, seconds);
  await compare(before, `after ${atOnce} calls at once for ${seconds} s`);
} finally {
  await engine[Symbol.asyncDispose]();
}
for (const problem of problems) console.log(`FAILED ${problem}`);
console.log(problems.length === 0 ? "nothing stayed" : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

async function inSeries(count: number, name: string): Promise<void> {
  let unanswered = 0;
  for (let index = 0; index < count; index += 1) {
    const conversation = await holdCall({ url: engine.url, agent, lines: [{ pcm }] });
    if (conversation.unanswered) unanswered += 1;
    if ((index + 1) % 20 === 0) console.error(`${name} ${index + 1} of ${count}`);
  }
  if (unanswered > 0) problems.push(`${unanswered} of ${count} calls got no answer`);
}

async function together(count: number, forS: number): Promise<void> {
  console.error(`${count} calls at once for ${forS} s`);
  const hangUp = AbortSignal.timeout(forS * 1000);
  const lines = Array.from({ length: 1000 }, (): Line => ({ pcm }));
  const held = await Promise.all(
    Array.from({ length: count }, async () => await holdCall({ url: engine.url, agent, lines, signal: hangUp })),
  );
  const turns = held.flatMap(completeTurns);
  const answered = turns.filter(({ voiceToVoiceMs }) => voiceToVoiceMs !== null).length;
  console.log(`${count} at once: ${answered} of ${turns.length} questions answered`);
  if (answered < turns.length) problems.push(`${turns.length - answered} of ${turns.length} questions got no answer`);
}

/** The last one was cut by hanging up. */
function completeTurns({ utterances, hearing }: Conversation): ReturnType<typeof accountOf> {
  return accountOf({ utterances, sounds: hearing.sounds, messages: hearing.messages }).slice(0, -1);
}

/** Looks again and again until nothing is left over, or the time to settle is up. */
async function compare(before: Inspection, when: string): Promise<void> {
  let after = await engine.inspect();
  for (let waited = 0; waited < SETTLE_S && leaks(before, after).length > 0; waited += 5) {
    await pause(5000);
    after = await engine.inspect();
  }
  show(when, after);
  problems.push(...leaks(before, after).map((leak) => `${when}: ${leak}`));
}

function show(when: string, { heapMb, residentMb, threads, sockets, descriptors, resources }: Inspection): void {
  const kinds = Object.entries(resources).map(([kind, count]) => `${count} ${kind}`);
  console.log(
    `${when}: heap ${heapMb.toFixed(1)} MB, resident ${residentMb.toFixed(0)} MB, ${threads} threads, ${sockets} sockets, ${descriptors} descriptors, ${kinds.join(", ")}`,
  );
}
