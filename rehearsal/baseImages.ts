import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Account } from "./cloud/cloud";
import { mirrorBaseImage } from "./cloud/docker/mirror";
import type { Stack } from "./stacks";

/** Those of the example application, and of the image that the program itself brings. */
const dockerfiles = ["examples/storefront/Dockerfile", "images/gitops-pr/Dockerfile"];

/**
 * Where a stack's images begin with those of the account's own registry, somebody has mirrored them, once, before the stack
 * stands: what the program itself builds is built while it is evaluated.
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

/** Tags of the `node` images that the Dockerfiles begin with, each once. */
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
