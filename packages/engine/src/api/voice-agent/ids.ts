/** The ids of the Voice Agent socket, in the form that the contract gives each kind. */
import { randomBytes } from "node:crypto";

export type IdPrefix = "sess" | "resp" | "msg";

/** `resp` becomes `resp_` and 32 hexadecimal digits. */
export type MakeId = (prefix: IdPrefix) => string;

export const randomId: MakeId = (prefix) => `${prefix}_${randomBytes(16).toString("hex")}`;
