import type { ScenarioStack } from "../scenarios/scenarioContext";

/** Display names of pipelines, by name. */
export type PipelineNames = ReadonlyMap<string, string>;

/**
 * Display names of the stacks' pipelines: `storefront in prod`. Empty for a single stack: its own names suffice.
 * @param stacks those of one account
 */
export function pipelineNames(stacks: readonly Pick<ScenarioStack, "environment" | "outputs">[]): PipelineNames {
  if (stacks.length < 2) return new Map();
  return new Map(
    stacks.flatMap(({ environment, outputs }) =>
      Object.entries(outputs.pipelines).map(([application, name]): [string, string] => [
        name,
        `${application} in ${environment}`,
      ]),
    ),
  );
}
