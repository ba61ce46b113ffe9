/** A terminal for tests: keeps what a command says, in a folder of its own. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Terminal } from "./command.ts";

export class FakeTerminal implements Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd = mkdtempSync(join(tmpdir(), "parley-cli-"));
  readonly signal: AbortSignal = new AbortController().signal;
  readonly lines: string[] = [];
  readonly notes: string[] = [];

  constructor(env: Readonly<Record<string, string | undefined>> = {}) {
    this.env = env;
  }

  readonly out = (text: string): void => {
    this.lines.push(text);
  };

  readonly note = (text: string): void => {
    this.notes.push(text);
  };
}
