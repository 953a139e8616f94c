import type { ScenarioContext } from "./scenarioContext";

export interface Step {
  title: string;
  /** Does the step and checks the result. Resolves with the result for the report. @throws Mismatch */
  run(context: ScenarioContext): Promise<string | Shown | undefined>;
}

/** A brief result, and lines that the report shows verbatim. */
export interface Shown {
  detail: string;
  excerpt: string;
}

export interface Scenario {
  /** As in `--scenario`, and its folder's name. */
  name: string;
  title: string;
  /** The stack that it is played in; default dev. */
  stack?: string;
  /** Scenarios that must be played before it, in the same account. */
  needs?: string[];
  /** Needs its own account: other deliveries would interfere. */
  fresh?: boolean;
  /** Override the stack file's settings, by full key: `slipway:deploymentApi`. Only in an account of its own. */
  settings?: Record<string, unknown>;
  /** Secrets that exist in Secrets Manager before the program is evaluated, without a value. */
  secrets?: string[];
  /** Delivers every asynchronous invocation twice, in an account of its own. */
  repeats?: boolean;
  /** Causes trouble: functions may fail and log errors. */
  troubled?: boolean;
  steps: Step[];
}

/** An unmet expectation. */
export interface Mismatch extends Error {
  expected: string;
  actual: string;
}

export const isMismatch = (error: unknown): error is Mismatch =>
  error instanceof Error && "expected" in error && "actual" in error;

/** @throws Mismatch if they differ */
export function expectEqual(
  what: string,
  actual: string | number | undefined,
  expected: string | number | undefined,
): void {
  if (actual !== expected) throw mismatch(what, String(expected), String(actual));
}

/** @throws Mismatch if the text does not match each pattern */
export function expectMatches(what: string, actual: string, ...patterns: RegExp[]): void {
  for (const pattern of patterns) if (!pattern.test(actual)) throw mismatch(what, `to match ${pattern}`, actual);
}

/** @throws Mismatch if the JSON of both differs */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== wanted) throw mismatch(what, wanted, is);
}

function mismatch(what: string, expected: string, actual: string): Mismatch {
  return Object.assign(new Error(what), { expected, actual });
}
