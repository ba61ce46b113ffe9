import { expect, test } from "vitest";
import { readCredential } from "./credential.ts";

test.each([
  [{ authorization: "Bearer key" }, "/v1/ws", "key"],
  [{ authorization: "bearer  key " }, "/v1/ws", "key"],
  [{ authorization: "key" }, "/v1/ws", "key"],
  [{}, "/v1/ws?token=key", "key"],
  [{}, "/v1/ws?x=1&token=a%2Bb", "a+b"],
  [{ authorization: "Bearer header" }, "/v1/ws?token=query", "header"],
  [{ authorization: "" }, "/v1/ws?token=query", "query"],
  [{}, "/v1/ws", undefined],
  [{}, "/v1/ws?api_key=key", undefined],
  [{ cookie: "token=key" }, "/v1/ws?token=", undefined],
  [{ authorization: "Bearer " }, "/v1/ws", undefined],
  [{ authorization: "x".repeat(513) }, "/v1/ws", undefined],
])("%j %s has the credential %s", (headers, url, credential) => {
  expect(readCredential({ headers, url })).toBe(credential);
});
