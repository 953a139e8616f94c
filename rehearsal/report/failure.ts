import type { Failure } from "../scenarios/runScenario";
import { isMismatch } from "../scenarios/scenario";
import { resourceOf } from "./arn";
import { describe } from "./describe";

/** The options of `npm start` that name the stack, each followed by a space: none for dev of the project. */
export const stackOptions = (stack: string, stackFiles: string | undefined): string =>
  `${stack === "dev" ? "" : `--stack ${stack} `}${stackFiles === undefined ? "" : `--stack-files ${stackFiles} `}`;

/**
 * The failed scenario and step, the expected result, denials, failed connections, and how to see more.
 * @param stackFiles the option `--stack-files`
 */
export function explainFailure(failure: Failure, stackFiles?: string): string {
  const { cause, denials, unreached, last, pipelines } = failure;
  const lines = [`Failed: scenario ${failure.scenario}, step ${failure.position} (${failure.step})`];
  const add = (name: string, text: string) =>
    lines.push(`  ${name.padEnd(9)}  ${text.split("\n").join("\n             ")}`);
  add("cause", cause.message);
  if (isMismatch(cause)) {
    add("expected", cause.expected);
    add("actual", cause.actual);
  }
  for (const { principal, permission, denial } of denials) {
    const who =
      principal.kind === "role"
        ? `role ${resourceOf(principal.arn).replace("role/", "")}`
        : principal.kind === "service"
          ? principal.service
          : principal.kind;
    add("denied", `${who} has no permission for ${permission.action} on ${resourceOf(permission.resource)}`);
    if (denial !== undefined && denial !== cause.message) add("", denial);
  }
  for (const event of unreached) add("network", describe(event).text);
  for (const [index, event] of last.entries()) add(index === 0 ? "before" : "", describe(event, pipelines).text);
  // Errors of the rehearsal are self-explanatory; a TypeError is not.
  if (cause.name !== "Error" && cause.stack !== undefined) add("stack", cause.stack);
  const options = stackOptions(failure.rehearsed, stackFiles);
  lines.push(
    "",
    `  npm start -- ${options}--scenario ${failure.scenario} --verbose   plays it again and prints every request and log line`,
  );
  return lines.join("\n");
}
