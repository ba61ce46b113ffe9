/** The engine's log: JSON lines on stderr, without secrets and without what people say. */
import pino, { type Logger } from "pino";

export type Log = Logger;

/** Fields that never reach the log, wherever they turn up within two levels. */
const secretFields = [
  "authorization",
  "token",
  "api_key",
  "apiKey",
  "key",
  "secret",
  "certificate",
  "customerSecret",
  "password",
  "databaseUrl",
  "text",
  "content",
];

export function openLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[hidden]" },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
