import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";

/** A stack's configuration as the language host hands it to the program: every value a string, objects as JSON. */
export interface StackConfiguration {
  project: string;
  /** `tsconfig` of the runtime options, which decides how `pulumi up` transpiles. */
  tsconfig: string;
  values: Record<string, string>;
}

/**
 * Reads Pulumi.yaml and Pulumi.<stack>.yaml in `root`.
 * @throws where a file is missing, or a value is encrypted and so cannot be read without the stack's own key
 */
export async function readStack(root: string, stack: string): Promise<StackConfiguration> {
  const project = await readYaml(root, "Pulumi.yaml");
  const file = await readYaml(root, `Pulumi.${stack}.yaml`);
  const values: Record<string, string> = {};
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

async function readYaml(root: string, name: string): Promise<Record<string, unknown>> {
  try {
    return parse(await readFile(path.join(root, name), "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new Error(`${name} is missing: there is no such stack in this project.`);
    throw error;
  }
}
