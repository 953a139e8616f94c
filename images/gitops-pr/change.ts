import { createHash } from "node:crypto";
import { parseImage, shortVersion } from "./imageArgument.ts";
import type { PullRequestRecord } from "./pullRequestRecord.ts";

/** The change to make in the gitops repository. */
export type Change = Pick<PullRequestRecord, "service" | "environment" | "image">;

// Both are folders and parts of a branch name. In git, no part of a branch name can end in .lock.
// https://git-scm.com/docs/git-check-ref-format
const FOLDER = /^(?!.*\.\.)(?!.*\.lock$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/;

/** Maximum length of a pull request title on GitHub. */
const TITLE = 256;

/** @throws Error that names the field of the record */
export function checkChange(change: Change): void {
  for (const field of ["service", "environment"] as const) {
    if (!FOLDER.test(change[field])) {
      throw new Error(
        `the record's ${field} ${JSON.stringify(change[field])} is not a folder name; allowed: lower-case letters and digits, with . _ - between them`,
      );
    }
  }
  parseImage(change.image);
}

/** The part of the gitops repository that is checked out. */
export function serviceFolder({ service }: Change): string {
  return `kustomize/${service}`;
}

/** The file that sets the environment's image. */
export function overlayFile(change: Change): string {
  return `${serviceFolder(change)}/overlays/${change.environment}/kustomization.yaml`;
}

/** Prefix of the branches of all changes to a service in an environment. */
export function branchPrefix({ service, environment }: Change): string {
  return `slipway/${service}/${environment}/`;
}

/** Identical changes share one branch, regardless of who requests them and how often. */
export function branchOf(change: Change): string {
  const { service, environment, image } = change;
  const hash = createHash("sha256").update(JSON.stringify([service, environment, image]));
  return `${branchPrefix(change)}${hash.digest("hex").slice(0, 12)}`;
}

export function titleOf({ service, environment, image }: Change): string {
  return `${service} ${environment}: ${shortVersion(parseImage(image))}`.slice(0, TITLE);
}

/** The commit message, without the sign-off. */
export function messageOf(record: PullRequestRecord): string {
  const { image, repository, revision, build } = record;
  const lines = [
    `Image: ${image}`,
    `Commit: ${repository} ${revision}`,
    ...(build === undefined ? [] : [`Build: ${build}`]),
  ];
  return `${titleOf(record)}\n\n${lines.join("\n")}\n`;
}
