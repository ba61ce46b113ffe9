/** Engines as processes of their own, for tests: started as a person starts them, and killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("./cli/parley.ts", import.meta.url));

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** An engine whose data lies in `folder`. `listening` and `ready` resolve with its address. */
export function startEngine(folder: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ["--conditions=source", command, "start"], {
    env: {
      PATH: process.env["PATH"] ?? "",
      INIT_CWD: folder,
      PORT: "0",
      PARLEY_RTC__UDP_PORT: "0",
      PARLEY_LLM__DISCOVER: "off",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  const listening = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<string>();
  const exit = once(child, "exit").then(() => {
    const error = new Error(`the engine ended: ${log}`);
    listening.reject(error);
    ready.reject(error);
  });
  for (const { promise } of [listening, ready]) promise.catch(() => {});
  child.stderr.on("data", (data: Buffer) => {
    log += data.toString();
    const port = /"port":(\d+),"udpPort".*"msg":"listening"/.exec(log)?.[1];
    if (port !== undefined) listening.resolve(`http://127.0.0.1:${port}`);
  });
  child.stdout.on("data", (data: Buffer) => {
    const port = /ready on http:\/\/localhost:(\d+)/.exec(data.toString())?.[1];
    if (port !== undefined) ready.resolve(`http://127.0.0.1:${port}`);
  });
  return { child, exit, listening: listening.promise, ready: ready.promise, log: () => log };
}
