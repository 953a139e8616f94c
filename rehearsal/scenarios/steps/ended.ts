import type { CloudEvent } from "../../cloud/events";
import { expectSame } from "../scenario";
import type { ScenarioContext } from "../scenarioContext";

type ActionEvent = Extract<CloudEvent, { kind: "action" }>;
type JobResultEvent = Extract<CloudEvent, { kind: "job-result" }>;

/** One run of an action in one execution. */
const runOf = ({ pipeline, executionId, stage, action }: ActionEvent | JobResultEvent): string =>
  `${stage}/${action} of ${pipeline} ${executionId}`;

/** Names of the actions performed by functions, as `pipeline/stage/action`. */
export function functionActions({ stacks }: ScenarioContext): Set<string> {
  const pipelines = stacks
    .flatMap(({ registrations }) => registrations)
    .filter(({ type }) => type === "aws:codepipeline/pipeline:Pipeline");
  return new Set(
    pipelines.flatMap(({ inputs, outputs }) =>
      (inputs.stages as { name: string; actions: { name: string; provider: string }[] }[]).flatMap((stage) =>
        stage.actions
          .filter(({ provider }) => provider === "Lambda")
          .map((action) => `${outputs.name}/${stage.name}/${action.name}`),
      ),
    ),
  );
}

/**
 * For every ended execution: each started action has ended once. For actions performed by functions, CodePipeline
 * accepted one result, which matches the action's status.
 * @throws Mismatch with the actions that violate this
 */
export function expectEndedOnce(context: ScenarioContext): void {
  const { events } = context.account;
  const over = new Set(
    events.flatMap((it) => (it.kind === "pipeline" && it.status !== "InProgress" ? it.executionId : [])),
  );
  const actions = events.filter((it): it is ActionEvent => it.kind === "action" && over.has(it.executionId));
  const taken = events.filter((it): it is JobResultEvent => it.kind === "job-result" && it.refused === undefined);
  const byFunctions = functionActions(context);
  const mistakes: string[] = [];
  for (const run of new Set(actions.map(runOf))) {
    const all = actions.filter((it) => runOf(it) === run);
    const ends = all.filter(({ status }) => status !== "InProgress").map(({ status }) => status);
    if (ends.length !== 1) mistakes.push(`${run} ended ${ends.length} times: ${ends.join(", ")}`);
    const results = taken.filter((it) => runOf(it) === run).map(({ result }) => result);
    const isByFunction = all.some(({ pipeline, stage, action }) => byFunctions.has(`${pipeline}/${stage}/${action}`));
    const expected = isByFunction ? ends.map((status) => status.toLowerCase()) : [];
    if (results.join() !== expected.join())
      mistakes.push(`${run} ended ${ends.join(", ")}, and these results were taken: ${results.join(", ") || "none"}`);
  }
  expectSame("actions that did not end once, with one result", mistakes, []);
}
