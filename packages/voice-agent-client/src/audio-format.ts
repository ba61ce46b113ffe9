/** Which audio travels in a direction. */
import type { Encoding } from "./pcm.ts";
import { isRecord, type SessionSettings } from "./settings.ts";

/** The audio format of a direction: as the server echoed it, else as it was asked for, else the default. */
export function formatOf(
  echoed: unknown,
  asked: SessionSettings["input"] | SessionSettings["output"],
): { encoding: Encoding; sampleRate: number } {
  const format = isRecord(echoed) && isRecord(echoed["format"]) ? echoed["format"] : { ...asked?.format };
  const named = format["encoding"];
  const encoding = named === "audio/pcmu" || named === "audio/pcma" ? named : "audio/pcm";
  const rate = format["sample_rate"];
  return { encoding, sampleRate: typeof rate === "number" && rate > 0 ? rate : encoding === "audio/pcm" ? 24_000 : 8_000 };
}
