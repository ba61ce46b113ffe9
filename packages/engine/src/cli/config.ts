/** `parley config`: the configuration that is in force, secrets masked. */
import { describeConfig, readConfig } from "../config.ts";
import { type Command, exitCodes, readFlags } from "./command.ts";

export const config: Command = {
  summary: "Print the configuration that is in force, secrets masked",
  help: `
Usage: parley config

Read from the environment, then .env, then the YAML file that PARLEY_CONFIG names, then the development credentials
in the data folder. Exit 2 and a message where something cannot be used.`,

  async run(args, terminal) {
    readFlags({ args: [...args], options: {} });
    terminal.out(describeConfig(readConfig({ env: terminal.env, cwd: terminal.cwd, credentials: "read" })));
    return await Promise.resolve(exitCodes.done);
  },
};
