import { expect, test } from "vitest";
import { Updates } from "./updates.ts";

const accepted = { system_prompt: "Brief." };

/** What becomes of an update when the server says so much before it accepts it. */
async function refusedBy(code: string, param: string | null): Promise<string> {
  const updates = new Updates({});
  const answer = updates.add(accepted);
  updates.take(false);
  updates.refused(code, "x", param);
  updates.accepted(accepted);
  return await answer.then(
    () => "accepted",
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
  );
}

test.each(["call_id", "result", "content", "role", "audio", "type", "instructions", "reply_id", "session_id"])(
  "a refusal about %s is another message's, and leaves an update alone",
  async (param) => {
    expect(await refusedBy("invalid_value", param)).toBe("accepted");
    expect(await refusedBy("invalid_format", param)).toBe("accepted");
  },
);

test.each(["greeting", "tools[0].http", "input.turn_detection.max_silence", "output.voice", "system_prompt", "session", "llm", null])(
  "a refusal about %s is the update's",
  async (param) => {
    expect(await refusedBy("invalid_value", param)).toBe("invalid_value");
  },
);

test("a refusal about a field that this version does not know is the update's that has it", async () => {
  const updates = new Updates({});
  const answer = updates.add({ later: { than: "this" } } as object);
  updates.take(false);
  updates.refused("invalid_value", "x", "later.than");
  await expect(answer).rejects.toMatchObject({ code: "invalid_value" });
});

test("what no update can cause leaves it alone", async () => {
  expect(await refusedBy("invalid_audio", null)).toBe("accepted");
  expect(await refusedBy("audio_rate_mismatch", "input.format.sample_rate")).toBe("accepted");
  expect(await refusedBy("llm_error", null)).toBe("accepted");
});
