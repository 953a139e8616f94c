import type { World } from "./world";

/** Calls AWS as the platform engineer, who may do everything. */
export const asOperator = <O>(world: World, service: string, operation: string, input: object): Promise<O> =>
  world.account.call<object, O>({ kind: "operator" }, service, operation, input);
