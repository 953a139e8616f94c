import type { Failure } from "../scenarios/play";
import { isMismatch } from "../scenarios/scenario";
import { resourceOf } from "./arn";
import { describe } from "./describe";

/** Says which step of which scenario failed, what was expected, who was denied what or did not reach whom, and how to see more. */
export function explainFailure(failure: Failure): string {
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
    add("denied", `${who} may not ${permission.action} on ${resourceOf(permission.resource)}`);
    if (denial !== undefined && denial !== cause.message) add("", denial);
  }
  for (const event of unreached) add("network", describe(event).text);
  for (const [index, event] of last.entries()) add(index === 0 ? "before" : "", describe(event, pipelines).text);
  // What is thrown on purpose explains itself; a TypeError does not.
  if (cause.name !== "Error" && cause.stack !== undefined) add("stack", cause.stack);
  // What `npm start` rehearses if it is not told.
  const stack = failure.rehearsed === "dev" ? "" : `--stack ${failure.rehearsed} `;
  lines.push(
    "",
    `  npm start -- ${stack}--scenario ${failure.scenario} --verbose   plays it with every request and log line`,
  );
  return lines.join("\n");
}
