import { parseArgs } from "node:util";
import { type Fault, parseFault } from "./faults/fault";

export interface Arguments {
  help: boolean;
  keep: boolean;
  verbose: boolean;
  stack: string;
  /** The folder of the stack files. Default: the project's folder. */
  stackFiles?: string | undefined;
  /** Empty: the usual scenarios of the stack. */
  scenarios: string[];
  /** Simulated milliseconds per real millisecond. */
  speed: number;
  /** An IAM action to remove from every role. */
  without?: string | undefined;
  /** The seed of stale reads; no read is stale without it. */
  staleReads?: number | undefined;
  /** Faults to inject. */
  faults?: Fault[] | undefined;
}

/** The command line is invalid. */
export interface UsageError extends Error {
  usage: true;
}

export const isUsageError = (error: unknown): error is UsageError => error instanceof Error && "usage" in error;

const options = {
  help: { type: "boolean", short: "h" },
  keep: { type: "boolean" },
  verbose: { type: "boolean" },
  stack: { type: "string" },
  "stack-files": { type: "string" },
  scenario: { type: "string", multiple: true },
  speed: { type: "string" },
  without: { type: "string" },
  "stale-reads": { type: "string" },
  fault: { type: "string", multiple: true },
} as const;

/**
 * Parses the command line.
 * @throws UsageError with one line: the problem, and how to see the options
 */
export function readArguments(argv: string[]): Arguments {
  const { values, tokens } = parseArgs({ args: argv, options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional") throw usageError(`Unknown option: ${token.value}`);
    if (token.kind === "option") check(token.name, token.rawName, token.value);
  }
  const { help = false, keep = false, verbose = false, stack = "dev", scenario = [], speed = "100", without } = values;
  if (!(Number(speed) >= 10 && Number(speed) <= 1000))
    throw usageError(`--speed ${speed}: use a number from 10 to 1000, the simulated seconds in each real second`);
  const { "stale-reads": seed, "stack-files": stackFiles } = values;
  const faults = [values.fault ?? []].flat().map(String).map(readFault);
  if (seed !== undefined && !/^\d{1,9}$/.test(String(seed)))
    throw usageError(`--stale-reads ${seed}: use a whole number, the seed that chooses the stale reads`);
  return {
    help: help === true,
    keep: keep === true,
    verbose: verbose === true,
    stack: String(stack),
    scenarios: [scenario].flat().map(String),
    speed: Number(speed),
    ...(typeof stackFiles === "string" && { stackFiles }),
    ...(typeof without === "string" && { without }),
    ...(seed !== undefined && { staleReads: Number(seed) }),
    ...(faults.length > 0 && { faults }),
  };
}

function readFault(text: string): Fault {
  try {
    return parseFault(text);
  } catch (error) {
    throw usageError(`--fault ${error instanceof Error ? error.message : error}`);
  }
}

function check(name: string, written: string, value: string | undefined): void {
  if (!Object.hasOwn(options, name)) throw usageError(`Unknown option: ${written}`);
  const { type } = options[name as keyof typeof options];
  if (type === "boolean" && value !== undefined) throw usageError(`${written} takes no value`);
  if (type === "string" && (value === undefined || value === "")) throw usageError(`${written} needs a value`);
}

export const usageError = (message: string): UsageError =>
  Object.assign(new Error(`${message}; see npm start -- --help`), { usage: true as const });
