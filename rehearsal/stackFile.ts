import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";

/** A stack's settings by full key, `slipway:environment`. */
export type Values = Record<string, string>;

/** A stack's configuration as the language host passes it to the program: every value a string, objects as JSON. */
export interface StackConfiguration {
  project: string;
  /** `tsconfig` of the runtime options, used by `pulumi up` to transpile. */
  tsconfig: string;
  values: Values;
}

/**
 * Reads Pulumi.yaml and Pulumi.<stack>.yaml in `root`.
 * @throws if a file is missing, or a value is encrypted and therefore unreadable without the stack's own key
 */
export async function readStack(root: string, stack: string): Promise<StackConfiguration> {
  const project = await readYaml(root, "Pulumi.yaml");
  const file = await readYaml(root, `Pulumi.${stack}.yaml`);
  const values: Values = {};
  for (const [key, value] of Object.entries((file.config ?? {}) as Record<string, unknown>)) {
    if (JSON.stringify(value).includes('"secure":'))
      throw new Error(
        `Pulumi.${stack}.yaml: ${key} is encrypted, and the rehearsal has no key for it: keep secrets in Secrets Manager and give their name or ARN.`,
      );
    values[key] = typeof value === "string" ? value : JSON.stringify(value);
  }
  const runtime = project.runtime as { options?: { tsconfig?: string } } | undefined;
  return { project: String(project.name), tsconfig: runtime?.options?.tsconfig ?? "tsconfig.json", values };
}

/** A stack's environment, which is its images' tag; empty if not set. */
export const environmentOf = (values: Values): string => values["slipway:environment"] ?? "";

/** Name of the stack of `root` with this environment, if any. */
export async function stackOfEnvironment(root: string, environment: string): Promise<string | undefined> {
  for (const file of (await readdir(root)).sort()) {
    const [, stack] = /^Pulumi\.(.+)\.yaml$/.exec(file) ?? [];
    if (stack === undefined) continue;
    const { config } = (await readYaml(root, file)) as { config?: Record<string, unknown> };
    if (config?.["slipway:environment"] === environment) return stack;
  }
  return undefined;
}

async function readYaml(root: string, name: string): Promise<Record<string, unknown>> {
  try {
    return parse(await readFile(path.join(root, name), "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new Error(`${name} is missing: there is no such stack in this project.`);
    throw error;
  }
}
