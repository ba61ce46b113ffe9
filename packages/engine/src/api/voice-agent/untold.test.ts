import fc from "fast-check";
import { expect, test } from "vitest";
import type { WireEvent } from "./to-wire.ts";
import { Untold } from "./untold.ts";

const started = (reply: number): WireEvent => ({ type: "reply.started", reply_id: `resp_${reply}`, item_id: `msg_${reply}` });

test("who comes back is told what did not arrive, in order, and nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 50 }), fc.nat(60), (sent, since) => {
      const untold = new Untold();
      // A line that has once failed takes nothing any more.
      const until = sent.includes(false) ? sent.indexOf(false) : sent.length;
      for (const at of sent.keys()) untold.note(started(at), at < until, at);
      const lost = [...sent.keys()].filter((at) => at >= until || at >= since).map(started);
      expect(untold.asOf(since)).toEqual(lost);
      untold.lost(since);
      expect(untold.take()).toEqual(lost);
      expect(untold.asOf(0)).toEqual([]);
    }),
  );
});

test("what is only worth something at its time does not wait, and no more than 256 events do", () => {
  const untold = new Untold();
  untold.note({ type: "reply.audio", reply_id: "resp_1", data: "" }, false, 0);
  untold.note({ type: "transcript.user.delta", item_id: "msg_1", text: "h" }, false, 0);
  for (let reply = 0; reply < 300; reply += 1) untold.note(started(reply), false, reply);
  expect(untold.take()).toEqual(Array.from({ length: 256 }, (_, index) => started(index + 44)));
});
