/** The agent that `parley call` starts by the REST door, and takes away again. */
import { randomBytes, randomInt } from "node:crypto";
import { rest } from "@parley/protocol";
import type { Project } from "../../projects/project.ts";
import { CallFailure } from "./failure.ts";

export interface StartedAgent extends AsyncDisposable {
  readonly agentId: string;
  readonly uid: string;
}

/** Silence that ends a turn, in milliseconds, as on the page. */
const SILENCE_MS = 480;
const GREETING = "Hello! I am Parley. Ask me something.";
const ANSWER_MS = 15_000;

export interface AgentOrder {
  readonly url: string;
  readonly project: Pick<Project, "appId" | "customers">;
  readonly channel: string;
  /** Laid over the defaults, field by field of the first level. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

export async function startRestAgent({ url, project, channel, properties, signal }: AgentOrder): Promise<StartedAgent> {
  const uid = String(randomInt(1_000_000_000, 2_000_000_000));
  const [customer] = project.customers;
  if (customer === undefined) {
    throw new CallFailure(
      "unauthenticated",
      `project ${project.appId} has no customer`,
      "Set PARLEY_CUSTOMER_ID and PARLEY_CUSTOMER_SECRET.",
    );
  }
  const headers = {
    authorization: `Basic ${Buffer.from(`${customer.id}:${customer.secret}`).toString("base64")}`,
    "content-type": "application/json",
  };
  const base = `${url}/api/conversational-ai-agent/v2/projects/${project.appId}`;
  const body = {
    name: `call-${randomBytes(6).toString("hex")}`,
    properties: {
      channel,
      token: "",
      agent_rtc_uid: uid,
      remote_rtc_uids: ["*"],
      idle_timeout: 15,
      vad: { silence_duration_ms: SILENCE_MS },
      llm: { style: "local", greeting_message: GREETING },
      parameters: { enable_error_message: true },
      ...properties,
    },
  };
  const response = await request(`${base}/join`, { method: "POST", headers, body: JSON.stringify(body) }, signal);
  const { agent_id: agentId } = rest.Joined.parse(await response.json());
  const agentUid = properties["agent_rtc_uid"];
  return {
    agentId,
    uid: typeof agentUid === "string" ? agentUid : uid,
    async [Symbol.asyncDispose]() {
      // It may have gone by itself; the idle timeout takes it away where this does not reach the engine.
      await fetch(`${base}/agents/${agentId}/leave`, { method: "POST", headers, body: "{}", signal: AbortSignal.timeout(ANSWER_MS) }).catch(
        () => undefined,
      );
    },
  };
}

async function request(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
  } catch (error) {
    if (signal.aborted) throw error;
    const { origin } = new URL(url);
    throw new CallFailure("unreachable", `no engine answers at ${origin}`, "Start it with npm start, or name another with --url.", {
      cause: error,
    });
  }
  if (response.ok) return response;
  const text = await response.text();
  const parsed = rest.ErrorBody.safeParse(tryJson(text));
  const { detail, reason } = parsed.success ? parsed.data : { detail: text.slice(0, 200), reason: `http-${response.status}` };
  throw new CallFailure(
    reason,
    `the engine refused to start the agent (${response.status}): ${detail}`,
    remedies[response.status] ?? "See the engine's log.",
  );
}

const remedies: Readonly<Record<number, string>> = {
  400: "Correct the field that the message names.",
  401: "Use the credentials of this engine: PARLEY_CUSTOMER_ID and PARLEY_CUSTOMER_SECRET, or run in the folder where it was started.",
  403: "Use the credentials of this engine: PARLEY_APP_ID, PARLEY_CUSTOMER_ID and PARLEY_CUSTOMER_SECRET.",
  422: "Let a call end, or set PARLEY_CAPACITY__EMBEDDED_CALLS.",
  503: "Wait until /readyz answers 200.",
};

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
