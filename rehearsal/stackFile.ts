import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";

/** A stack's settings by full key, `slipway:environment`. */
export type Values = Record<string, string>;

/** What Pulumi.yaml says about the program. */
export interface Project {
  project: string;
  /** `tsconfig` of the runtime options, used by `pulumi up` to transpile. */
  tsconfig: string;
}

/** Reads Pulumi.yaml in `root`. @throws if it is missing */
export async function readProject(root: string): Promise<Project> {
  const { name, runtime } = await readYaml(root, "Pulumi.yaml");
  const { options } = (runtime ?? {}) as { options?: { tsconfig?: string } };
  return { project: String(name), tsconfig: options?.tsconfig ?? "tsconfig.json" };
}

/**
 * Reads Pulumi.<stack>.yaml in `folder`, as the language host passes it to the program: every value is a string, and objects are
 * JSON.
 * @throws if the file is missing, or a value is encrypted and therefore unreadable without the stack's own key
 */
export async function readValues(folder: string, stack: string): Promise<Values> {
  const file = await readYaml(folder, `Pulumi.${stack}.yaml`);
  const values: Values = {};
  for (const [key, value] of Object.entries((file.config ?? {}) as Record<string, unknown>)) {
    if (JSON.stringify(value).includes('"secure":'))
      throw new Error(
        `Pulumi.${stack}.yaml: ${key} is encrypted, and the rehearsal has no key for it: keep secrets in Secrets Manager and give their name or ARN.`,
      );
    values[key] = typeof value === "string" ? value : JSON.stringify(value);
  }
  return values;
}

/** A stack's environment, which is its images' tag; empty if not set. */
export const environmentOf = (values: Values): string => values["slipway:environment"] ?? "";

/** Name of the stack with this environment, among the stack files of `folder`. */
export async function stackOfEnvironment(folder: string, environment: string): Promise<string | undefined> {
  for (const file of (await readdir(folder)).sort()) {
    const [, stack] = /^Pulumi\.(.+)\.yaml$/.exec(file) ?? [];
    if (stack === undefined) continue;
    const { config } = (await readYaml(folder, file)) as { config?: Record<string, unknown> };
    if (config?.["slipway:environment"] === environment) return stack;
  }
  return undefined;
}

async function readYaml(folder: string, name: string): Promise<Record<string, unknown>> {
  try {
    return parse(await readFile(path.join(folder, name), "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new Error(`${name} is missing in ${folder}: check --stack and --stack-files.`);
    throw error;
  }
}
