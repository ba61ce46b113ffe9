import { expect, test } from "vitest";
import { proxiesFrom, proxyFor } from "./proxy.ts";

const proxies = {
  http: "http://proxy.example:3128",
  https: "proxy.example:3129",
  none: "internal.example, .corp.example,*.only.example,10.0.0.0/8,[fd00::1]:8443,api.example:8443",
};
const choose = (url: string): string | undefined => proxyFor(new URL(url), proxies);

test("each scheme takes its proxy, sockets like requests", () => {
  expect(choose("http://a.example/")).toBe("http://proxy.example:3128");
  expect(choose("https://a.example/")).toBe("http://proxy.example:3129");
  expect(choose("wss://a.example/")).toBe("http://proxy.example:3129");
  expect(proxyFor(new URL("https://a.example"), { http: "http://only:1" })).toBe("http://only:1");
  expect(proxyFor(new URL("http://a.example"), { https: "http://only:1" })).toBeUndefined();
});

test("names that are exempt are reached directly, with their subdomains", () => {
  expect(choose("https://internal.example/")).toBeUndefined();
  expect(choose("https://deep.internal.example./")).toBeUndefined();
  expect(choose("https://x.corp.example/")).toBeUndefined();
  expect(choose("https://notinternal.example/")).toBeDefined();
});

test("an exemption with a port holds for that port alone", () => {
  expect(choose("https://api.example:8443/")).toBeUndefined();
  expect(choose("https://api.example/")).toBeDefined();
  expect(choose("https://[fd00::1]:8443/")).toBeUndefined();
  expect(choose("https://[fd00::1]/")).toBeDefined();
});

test("a block of addresses is exempt", () => {
  expect(choose("https://10.1.2.3/")).toBeUndefined();
  expect(choose("https://11.1.2.3/")).toBeDefined();
  expect(choose("https://[2001:db8::1]/")).toBeDefined();
});

test("this machine is never reached through a proxy", () => {
  for (const host of ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "a.localhost", "[::ffff:127.0.0.1]"])
    expect(choose(`http://${host}:11434/`)).toBeUndefined();
});

test("a star exempts everything", () => {
  expect(proxyFor(new URL("https://a.example"), { https: "http://p:1", none: "*" })).toBeUndefined();
});

test("the environment's lower-case names win", () => {
  expect(proxiesFrom({ HTTPS_PROXY: "http://upper", https_proxy: "http://lower", NO_PROXY: "x" })).toEqual({
    http: undefined,
    https: "http://lower",
    none: "x",
  });
});
