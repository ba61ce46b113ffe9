import { expect, test } from "vitest";
import { timelineArtifact } from "./timeline-artifact.ts";

test("times are told in Unix milliseconds, durations and what is null stay, and a turn's id is a text", () => {
  const call = { call_id: "call_1", arguments: { at_ms: 7 }, dispatched_at_ms: 900, result_received_at_ms: null, duration_ms: 40 };
  const turn = {
    turn_id: 2,
    agent_text: "Hello",
    user_speech_started_at_ms: null,
    agent_reply_started_at_ms: 500,
    interrupted_at_ms: 1200,
    time_to_first_audio_ms: 300,
    tool_calls: [call],
  };
  const kept = {
    session_id: "sess_1",
    started_at_unix_ms: 1_790_000_000_000,
    turns: [turn],
    config_changes: [{ at_ms: 10, config: { at_ms: 1 } }],
    ended: { reason: "client_end", public_reason: "client_end", duration_seconds: 3 },
  };
  expect(timelineArtifact(kept)).toEqual({
    ...kept,
    turns: [
      {
        ...turn,
        turn_id: "turn_2",
        agent_reply_started_at_ms: 1_790_000_000_500,
        interrupted_at_ms: 1_790_000_001_200,
        tool_calls: [{ ...call, dispatched_at_ms: 1_790_000_000_900 }],
      },
    ],
    config_changes: [{ at_ms: 1_790_000_000_010, config: { at_ms: 1 } }],
  });
});
