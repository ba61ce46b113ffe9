/** The timeline as clients of the contract read it: times in Unix milliseconds, ids as texts. Pure. */
import { z } from "zod";

/** As it is kept; times count from the session's beginning. */
const Kept = z.looseObject({
  started_at_unix_ms: z.number(),
  turns: z.array(z.looseObject({ turn_id: z.number(), tool_calls: z.array(z.looseObject({})) })),
  config_changes: z.array(z.looseObject({})),
});

export function timelineArtifact(kept: unknown): Record<string, unknown> {
  const { started_at_unix_ms: start, turns, config_changes: changes, ...rest } = Kept.parse(kept);
  const dated = (entry: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(entry).map(([name, value]) => [name, name.endsWith("at_ms") && typeof value === "number" ? start + value : value]),
    );
  return {
    ...rest,
    started_at_unix_ms: start,
    turns: turns.map((turn) => ({ ...dated(turn), turn_id: `turn_${turn.turn_id}`, tool_calls: turn.tool_calls.map(dated) })),
    config_changes: changes.map(dated),
  };
}
