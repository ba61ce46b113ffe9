/** Credentials for a developer's own machine: made once, kept in the data folder, readable by nobody else. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

const Credentials = z.object({
  app_id: z.string().regex(/^[0-9a-f]{32}$/i),
  app_certificate: z.string().regex(/^[0-9a-f]{32}$/i),
  customer_id: z.string().min(1),
  customer_secret: z.string().min(1),
  api_key: z.string().min(1),
});
export type DevelopmentCredentials = z.output<typeof Credentials>;

const FILE = "credentials.json";

/** What an earlier start has left in the data folder; undefined: nothing, or nothing whole. */
export function readDevelopmentCredentials(dataDir: string): DevelopmentCredentials | undefined {
  try {
    return Credentials.parse(JSON.parse(readFileSync(path.join(dataDir, FILE), "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code !== "ENOENT") throw error;
    return undefined;
  }
}

/** The credentials in the data folder, made now if there are none. */
export function developmentCredentials(dataDir: string): DevelopmentCredentials {
  const kept = readDevelopmentCredentials(dataDir);
  if (kept !== undefined) return kept;
  const made = {
    app_id: randomBytes(16).toString("hex"),
    app_certificate: randomBytes(16).toString("hex"),
    customer_id: randomBytes(16).toString("hex"),
    customer_secret: randomBytes(16).toString("hex"),
    api_key: randomBytes(16).toString("hex"),
  };
  mkdirSync(dataDir, { recursive: true });
  const file = path.join(dataDir, FILE);
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  // The mode of writeFile holds for new files only.
  chmodSync(file, 0o600);
  return made;
}
