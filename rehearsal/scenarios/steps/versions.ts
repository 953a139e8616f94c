import type { DescribeImagesResponse } from "@aws-sdk/client-ecr";
import { storefront } from "../../forges/storefront";
import type { ScenarioContext } from "../scenarioContext";
import { repositoryOf } from "./delivered";
import { asOperator } from "./operator";

/** The commits pushed to main so far, oldest first: each releases the version in its message. */
function releases(context: ScenarioContext): { commit: string; version: string }[] {
  return context.forges.pushes.flatMap(({ repository, update, message }) => {
    const [, version] = /^Release ([\w.-]+)/.exec(message) ?? [];
    const isRelease = repository.name === storefront && update.ref === "refs/heads/main";
    return isRelease && version !== undefined ? [{ commit: update.after, version }] : [];
  });
}

/** The last pushed version. */
export function lastVersion(context: ScenarioContext): string {
  const last = releases(context).at(-1);
  if (last === undefined) throw new Error("No version was pushed to main yet.");
  return last.version;
}

/** The commit that releases a version, which is its image's tag. */
export function commitOf(context: ScenarioContext, version: string): string {
  const found = releases(context).find((it) => it.version === version);
  if (found === undefined) throw new Error(`Version ${version} was not pushed.`);
  return found.commit;
}

/** A text with versions in place of their commits, full or abbreviated as in git. */
export function readable(context: ScenarioContext, text: string): string {
  const known = releases(context);
  return text.replace(
    /\b[0-9a-f]{40}\b|\b[0-9a-f]{7}\b/g,
    (match) => known.find(({ commit }) => commit.startsWith(match))?.version ?? match,
  );
}

/** Versions of the images in the application's repository, by digest. */
export async function versionsByDigest(context: ScenarioContext): Promise<Map<string, string>> {
  const { imageDetails = [] } = await asOperator<DescribeImagesResponse>(context, "ecr", "DescribeImages", {
    repositoryName: repositoryOf(context),
  });
  const known = releases(context);
  return new Map(
    imageDetails.flatMap(({ imageDigest = "", imageTags = [] }) => {
      const release = known.find(({ commit }) => imageTags.includes(commit));
      return release === undefined ? [] : [[imageDigest, release.version]];
    }),
  );
}
