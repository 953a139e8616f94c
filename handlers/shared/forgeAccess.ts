import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { failure } from "./failure";
import { FORGE_URLS, FORGES, type Forge } from "./forge";
import { type CachedSecret, cachedSecret, nameOf, readSecret, type SecretLocation } from "./secret";

/** How a forge is reached. */
export interface ForgeAccess {
  /** Its base address, without a slash at its end: `https://github.com`. */
  url: string;
  /** Where the token is that reads private repositories; none for public ones. */
  token?: SecretLocation;
}

export type ForgeAccessOptions = Partial<Record<Forge, ForgeAccess>>;

/** @throws Failure for a forge that the program gave no address of */
export function accessOf(forges: ForgeAccessOptions, forge: Forge): ForgeAccess {
  const access = forges[forge];
  if (access === undefined) {
    throw failure("ConfigurationError", `${forge} has no address: a source must be at a forge of slipway:forges`);
  }
  return access;
}

/** A repository's name as a part of addresses. */
export function pathOf(repository: string): string {
  return repository.split("/").map(encodeURIComponent).join("/");
}

/** A GET request. Its address holds no secret. */
export interface ForgeRequest {
  url: string;
  headers: Record<string, string>;
}

/**
 * The user names under which forges take a token where git sends a password.
 * - GitHub: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation
 * - GitLab: any name for access tokens, this one for those of OAuth. https://docs.gitlab.com/api/oauth2/
 * - Bitbucket: https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/
 */
const TOKEN_USERS: Record<Forge, string> = {
  github: "x-access-token",
  gitlab: "oauth2",
  bitbucket: "x-token-auth",
  gitee: "oauth2",
};

/** GitHub's API answers 403 to who does not say a name. */
export const AGENT = { "user-agent": "slipway" };

/** The headers of git's requests over HTTP, without those of git's protocol. @param token `undefined` for public repositories */
export function gitHeaders(forge: Forge, token: string | undefined): Record<string, string> {
  return token === undefined ? AGENT : { ...AGENT, authorization: basic(TOKEN_USERS[forge], token) };
}

/**
 * The request for a commit's zip. Every forge makes it with `git archive`.
 * - GitHub: its website has archives of public repositories, without the API's limit of requests; its API those of private
 *   ones. https://docs.github.com/en/rest/repos/contents#download-a-repository-archive-zip
 * - GitLab: https://docs.gitlab.com/api/repositories/#get-file-archive
 * - Bitbucket: the website alone has archives. It takes a token as a bearer's; one that comes as git's does, it sends to
 *   sign in. https://github.com/utopia-php/vcs/pull/130
 * - Gitee: https://gitee.com/api/v5/swagger#/getV5ReposOwnerRepoZipball; not without a token, public repositories neither.
 *
 * @param at the forge, and its base address without a slash at its end
 * @param token `undefined` for public repositories
 */
export function archiveRequest(
  at: { forge: Forge; url: string },
  repository: string,
  commit: string,
  token: string | undefined,
): ForgeRequest {
  const path = pathOf(repository);
  switch (at.forge) {
    case "github":
      return token === undefined
        ? { url: `${at.url}/${path}/archive/${commit}.zip`, headers: AGENT }
        : { url: `${githubApi(at.url)}/repos/${path}/zipball/${commit}`, headers: bearer(token) };
    case "gitlab": {
      const url = `${at.url}/api/v4/projects/${encodeURIComponent(repository)}/repository/archive.zip?sha=${commit}`;
      return { url, headers: token === undefined ? AGENT : { ...AGENT, "private-token": token } };
    }
    case "bitbucket":
      return { url: `${at.url}/${path}/get/${commit}.zip`, headers: bearer(token) };
    case "gitee":
      return { url: `${at.url}/api/v5/repos/${path}/zipball?ref=${commit}`, headers: bearer(token) };
  }
}

/** The tokens of forges, each cached for five minutes. */
export interface ForgeTokens {
  /** The forge's token; `undefined` where none is configured. @throws Failure that names the secret */
  tokenOf(forge: Forge): Promise<string | undefined>;
  /**
   * The token that the forge's secret holds by now, after a forge has refused the one that {@link tokenOf} gave: read anew,
   * or by somebody else a moment ago. `undefined` where none is configured, or the secret holds the refused one still.
   */
  rotatedToken(forge: Forge, refused: string): Promise<string | undefined>;
}

/** Needs secretsmanager:GetSecretValue on the tokens' secrets. @param now milliseconds */
export function createForgeTokens(
  client: SecretsManagerClient,
  access: ForgeAccessOptions,
  now: () => number = Date.now,
): ForgeTokens {
  const secrets: Partial<Record<Forge, CachedSecret>> = {};
  for (const forge of FORGES) {
    const location = access[forge]?.token;
    if (location !== undefined) {
      secrets[forge] = cachedSecret(() => readToken(client, forge, location), now);
    }
  }
  return {
    tokenOf: async (forge) => secrets[forge]?.current(),
    async rotatedToken(forge, refused) {
      const token = (await secrets[forge]?.afterRotation()) ?? (await secrets[forge]?.current());
      return token === refused ? undefined : token;
    },
  };
}

async function readToken(client: SecretsManagerClient, forge: Forge, location: SecretLocation): Promise<string> {
  const token = await readSecret(client, location, `${forge}'s token`);
  // Checked here, since the error for a header that HTTP does not take quotes it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw failure(
      "ConfigurationError",
      `${nameOf(location)} is no token: put ${forge}'s token there, and nothing else`,
    );
  }
  return token;
}

/**
 * Enterprise Server has its API under its own host, Enterprise Cloud with data residency (`acme.ghe.com`) beside it.
 * https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api
 * @param url GitHub's base address
 * @returns its API's, without a slash at its end
 */
export function githubApi(url: string): string {
  const { host } = new URL(url);
  return url === FORGE_URLS.github || host.endsWith(".ghe.com") ? `https://api.${host}` : `${url}/api/v3`;
}

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? AGENT : { ...AGENT, authorization: `Bearer ${token}` };
}

function basic(user: string, token: string): string {
  return `Basic ${Buffer.from(`${user}:${token}`).toString("base64")}`;
}
