import { expect, test } from "vitest";
import { Stage } from "./stage.ts";

const long = "one two three four five six seven eight nine ten.";

/** Until `at`, as another process would find it if the voice was heard up to `until`. */
async function takenAt(stage: Stage, at: number, until = at) {
  await stage.clock.moveTo(at);
  const { memories, from } = stage.session.remembered;
  return { snapshot: stage.session.snapshot(until), remembered: { memories: structuredClone(memories), from } };
}

test("a reply that was cut off is said to its end by another session, from the first word that was not heard", async () => {
  await using first = new Stage({ user: [{ at: 1000, ms: 800, text: "count to ten" }], agent: [long] });
  const { snapshot, remembered } = await takenAt(first, 3300);
  expect(snapshot.reply).toMatchObject({ number: 1, trigger: "turn", whole: true });
  const { said = "", rest = "" } = snapshot.reply ?? {};
  expect(said).not.toBe("");
  expect(`${said} ${rest}`).toBe(long);

  await using second = new Stage({ restored: { history: [], turn: snapshot.turn, greeted: true, replies: 1 }, agent: ["nothing"] });
  second.session.goOn(snapshot, remembered);
  await second.clock.moveTo(8000);
  expect(second.asked).toEqual([]);
  expect(second.only("reply-begin", "reply-end").map(({ type, reply }) => ({ type, reply }))).toEqual([
    { type: "reply-begin", reply: 1 },
    { type: "reply-end", reply: 1 },
  ]);
  expect(second.only("reply-end")[0]?.text).toBe(long);
  expect(
    second
      .only("reply-text")
      .flatMap(({ words }) => words.map(({ text }) => text))
      .join(" "),
  ).toBe(rest);
  expect(second.session.history.map(({ role, content }) => [role, content])).toEqual([
    ["user", "count to ten"],
    ["assistant", long],
  ]);
});

test("an answer that the model had not written to its end is asked for from there on", async () => {
  await using first = new Stage({ user: [{ at: 1000, ms: 800, text: "count to ten" }], agent: [long], llmMs: 5000 });
  const { snapshot, remembered } = await takenAt(first, 4000);
  expect(snapshot.reply).toMatchObject({ said: "", rest: "", whole: false });

  await using second = new Stage({ restored: { history: [], turn: snapshot.turn, greeted: true, replies: 1 }, agent: [long] });
  second.session.goOn(
    { ...snapshot, ...(snapshot.reply === undefined ? {} : { reply: { ...snapshot.reply, said: "one", saidMs: 200, rest: "two" } }) },
    remembered,
  );
  await second.clock.moveTo(8000);
  expect(second.asked[0]?.at(-1)).toMatchObject({ role: "system", content: expect.stringContaining("\n\none two") });
  expect(second.only("reply-end")[0]?.text).toBe(`one two ${long}`);
});
