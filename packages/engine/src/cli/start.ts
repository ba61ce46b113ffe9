/** `parley start`: runs the engine until it is told to end. */
import { runEngine } from "../main.ts";
import { type Command, exitCodes, readFlags, readNumber } from "./command.ts";
import { openProgress } from "./progress.ts";

export const start: Command = {
  summary: "Start the engine",
  help: `
Usage: parley start [--port N] [--host ADDRESS] [--data-dir FOLDER]

  --port N           HTTP port (PORT, default 8080)
  --host ADDRESS     address to listen on (HOST, default 127.0.0.1); any other wants configured credentials
  --data-dir FOLDER  database and generated credentials (PARLEY_DATA_DIR, default ./data)

Everything else is set by the environment, .env, or the YAML file that PARLEY_CONFIG names; \`parley config\` shows what
is in force. When it is ready, "Parley is ready on http://…" stands on stdout; the log goes to stderr.
SIGTERM and Ctrl+C let running calls finish, for at most PARLEY_DRAIN_MS; a second one ends at once.`,

  async run(args, terminal) {
    const { values } = readFlags({
      args: [...args],
      options: { port: { type: "string" }, host: { type: "string" }, "data-dir": { type: "string" } },
    });
    if (values.port !== undefined) readNumber("--port", values.port, { least: 0, most: 65_535 });
    const flags = Object.fromEntries(
      Object.entries({ port: values.port, host: values.host, data_dir: values["data-dir"] }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    );
    const { env, cwd, signal, out, note } = terminal;
    using progress = openProgress(process.stderr);
    const code = await runEngine({
      env,
      cwd,
      flags,
      signal,
      out: (text) => {
        progress.stop();
        out(text);
      },
      note,
      onProgress: progress.show,
    });
    return code === 0 ? exitCodes.done : exitCodes.failed;
  },
};
