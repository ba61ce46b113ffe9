/** What a client's message asks for, once its door has read it: the session does not know how it is spelt. */
import type { SayPriority } from "../core/turn-contract.ts";
import type { OfferedPicture, RefusedPicture } from "./pictures.ts";

export type ClientMessage =
  | { type: "text"; text: string; priority: SayPriority }
  | { type: "interrupt" }
  /** Marks the start or the end of its person's speech; the answer names the request. */
  | { type: "mark"; mark: "start" | "end"; requestId: string }
  /** An image for the language model, or why it cannot be one. */
  | { type: "picture"; picture: OfferedPicture | RefusedPicture }
  /** Not understood: told to the client and the log. */
  | { type: "invalid"; message: string };

export type ReadMessage = (customType: string, body: string) => ClientMessage;
