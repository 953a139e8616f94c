import type { ScenarioContext } from "./scenarioContext";

export interface Step {
  title: string;
  /** Does the step and checks what came of it. Resolves with what the report says came out. @throws Mismatch */
  run(context: ScenarioContext): Promise<string | Shown | undefined>;
}

/** What came out in a few words, and lines that the report shows as they are. */
export interface Shown {
  detail: string;
  excerpt: string;
}

export interface Scenario {
  /** As `--scenario` takes it, and as its folder is called. */
  name: string;
  title: string;
  /** The stack that it is played in; dev where it does not say. */
  stack?: string;
  /** Scenarios that have to be played before, in the same account. */
  needs?: string[];
  /** Wants an account of its own: what others deliver would be in its way. */
  fresh?: boolean;
  /** Settings laid over the stack file's, by their full keys: `slipway:deploymentApi`. An account of its own has them. */
  settings?: Record<string, unknown>;
  /** Secrets that stand in Secrets Manager before the program is evaluated, each still without a value. */
  secrets?: string[];
  /** Every asynchronous invocation of a function is delivered twice, in an account of its own. */
  repeats?: boolean;
  /** Brings trouble about: functions may fail, and log errors. */
  troubled?: boolean;
  steps: Step[];
}

/** An expectation that was not met. */
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
