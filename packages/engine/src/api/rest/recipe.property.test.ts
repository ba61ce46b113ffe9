import { rest } from "@parley/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { schemaOf, validOf } from "./body-arbitrary.ts";
import { project, styles, vendors } from "./door-stage.ts";
import { joinRecipe, readJoin, readRecipe } from "./recipe.ts";
import { toConfig } from "./to-config.ts";

const offer = { vendors, styles, firstUserTimeoutS: 600 };
/** Mostly what can be had, so that many bodies are taken. */
const known = {
  channel: fc.constantFrom("room", "a b"),
  agent_rtc_uid: fc.constantFrom("0", "1001"),
  remote_rtc_uids: fc.constantFrom(["*"], ["1002"]),
  vendor: fc.constantFrom("local", "ares", null),
  style: fc.constantFrom("local", "openai"),
  language: fc.constantFrom("en-US", "en_us", null),
  url: fc.constant("https://a.example/v1/chat/completions"),
  preset: fc.constant(null),
  pipeline_id: fc.constant(null),
  enable: fc.constant(false),
  enable_mllm: fc.constant(false),
  enable_sal: fc.constant(false),
};
const readers = { join: readJoin(offer) };

test("whatever join takes, its recipe makes the same agent again after it has lain in the database", () => {
  let taken = 0;
  fc.assert(
    fc.property(validOf(schemaOf(rest.JoinBody), known), (given) => {
      const body = rest.JoinBody.safeParse(given);
      if (!body.success) return;
      const translation = toConfig(body.data, { ...offer, defaults: project.defaults });
      if (!translation.ok) return;
      taken += 1;
      const request = { ...translation.request, uid: "1234567" };
      const stored: unknown = JSON.parse(JSON.stringify(joinRecipe(body.data, request)));
      expect(JSON.stringify(readRecipe(stored, project, readers).request)).toBe(JSON.stringify(request));
    }),
    { numRuns: 300, seed: 20_260_101 },
  );
  expect(taken).toBeGreaterThan(50);
});

test("what is no recipe is refused, whatever it is", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(() => readRecipe(value, project, readers)).toThrow();
      expect(() => readRecipe({ door: "join", body: value }, project, readers)).toThrow();
    }),
  );
});
