import { expect, test } from "vitest";
import { refuseForeign } from "./loopback.ts";

type Request = Parameters<typeof refuseForeign>[0];
const from = (headers: Record<string, string>, remoteAddress = "127.0.0.1"): Request =>
  ({ headers: { host: "localhost:8080", ...headers }, socket: { remoteAddress } }) as unknown as Request;

test.each([
  ["a tool on this machine", from({})],
  ["IPv6", from({ host: "[::1]:8080" }, "::1")],
  ["IPv4 in IPv6", from({}, "::ffff:127.0.0.1")],
  [
    "the engine's own page",
    from({ origin: "http://localhost:8080", referer: "http://localhost:8080/?autostart=1", "sec-fetch-site": "same-origin" }),
  ],
  ["an address typed into the browser", from({ "sec-fetch-site": "none" })],
])("%s is let in", (_name, request) => {
  expect(refuseForeign(request)).toBeUndefined();
});

test.each([
  ["another machine", from({}, "192.0.2.7"), "another machine"],
  ["no address", { headers: { host: "localhost" }, socket: {} } as unknown as Request, "another machine"],
  ["a foreign page", from({ origin: "https://evil.example" }), "Origin"],
  ["a page on another port", from({ origin: "http://localhost:3000" }), "Origin"],
  ["a sandboxed frame", from({ origin: "null" }), "Origin"],
  ["a rebound name", from({ host: "evil.example:8080", origin: "http://evil.example:8080" }), "Host"],
  ["a name that only begins like ours", from({ host: "localhost.evil.example" }), "Host"],
  ["a proxy", from({ "x-forwarded-for": "192.0.2.7" }), "proxy"],
  ["a proxied page", from({ referer: "https://parley.example/" }), "Referer"],
  ["a link on another site", from({ "sec-fetch-site": "cross-site" }), "another site"],
])("%s is refused", (_name, request, reason) => {
  expect(refuseForeign(request)).toContain(reason);
});
