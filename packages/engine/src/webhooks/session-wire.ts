/** Webhooks of the Voice Agent door on the wire: the body as it was written down, and `X-AAI-Signature` over time and body. Pure. */
import { createHmac } from "node:crypto";
import type { Wire } from "./envelope.ts";

export const sessionWire: Wire = {
  toBody: ({ payload }) => payload,

  toHeaders: (body, secret, notifyMs) => {
    const seconds = Math.floor(notifyMs / 1000);
    const signature = createHmac("sha256", secret).update(`${seconds}.${body}`, "utf8").digest("hex");
    return { "content-type": "application/json", "user-agent": "parley", "x-aai-signature": `t=${seconds},v1=${signature}` };
  },

  isReceived: (status) => status >= 200 && status < 300,
  received: "2xx",
};
