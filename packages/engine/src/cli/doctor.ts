/** `parley doctor`: looks at everything that a call on this machine needs, and says what to do about what is missing. */
import { type Command, exitCodes, readFlags } from "./command.ts";
import { checksFor, type Finding } from "./doctor/checks.ts";

const marks = { ok: "ok  ", warning: "note", failed: "FAIL" } as const;

export const doctor: Command = {
  summary: "Check this machine: Node, ports, UDP, CPU, disk, credentials",
  help: `
Usage: parley doctor [--json]

Checks Node and the C library, the native media and speech parts, the ports, UDP on loopback, how many embedded calls
the CPU holds (the embedded voice speaks for a moment, unheard), memory, disk, the database and credentials.
Exit 0 when calls can work here, 1 when something must be done first.

  --json   one object: {ok, checks: [{name, status, detail, remedy}]}`,

  async run(args, terminal) {
    const { values } = readFlags({ args: [...args], options: { json: { type: "boolean", default: false } } });
    const checks: Finding[] = [];
    for (const check of checksFor(terminal)) {
      const finding = await check();
      checks.push(finding);
      if (!values.json) terminal.out(line(finding));
    }
    const ok = checks.every(({ status }) => status !== "failed");
    if (values.json) terminal.out(JSON.stringify({ ok, checks }));
    return ok ? exitCodes.done : exitCodes.failed;
  },
};

function line({ name, status, detail, remedy }: Finding): string {
  const first = `${marks[status]}  ${name.padEnd(12)} ${detail}`;
  return remedy === undefined ? first : `${first}\n      ${"".padEnd(12)} → ${remedy}`;
}
