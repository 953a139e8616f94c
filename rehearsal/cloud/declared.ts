import type { Declaration } from "./service";

/**
 * The inputs of a declaration, in the shape of the provider's schema: `inputsOf<Unwrap<BucketArgs>>`.
 * @param simulated the inputs that the simulation uses or may ignore
 * @throws for any other input: ignoring it would rehearse something other than what was declared
 */
export function inputsOf<T extends object>(declaration: Declaration, simulated: (keyof T & string)[]): T {
  const known: string[] = simulated;
  const unknown = Object.keys(declaration.inputs).filter(
    (it) => declaration.inputs[it] !== undefined && !known.includes(it),
  );
  if (unknown.length > 0)
    throw new Error(
      `${declaration.type} ${declaration.name}: ${unknown.join(", ")} is not simulated: leave it out, or teach ` +
        "rehearsal/cloud what it does.",
    );
  return declaration.inputs as T;
}
