import type { ScenarioContext } from "../scenarioContext";

/** Calls AWS as the platform engineer, who may do everything. */
export const asOperator = <O>(
  context: ScenarioContext,
  service: string,
  operation: string,
  input: object,
): Promise<O> => context.account.call<object, O>({ kind: "operator" }, service, operation, input);
