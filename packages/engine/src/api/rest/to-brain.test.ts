import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import type { Fault } from "../../faults.ts";
import { joinBody } from "./door-stage.ts";
import { toBrain } from "./to-brain.ts";

const faults = (mllm: Record<string, unknown>): readonly string[] => {
  const { properties } = rest.JoinBody.parse(joinBody("agent", { mllm: { enable: true, ...mllm } }));
  const found: Fault[] = [];
  toBrain(properties, {}, found);
  return found.map(({ kind, message }) => `${kind}: ${message}`);
};

test("of a vendor that is not built nothing else is asked: one has no key, others have parameters of their own", () => {
  const vertexai = { vendor: "vertexai", url: "", params: { project_id: "p", tools: [{ name: 1 }] } };
  expect(faults(vertexai)).toEqual([
    expect.stringMatching(/^invalid: properties\.mllm\.vendor: "vertexai" is not built; allowed: assemblyai/),
  ]);
  expect(faults({ vendor: "assemblyai" })).toEqual(["missing: properties.mllm.api_key is required"]);
});
