import { ClientMessage } from "@parley/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { errors } from "../../errors.ts";
import { Room, stopClock } from "./room-stage.ts";

beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
});

test("whatever comes, every answer is a message of the contract and every code is in the table", async () => {
  const types = ClientMessage.options.map((option) => option.shape.type.value);
  const nearly = fc.record({ type: fc.constantFrom(...types) }, { requiredKeys: ["type"] });
  const fields = fc.record(
    {
      sdp: fc.string(),
      id: fc.nat(),
      plan: fc.array(fc.record({ mid: fc.string({ minLength: 1, maxLength: 3 }), publish: fc.constant(true) })),
      uids: fc.array(fc.string()),
      muted: fc.boolean(),
      to: fc.string(),
      customType: fc.string(),
      body: fc.string(),
      data: fc.base64String(),
      uid: fc.oneof(fc.string(), fc.nat()),
      rtpTimestamp: fc.nat(),
      atMs: fc.double({ noNaN: true }),
      nowMs: fc.nat(),
      token: fc.string(),
    },
    { requiredKeys: [] },
  );
  const message = fc.oneof(
    fc.string(),
    fc.json(),
    fc.tuple(nearly, fields).map(([type, rest]) => JSON.stringify({ ...rest, ...type })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 20 }), fc.boolean(), async (messages, joined) => {
      const room = new Room();
      const participant = joined ? await room.join("1001") : room.connect();
      const bystander = await room.join("1002");
      for (const text of messages) participant.raw(text);
      await room.pass(0);
      for (const said of participant.socket.said) {
        if (said.type === "error")
          expect([said.code, Object.hasOwn(errors, said.code) && said.code !== "internal"]).toEqual([said.code, true]);
      }
      expect(bystander.socket.closed).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});
