/** Where repositories are: each forge has webhooks, archives and credentials of its own kind. */
export const FORGES = ["github", "gitlab", "bitbucket", "gitee"] as const;

export type Forge = (typeof FORGES)[number];

/** Base address of each forge's public service, without a slash at its end. */
export const FORGE_URLS: Record<Forge, string> = {
  github: "https://github.com",
  gitlab: "https://gitlab.com",
  bitbucket: "https://bitbucket.org",
  gitee: "https://gitee.com",
};

/** A branch whose pushes are delivered to an application. */
export interface TrackedBranch {
  forge: Forge;
  /** `owner/name`; at GitLab `group/…/name`. */
  repository: string;
  /** Without `refs/heads/`. */
  branch: string;
  application: string;
}

/**
 * Names a repository among those of all forges: `github/acme/storefront`. It is in lower case, because forges accept
 * repository names in any case.
 */
export function repositoryKey({ forge, repository }: Pick<TrackedBranch, "forge" | "repository">): string {
  return `${forge}/${repository}`.toLowerCase();
}
