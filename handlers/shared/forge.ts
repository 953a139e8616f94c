/** The services that host repositories, each with its own kind of webhooks, archives and credentials. */
export const FORGES = ["github", "gitlab", "bitbucket", "gitee"] as const;

export type Forge = (typeof FORGES)[number];

/** Base URL of each forge's public service, without a trailing slash. */
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
 * Identifies a repository across forges: `github/acme/storefront`. In lower case, because forges ignore the case of
 * repository names.
 */
export function repositoryKey({ forge, repository }: Pick<TrackedBranch, "forge" | "repository">): string {
  return `${forge}/${repository}`.toLowerCase();
}
