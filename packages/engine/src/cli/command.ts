/** What a `parley` command is, and how its flags are read. */
import { parseArgs, type ParseArgsConfig } from "node:util";

/** What a command sees of the world. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the command was given. */
  readonly cwd: string;
  /** Results: stdout. */
  readonly out: (text: string) => void;
  /** Everything else: stderr. */
  readonly note: (text: string) => void;
  /** Aborted by Ctrl+C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** What the exit code of a command means, for all of them. */
export const exitCodes = { done: 0, failed: 1, usage: 2, noAnswer: 3 } as const;

export interface Command {
  readonly summary: string;
  /** Shown by `--help`, after the summary. */
  readonly help: string;
  /** Resolves with the exit code. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The command was given wrongly; the message says what and what is allowed. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UsageError";
  }
}

/** Reads flags strictly: an unknown one, or one without its value, is a {@link UsageError}. */
export function readFlags<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    if (error instanceof TypeError && "code" in error) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** A flag that is a whole number within limits. */
export function readNumber(flag: string, text: string, { least, most }: { least: number; most: number }): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most) {
    throw new UsageError(`${flag}: ${JSON.stringify(text)} is not a whole number from ${least} to ${most}`);
  }
  return value;
}
