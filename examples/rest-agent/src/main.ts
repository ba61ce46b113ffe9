/** Starts an agent in a channel, makes it speak, reads what was said and how long it took, and lets it go. */
import { setTimeout as pause } from "node:timers/promises";
import { restClient } from "@parley/rest";

const { PARLEY_URL: url = "http://localhost:8080", PARLEY_APP_ID, PARLEY_CUSTOMER_ID, PARLEY_CUSTOMER_SECRET } = process.env;
if (PARLEY_APP_ID === undefined || PARLEY_CUSTOMER_ID === undefined || PARLEY_CUSTOMER_SECRET === undefined) {
  console.error("Set PARLEY_APP_ID, PARLEY_CUSTOMER_ID and PARLEY_CUSTOMER_SECRET: the engine prints them when it starts.");
  process.exit(2);
}
/** A text is spoken well within this. */
const PATIENCE_MS = 20_000;

const parley = restClient({ url, appId: PARLEY_APP_ID, customerId: PARLEY_CUSTOMER_ID, customerSecret: PARLEY_CUSTOMER_SECRET });

const { agent_id: agentId, status } = await parley.join({
  body: {
    name: `guide-${Date.now()}`,
    properties: { channel: "museum", token: "", agent_rtc_uid: "0", remote_rtc_uids: ["*"] },
  },
});
console.log(`${agentId} is ${status} in the channel "museum".`);

try {
  const { action } = await parley.speak({ agentId, body: { text: "Welcome to the museum. We close at six.", priority: "APPEND" } });
  console.log(`The text is ${action}.`);

  const [turn] = await finishedTurns();
  if (turn === undefined) throw new Error("The text was not spoken in time.");
  console.log(`Turn ${turn.turn_id}, ${turn.start.type}: ${turn.end.type}, ${turn.end.end_at - turn.start.start_at} ms.`);

  const { contents } = await parley.history({ agentId });
  for (const { role, content } of contents) console.log(`${role}: ${content}`);
} finally {
  await parley.leave({ agentId });
  console.log("It has left.");
}

/** A turn is told when it has ended: the last word has been played. */
async function finishedTurns() {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await pause(250)) {
    const { turns } = await parley.turns({ agentId });
    if (turns.length > 0) return turns;
  }
  return [];
}
