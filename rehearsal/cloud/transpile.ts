// sucrase: also used by ts-node for the project; needs a tenth of the TypeScript compiler's time, without loading it.
import { transform } from "sucrase";

/** Converts a TypeScript module to CommonJS. Types are not checked, and syntax is not downleveled. */
export const transpile = (source: string): string =>
  transform(source, { transforms: ["typescript", "imports"], disableESTransforms: true }).code;
