import { expect, test } from "vitest";
import { endpointFault } from "./endpoint-fault.ts";

test("a record without words still says what went wrong, and where", () => {
  const fault = endpointFault("brain.example:443", "llm_error", "cannot answer “my pin is 1234”");
  expect(fault.message).toBe("brain.example:443: llm_error: cannot answer “my pin is 1234”");
  expect(fault.own).toBe("brain.example:443 reported llm_error");
});

test("a code that nobody knows may quote the call, and is not repeated", () => {
  expect(endpointFault("brain.example:443", "my pin is 1234", "").own).toBe("brain.example:443 reported an error of its own");
});
