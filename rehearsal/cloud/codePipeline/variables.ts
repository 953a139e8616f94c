import { awsError } from "../service";

/** One `#{Namespace.Key}` in an action's configuration. */
export interface Reference {
  text: string;
  namespace: string;
  key: string;
}

const reference = /#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}/g;

/** Values by namespace, then by key. */
export type Variables = ReadonlyMap<string, Record<string, string>>;

export function referencesIn(value: string): Reference[] {
  return [...value.matchAll(reference)].map(([text, namespace = "", key = ""]) => ({ text, namespace, key }));
}

/** Text that looks like a variable but is none: CodePipeline rejects it instead of passing it on. */
export function malformedIn(value: string): string[] {
  return [...value.replace(reference, "").matchAll(/#\{[^}]*\}?/g)].map(([text]) => text);
}

/**
 * Inserts the values of variables unchanged: CodePipeline does not escape them for JSON (aws-cdk#8458).
 * @throws AwsError InvalidVariable if the action that ran set no such variable
 */
export function resolve(configuration: Record<string, string>, variables: Variables): Record<string, string> {
  const resolved = Object.entries(configuration).map(([field, value]) => [
    field,
    value.replace(reference, (text: string, namespace: string, key: string) => {
      const found = variables.get(namespace)?.[key];
      if (found === undefined)
        throw awsError(
          "InvalidVariable",
          `The variable ${text} in ${field} has no value: the namespace ${namespace} has ${
            Object.keys(variables.get(namespace) ?? {}).join(", ") || "no variables"
          }.`,
        );
      return found;
    }),
  ]);
  return Object.fromEntries(resolved);
}
