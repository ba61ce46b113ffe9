/** `parley token`: makes a token that lets somebody into a channel. */
import { ChannelName, Uid } from "@parley/protocol";
import { readConfig } from "../config.ts";
import { buildToken } from "../projects/tokens.ts";
import { type Command, exitCodes, readFlags, readNumber, UsageError } from "./command.ts";

const DAY_S = 86_400;

export const token: Command = {
  summary: "Make a token for a channel",
  help: `
Usage: parley token --channel NAME [--uid N] [--expire SECONDS] [--listen-only] [--app-id ID] [--json]

  --channel NAME     the channel that it opens
  --uid N            for this uid alone; absent or 0: for any
  --expire SECONDS   how long it holds, at most a day (default 3600)
  --listen-only      its holder hears, and may not speak
  --app-id ID        the project, where several are configured (default: the first)
  --json             one object: {token, appId, channel, uid, expiresAt}

App ID and certificate come from PARLEY_APP_ID and PARLEY_APP_CERTIFICATE, .env, or the development credentials in
the data folder, which the first \`npm start\` makes. Exit 2 where there are none.`,

  async run(args, terminal) {
    const { values } = readFlags({
      args: [...args],
      options: {
        channel: { type: "string" },
        uid: { type: "string", default: "0" },
        expire: { type: "string", default: "3600" },
        "listen-only": { type: "boolean", default: false },
        "app-id": { type: "string" },
        json: { type: "boolean", default: false },
      },
    });
    if (values.channel === undefined) throw new UsageError("--channel is missing");
    const channel = readName("--channel", ChannelName, values.channel);
    const uid = readName("--uid", Uid, values.uid);
    const expireSeconds = readNumber("--expire", values.expire, { least: 1, most: DAY_S });
    const { projects } = readConfig({ env: terminal.env, cwd: terminal.cwd, credentials: "read" });
    const wanted = values["app-id"];
    const project = wanted === undefined ? projects[0] : projects.find(({ appId }) => appId === wanted);
    if (project === undefined) {
      throw new UsageError(
        `--app-id: there is no project ${JSON.stringify(wanted)}; configured: ${projects.map(({ appId }) => appId).join(", ")}`,
      );
    }
    if (project.certificate === "") {
      throw new UsageError(`project ${project.appId} has no certificate: tokens are off, its channels are joined with an empty token`);
    }
    const now = Date.now();
    const text = buildToken({ ...project, channel, uid, expireSeconds, publish: !values["listen-only"], now });
    const expiresAt = new Date(now + expireSeconds * 1000).toISOString();
    terminal.out(values.json ? JSON.stringify({ token: text, appId: project.appId, channel, uid, expiresAt }) : text);
    return await Promise.resolve(exitCodes.done);
  },
};

function readName(flag: string, schema: typeof ChannelName, text: string): string {
  const { success, data, error } = schema.safeParse(text);
  if (success) return data;
  throw new UsageError(`${flag}: ${JSON.stringify(text)}: ${error.issues.map(({ message }) => message).join("; ")}`);
}
