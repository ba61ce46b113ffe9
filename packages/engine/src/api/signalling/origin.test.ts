import { expect, test } from "vitest";
import { foreignOrigin } from "./origin.ts";

const ask = (headers: Record<string, string>, remoteAddress = "127.0.0.1", allowed: readonly string[] = []) =>
  foreignOrigin({ headers, socket: { remoteAddress } }, allowed);

test("clients that are no pages may come; the token says what they may do", () => {
  expect(ask({ host: "localhost:8080" })).toBeUndefined();
  expect(ask({ host: "talk.example" }, "203.0.113.7")).toBeUndefined();
});

test("on this machine pages of this machine may come, by any of its names and ports", () => {
  for (const origin of ["http://localhost:8080", "http://127.0.0.1:3000", "http://[::1]:8080", "https://localhost"]) {
    expect(ask({ host: "localhost:8080", origin })).toBeUndefined();
    expect(ask({ host: "localhost:8080", origin }, "::ffff:127.0.0.1")).toBeUndefined();
  }
});

test("a web site that is open on this machine may not come, whatever it has named itself", () => {
  expect(ask({ host: "localhost:8080", origin: "https://evil.example" })).toMatch(/evil\.example.* is not of this machine/);
  expect(ask({ host: "evil.example:8080", origin: "http://evil.example:8080" })).toMatch(/not of this machine/);
  expect(ask({ host: "localhost:8080", origin: "https://localhost.evil.example" })).toMatch(/not of this machine/);
});

test("from elsewhere the engine's own pages may come, and those that are allowed", () => {
  const host = "talk.example";
  expect(ask({ host, origin: "https://talk.example" }, "203.0.113.7")).toBeUndefined();
  expect(ask({ host, origin: "https://app.example" }, "203.0.113.7")).toMatch(/not one of this engine's/);
  expect(ask({ host, origin: "https://app.example" }, "203.0.113.7", ["https://app.example"])).toBeUndefined();
  expect(ask({ host, origin: "https://app.example" }, "203.0.113.7", ["*"])).toBeUndefined();
  expect(ask({ host, origin: "http://localhost:3000" }, "203.0.113.7")).toMatch(/not one of this engine's/);
});

test("behind a proxy on this machine the page's address counts, not the proxy's", () => {
  const proxied = { host: "talk.example", "x-forwarded-for": "203.0.113.7" };
  expect(ask({ ...proxied, origin: "https://talk.example" })).toBeUndefined();
  expect(ask({ ...proxied, origin: "https://evil.example" })).toMatch(/not one of this engine's/);
});

test("an Origin that is no address is foreign", () => {
  for (const origin of ["null", "", "file://", "evil"]) expect(ask({ host: "localhost:8080", origin })).toMatch(/no page's address/);
});
