/** The `parley` command: finds the subcommand, and turns what it throws into a message and an exit code. */
import { ConfigError, commandFolder } from "../config.ts";
import { AppError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { type Command, exitCodes, type Terminal, UsageError } from "./command.ts";

/** Loaded when needed, so that `--help` does not wait for the engine. */
const commands: Readonly<Record<string, { summary: string; load(): Promise<Command> }>> = {
  start: { summary: "Start the engine", load: async () => (await import("./start.ts")).start },
  doctor: {
    summary: "Check this machine: Node, ports, UDP, CPU, disk, credentials",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  config: { summary: "Print the configuration that is in force, secrets masked", load: async () => (await import("./config.ts")).config },
  token: { summary: "Make a token for a channel", load: async () => (await import("./token.ts")).token },
  call: { summary: "Call an agent with WAV files as the microphone", load: async () => (await import("./call.ts")).call },
  bridge: {
    summary: "Connect a channel to a Voice Agent endpoint, ours or another",
    load: async () => (await import("./bridge.ts")).bridge,
  },
};

async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    terminal.out(overview());
    return name === undefined ? exitCodes.usage : exitCodes.done;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) {
    const near = nearest(name, Object.keys(commands));
    terminal.note(
      `parley: there is no command ${JSON.stringify(name)}${near === undefined ? "" : `; did you mean ${near}?`}\n\n${overview()}`,
    );
    return exitCodes.usage;
  }
  const command = await entry.load();
  const flags = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (flags.includes("--help") || flags.includes("-h")) {
    terminal.out(`${command.summary}\n\n${command.help.trim()}`);
    return exitCodes.done;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.note(`parley ${name}: ${error.message}\n\nparley ${name} --help says more.`);
      return exitCodes.usage;
    }
    if (error instanceof ConfigError) {
      terminal.note(`parley ${name}: ${error.message}`);
      return exitCodes.usage;
    }
    terminal.note(`parley ${name}: ${explain(error)}`);
    return exitCodes.failed;
  }
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `parley: a self-hosted conversational AI engine\n\nUsage: parley <command> [options]\n\n${lines.join("\n")}\n\nparley <command> --help says more.`;
}

/** What is known is said in a line, with the way out; a bug shows where it happened. */
function explain(error: unknown): string {
  if (error instanceof AppError) return `${error.message}. ${error.remedy}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const stopping = new AbortController();
for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const) {
  process.on(signal, () => {
    // The second one is meant: a shell's convention for the code of a program that a signal has ended.
    if (stopping.signal.aborted) process.exit(128 + number);
    stopping.abort(new Error(signal));
  });
}

const terminal: Terminal = {
  env: process.env,
  cwd: commandFolder(process.env),
  out: (text) => process.stdout.write(`${text}\n`),
  note: (text) => process.stderr.write(`${text}\n`),
  signal: stopping.signal,
};

const code = await main(process.argv.slice(2), terminal);
// Native media threads keep the process alive; output to a pipe is written before it ends.
await Promise.all([process.stdout, process.stderr].map(async (stream) => new Promise<void>((done) => stream.write("", () => done()))));
process.exit(code);
