import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Account } from "./cloud/cloud";
import { mirrorBaseImage } from "./cloud/docker/mirror";
import type { Stack } from "./stacks";

/** The example application's Dockerfile, and that of the program's own image. */
const dockerfiles = ["examples/storefront/Dockerfile", "images/gitops-pr/Dockerfile"];

/**
 * If a stack's base images come from the account's own registry, mirrors them before the stack exists: the program
 * builds its own image while it is evaluated.
 */
export async function mirrorBaseImages(account: Account, stacks: Stack[]): Promise<void> {
  const own = `${account.accountId}.dkr.ecr.${account.region}.${account.dnsSuffix}`;
  const registries = new Set(stacks.flatMap(({ values }) => values["slipway:baseImageRegistry"] ?? []));
  for (const registry of registries) {
    const [host, ...prefix] = registry.split("/");
    if (host !== own) continue;
    for (const tag of await nodeTags()) await mirrorBaseImage(account, [...prefix, "node"].join("/"), tag);
  }
}

/** The distinct tags of the Dockerfiles' `node` images. */
async function nodeTags(): Promise<Set<string>> {
  const tags = new Set<string>();
  for (const file of dockerfiles) {
    const text = await readFile(path.join(__dirname, "..", file), "utf8");
    const found = [...text.matchAll(/^FROM .*\bnode:([\w.-]+)/gm)].flatMap(([, tag]) => tag ?? []);
    if (found.length === 0) throw new Error(`${file} begins with no node image: say here what is to be mirrored.`);
    for (const tag of found) tags.add(tag);
  }
  return tags;
}
