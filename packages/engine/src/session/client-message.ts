/** What a client's message asks for, once its door has read it: the session does not know how it is spelt. */
import type { SayPriority, TurnInput } from "../core/turn-contract.ts";
import { AppError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { Feed } from "./feed.ts";
import type { OfferedPicture, Pictures, RefusedPicture } from "./pictures.ts";

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

interface Obeying {
  readonly clock: Clock;
  readonly input: (input: TurnInput) => unknown;
  readonly interrupt: () => void;
  readonly pictures: Pictures;
  readonly feed: Feed;
}

/** Does what the person's message asks for. */
export function obey(message: ClientMessage, uid: string, { clock, input, interrupt, pictures, feed }: Obeying): void {
  switch (message.type) {
    case "text":
      input({ type: "text", at: clock.now(), uid, text: message.text, priority: message.priority });
      break;
    case "interrupt":
      interrupt();
      break;
    case "mark":
      input({ ...message, at: clock.now(), uid });
      break;
    case "picture":
      pictures.offer(message.picture, uid);
      break;
    case "invalid":
      feed.fail("session", new AppError("invalid-field", message.message));
      break;
  }
}
