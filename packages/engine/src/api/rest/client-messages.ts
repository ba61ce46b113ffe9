/** What clients send to an agent over the data channel (section 8.6 of the REST contract), read into what it asks for: pure. */
import { ManualMark, TypedText } from "@parley/protocol";
import { z } from "zod";
import type { ClientMessage } from "../../session/client-message.ts";
import { readPicture } from "./picture.ts";

/** Agora's toolkits spell the priorities differently: `interrupted`, `INTERRUPT`. */
const priorities: Readonly<Record<string, "interrupt" | "append" | "ignore">> = {
  interrupt: "interrupt",
  interrupted: "interrupt",
  append: "append",
  ignore: "ignore",
};

const Body = z.record(z.string(), z.unknown());

export function readClientMessage(customType: string, text: string): ClientMessage {
  const body = parseBody(text);
  // Some clients send the body of one kind under the name of another.
  const named = body?.["customType"];
  const kind = named === "message.interrupt" ? named : customType;
  switch (kind) {
    case "message.interrupt":
      return { type: "interrupt" };
    case "user.transcription": {
      const typed = TypedText.safeParse(body);
      if (!typed.success) return invalid('user.transcription: {"message": "…"} with 1 to 8192 characters is expected');
      const priority = priorities[(typed.data.priority ?? "interrupt").toLowerCase()];
      if (priority === undefined)
        return invalid(
          `user.transcription.priority: ${JSON.stringify(typed.data.priority)} is not supported. Allowed: interrupt, append, ignore`,
        );
      return { type: "text", text: typed.data.message, priority };
    }
    case "image.upload":
      return readPicture(body);
    case "user.manual_sos":
    case "user.manual_eos": {
      const mark = ManualMark.safeParse(body);
      if (!mark.success) return invalid(`${kind}: {"request_id": "…"} with 1 to 128 characters is expected`);
      return { type: "mark", mark: kind === "user.manual_sos" ? "start" : "end", requestId: mark.data.request_id };
    }
    default:
      return invalid(
        `messages of the kind ${JSON.stringify(kind.slice(0, 64))} are not understood. Allowed: user.transcription, image.upload, message.interrupt, user.manual_sos, user.manual_eos`,
      );
  }
}

function parseBody(text: string): Record<string, unknown> | undefined {
  try {
    return Body.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function invalid(message: string): ClientMessage {
  return { type: "invalid", message };
}
