import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Account } from "../cloud/cloud";
import { mirrorBaseImage } from "../cloud/docker/mirror";
import type { Registration } from "../monitor";

const dockerfile = path.join(__dirname, "../../examples/storefront/Dockerfile");

/** Where a stack's builds look for base images: a registry's host, and what comes before an image's name. */
function registriesOf(registrations: readonly Registration[]): { host: string; prefix: string }[] {
  return registrations
    .filter(({ type }) => type === "aws:codebuild/project:Project")
    .flatMap(({ inputs }) => {
      const { environmentVariables = [] } = inputs.environment as {
        environmentVariables?: { name: string; value: string }[];
      };
      const value = environmentVariables.find(({ name }) => name === "BASE_IMAGE_REGISTRY")?.value ?? "";
      const [, host, prefix] = /^([^/]+)(?:\/(.+))?$/.exec(value) ?? [];
      return host === undefined ? [] : [{ host, prefix: prefix ?? "" }];
    });
}

/**
 * Where builds take base images from the account's own registry, somebody has mirrored what the example begins with, once,
 * before anything is delivered.
 */
export async function mirrorBaseImages(account: Account, registrations: readonly Registration[]): Promise<void> {
  const own = `${account.accountId}.dkr.ecr.${account.region}.${account.dnsSuffix}`;
  const repositories = registriesOf(registrations)
    .filter(({ host }) => host === own)
    .map(({ prefix }) => (prefix === "" ? "node" : `${prefix}/node`));
  if (repositories.length === 0) return;
  const [, tag] = /^FROM .*\bnode:([\w.-]+)/m.exec(await readFile(dockerfile, "utf8")) ?? [];
  if (tag === undefined) throw new Error(`${dockerfile} begins with no node image: say here what is to be mirrored.`);
  for (const repository of new Set(repositories)) await mirrorBaseImage(account, repository, tag);
}
