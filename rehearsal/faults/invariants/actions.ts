import { type Evidence, eventsOf, executionEnds } from "../evidence";

interface Run {
  pipeline: string;
  executionId: string;
  stage: string;
  action: string;
}

const runOf = ({ pipeline, executionId, stage, action }: Run): string =>
  `${stage}/${action} of ${pipeline} ${executionId}`;

/** CodePipeline's message for a function that does not report. */
const SILENCE = /failed to return a result within/;

/**
 * For every ended execution: each started action has ended once. For actions performed by functions, CodePipeline
 * accepted one result, which matches the action's status.
 */
export function actionViolations({
  killedEachTime,
  ...evidence
}: Pick<Evidence, "happened" | "functionActions" | "killedEachTime">): string[] {
  const ends = executionEnds(evidence);
  const results = eventsOf(evidence, "job-result").filter(({ refused }) => refused === undefined);
  const runs = new Map<string, { isByFunction: boolean; ends: string[]; isUninvoked: boolean }>();
  for (const event of eventsOf(evidence, "action")) {
    if (!ends.has(event.executionId)) continue;
    const { pipeline, stage, action, status } = event;
    const key = runOf(event);
    const run = runs.get(key) ?? {
      isByFunction: evidence.functionActions.has(`${pipeline}/${stage}/${action}`),
      ends: [],
      isUninvoked: false,
    };
    if (status !== "InProgress") run.ends.push(status.toLowerCase());
    if (status === "Failed" && (killedEachTime || !SILENCE.test(event.summary ?? ""))) run.isUninvoked = true;
    runs.set(key, run);
  }
  return [...runs].flatMap(([key, { isByFunction, ends, isUninvoked }]) => {
    const taken = results.filter((it) => runOf(it) === key).map(({ result }) => result);
    const once = ends.length === 1 ? [] : [`${key} ended ${ends.length} times: ${ends.join(", ")}`];
    const expected = isByFunction ? ends : [];
    const agreed = taken.join() === expected.join();
    // The action fails without a result if CodePipeline cannot invoke the function, or none of its attempts can report.
    return agreed || (isByFunction && taken.length === 0 && isUninvoked)
      ? once
      : [...once, `${key} ended ${ends.join(", ")}, and these results were taken: ${taken.join(", ") || "none"}`];
  });
}
