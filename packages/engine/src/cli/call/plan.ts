/** What `parley call` was asked to do: its flags, read into a plan. */
import { ChannelName, Uid } from "@parley/protocol";
import { readFlags, readNumber, UsageError } from "../command.ts";

export interface PlannedTurn {
  readonly file: string;
  /** Said into the answer: `afterMs` after its first sound. */
  readonly bargeIn?: { readonly afterMs: number; readonly file: string };
}

export interface CallPlan {
  /** At least one. */
  readonly turns: readonly PlannedTurn[];
  readonly url: string | undefined;
  readonly channel: string | undefined;
  readonly uid: string | undefined;
  readonly startAgent: boolean;
  readonly propertiesFile: string | undefined;
  readonly waitForGreeting: boolean;
  readonly out: string | undefined;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly json: boolean;
}

/** Half an hour is no answer any more. */
const LONGEST_WAIT_S = 1800;
const LATEST_BARGE_IN_MS = 600_000;

export function readPlan(args: readonly string[]): CallPlan {
  const { rest, bargeIns } = takeBargeIns(args);
  const { values, positionals } = readFlags({
    args: rest,
    allowPositionals: true,
    options: {
      url: { type: "string" },
      channel: { type: "string" },
      uid: { type: "string" },
      "no-agent": { type: "boolean", default: false },
      properties: { type: "string" },
      "wait-greeting": { type: "boolean", default: false },
      now: { type: "boolean", default: false },
      out: { type: "string" },
      timeout: { type: "string", default: "30" },
      json: { type: "boolean", default: false },
    },
  });
  if (positionals.length === 0) throw new UsageError("a WAV file is missing: it is what the caller says");
  if (values.now && values["wait-greeting"]) throw new UsageError("--wait-greeting and --now exclude each other");
  if (values["no-agent"] && values.properties !== undefined) {
    throw new UsageError("--properties describes the agent that is started, and --no-agent starts none");
  }
  return {
    turns: positionals.map((file, index) => {
      const said = bargeIns.find(({ turn }) => turn === index);
      return said === undefined ? { file } : { file, bargeIn: { afterMs: said.afterMs, file: said.file } };
    }),
    url: values.url === undefined ? undefined : readUrl(values.url),
    channel: values.channel === undefined ? undefined : checked("--channel", ChannelName, values.channel),
    uid: values.uid === undefined ? undefined : checked("--uid", Uid, values.uid),
    startAgent: !values["no-agent"],
    propertiesFile: values.properties,
    waitForGreeting: !values.now,
    out: values.out,
    timeoutMs: readNumber("--timeout", values.timeout, { least: 1, most: LONGEST_WAIT_S }) * 1000,
    json: values.json,
  };
}

interface SaidInto {
  readonly turn: number;
  readonly afterMs: number;
  readonly file: string;
}

/** `--say-at MS FILE` has two values, which parseArgs does not know; it belongs to the turn that stands before it. */
function takeBargeIns(args: readonly string[]): { rest: string[]; bargeIns: SaidInto[] } {
  const rest: string[] = [];
  const bargeIns: SaidInto[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg !== "--say-at") {
      rest.push(arg);
      continue;
    }
    const [ms, file] = args.slice(index + 1, index + 3);
    if (ms === undefined || file === undefined || file.startsWith("--"))
      throw new UsageError("--say-at takes two values: milliseconds and a WAV file");
    const turn = Math.max(0, filesIn(rest) - 1);
    if (bargeIns.some((other) => other.turn === turn))
      throw new UsageError("--say-at: one for each file; put a second one after the next file");
    bargeIns.push({ turn, afterMs: readNumber("--say-at", ms, { least: 0, most: LATEST_BARGE_IN_MS }), file });
    index += 2;
  }
  return { rest, bargeIns };
}

const withValue = new Set(["--url", "--channel", "--uid", "--properties", "--out", "--timeout"]);

/** How many of these arguments are files to say. */
function filesIn(args: readonly string[]): number {
  return args.filter((arg, index) => !arg.startsWith("-") && !withValue.has(args[index - 1] ?? "")).length;
}

function readUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new UsageError(`--url: ${JSON.stringify(text)} is no address; http://127.0.0.1:8080 is one`);
  }
  return text.replace(/\/+$/, "");
}

function checked(flag: string, schema: typeof ChannelName, text: string): string {
  const { success, data, error } = schema.safeParse(text);
  if (success) return data;
  throw new UsageError(`${flag}: ${JSON.stringify(text)}: ${error.issues.map(({ message }) => message).join("; ")}`);
}
