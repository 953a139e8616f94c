import type { DescribeImagesResponse } from "@aws-sdk/client-ecr";
import { storefront } from "../forges/storefront";
import { repositoryOf } from "./delivered";
import { asOperator } from "./operator";
import type { World } from "./world";

/** The commits of main that were pushed so far, oldest first: each releases the version that its message names. */
function releases(world: World): { commit: string; version: string }[] {
  return world.forges.pushes.flatMap(({ repository, update, message }) => {
    const [, version] = /^Release ([\w.-]+)/.exec(message) ?? [];
    const isRelease = repository.name === storefront && update.ref === "refs/heads/main";
    return isRelease && version !== undefined ? [{ commit: update.after, version }] : [];
  });
}

/** The version that was pushed last. */
export function lastVersion(world: World): string {
  const last = releases(world).at(-1);
  if (last === undefined) throw new Error("No version was pushed to main yet.");
  return last.version;
}

/** The commit that releases a version, which is its image's tag. */
export function commitOf(world: World, version: string): string {
  const found = releases(world).find((it) => it.version === version);
  if (found === undefined) throw new Error(`Version ${version} was not pushed.`);
  return found.commit;
}

/** A text with the versions in it in place of their commits, in full or abbreviated as git does. */
export function readable(world: World, text: string): string {
  const known = releases(world);
  return text.replace(
    /\b[0-9a-f]{40}\b|\b[0-9a-f]{7}\b/g,
    (match) => known.find(({ commit }) => commit.startsWith(match))?.version ?? match,
  );
}

/** Versions of the images in the application's repository, by digest. */
export async function versionsByDigest(world: World): Promise<Map<string, string>> {
  const { imageDetails = [] } = await asOperator<DescribeImagesResponse>(world, "ecr", "DescribeImages", {
    repositoryName: repositoryOf(world),
  });
  const known = releases(world);
  return new Map(
    imageDetails.flatMap(({ imageDigest = "", imageTags = [] }) => {
      const release = known.find(({ commit }) => imageTags.includes(commit));
      return release === undefined ? [] : [[imageDigest, release.version]];
    }),
  );
}
