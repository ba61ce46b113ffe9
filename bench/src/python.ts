/** Programs from PyPI, in a virtual environment of their own that is kept between runs. */
import { type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the environment's programs are; it is made, and the package installed, the first time. */
export async function pythonWith(name: string, version: string): Promise<{ readonly bin: string }> {
  const environment = fileURLToPath(new URL(`../../node_modules/.cache/parley/${name}-${version}`, import.meta.url));
  const complete = join(environment, "complete");
  const bin = join(environment, "bin");
  if (existsSync(complete)) return { bin };
  const made = await run("python3", ["-m", "venv", "--clear", environment]);
  if (made !== 0)
    throw new Error("python3 makes no virtual environment: install python3 and python3-venv (Debian: apt-get install python3-venv)");
  const installed = await run(join(bin, "pip"), ["install", "--quiet", "--disable-pip-version-check", `${name}==${version}`]);
  if (installed !== 0) throw new Error(`${name} ${version} could not be installed from PyPI`);
  await writeFile(complete, "");
  return { bin };
}

export async function run(command: string, parameters: readonly string[], options: SpawnOptions = {}): Promise<number> {
  const child = spawn(command, parameters, { stdio: ["ignore", "inherit", "inherit"], ...options });
  await once(child, "exit");
  return child.exitCode ?? 1;
}
