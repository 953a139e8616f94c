/** One mistake that a person could make in the product, and the tests that must catch it. */
export interface Mutant {
  /** The mistake in plain English: `deploy: a rollout that failed is not rolled back`. */
  name: string;
  file: string;
  /** Occurs exactly once in the file. */
  find: string;
  replace: string;
  /** Test files. At least one of their tests must fail. */
  tests: string[];
}

/** @throws if the text to replace does not occur exactly once: somebody has changed the file */
export function mutated(text: string, { name, file, find, replace }: Mutant): string {
  const [before, after, ...others] = text.split(find);
  if (before === undefined || after === undefined || others.length > 0) {
    const count = text.split(find).length - 1;
    throw new Error(`${name}: the text to replace occurs ${count} times in ${file}, expected once: ${find}`);
  }
  return `${before}${replace}${after}`;
}
