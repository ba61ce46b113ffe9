/** A webhook as it goes over the wire: its body, and both signatures over the body's bytes (sections 7.1 and 7.2 of the contract). Pure. */
import { createHmac } from "node:crypto";

export interface Envelope {
  readonly noticeId: string;
  readonly agentId: string;
  readonly eventType: number;
  /** JSON. */
  readonly payload: string;
}

/** How webhooks look on the wire. */
export interface Wire {
  /** `notifyMs`: of this attempt, Unix milliseconds. */
  toBody(envelope: Envelope, notifyMs: number): string;
  toHeaders(body: string, secret: string, notifyMs: number): Readonly<Record<string, string>>;
  /** Whether an answer's status says that it has arrived. */
  isReceived(status: number): boolean;
  /** The same for people. */
  readonly received: string;
}

/** Of conversational agents among the products that the contract's notifications serve. */
const PRODUCT_ID = 17;

/** `notifyMs`: of this attempt, Unix milliseconds; all else is the same in each. */
export function toBody({ noticeId, agentId, eventType, payload }: Envelope, notifyMs: number): string {
  const head = JSON.stringify({ sid: agentId, noticeId, productId: PRODUCT_ID, eventType, notifyMs });
  return `${head.slice(0, -1)},"payload":${payload}}`;
}

export function toHeaders(body: string, secret: string): Readonly<Record<string, string>> {
  return {
    "content-type": "application/json",
    "user-agent": "parley",
    "agora-signature": sign("sha1", body, secret),
    "agora-signature-v2": sign("sha256", body, secret),
  };
}

export const channelWire: Wire = { toBody, toHeaders, isReceived: (status) => status === 200, received: "200" };

function sign(algorithm: "sha1" | "sha256", body: string, secret: string): string {
  return createHmac(algorithm, secret).update(body, "utf8").digest("hex");
}
