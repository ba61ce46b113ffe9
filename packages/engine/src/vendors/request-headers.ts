/** Headers that a request may be given from outside. */
import { z } from "zod";

/** Headers that belong to the connection, and would break it. */
const connectionHeaders = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "upgrade",
  "keep-alive",
  "te",
  "trailer",
  "expect",
  "proxy-authorization",
  "proxy-connection",
]);

export const RequestHeaders = z
  .record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "a header name holds letters, digits and hyphens"),
    z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, "a header value is one line of Latin-1"),
  )
  .refine(
    (headers) => !Object.keys(headers).some((key) => connectionHeaders.has(key.toLowerCase())),
    "headers of the connection itself (host, content-length, …) cannot be set",
  );
