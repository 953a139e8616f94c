import type { ScenarioStack } from "../scenarios/scenarioContext";

/** What people call pipelines, by name. */
export type PipelineNames = ReadonlyMap<string, string>;

/**
 * What to call the pipelines of stacks: `storefront in prod`. Of one stack alone there are none: its own names will do.
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
