import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { failure } from "./failure";
import { FORGE_URLS, FORGES, type Forge } from "./forge";
import { type CachedSecret, cachedSecret, nameOf, readSecret, type SecretLocation } from "./secret";

/** How to reach a forge. */
export interface ForgeAccess {
  /** Its base URL, without a trailing slash: `https://github.com`. */
  url: string;
  /** Location of the token for private repositories; absent for public ones. */
  token?: SecretLocation;
}

export type ForgeAccessOptions = Partial<Record<Forge, ForgeAccess>>;

/** @throws Failure if the program configured no address for the forge */
export function accessOf(forges: ForgeAccessOptions, forge: Forge): ForgeAccess {
  const access = forges[forge];
  if (access === undefined) {
    throw failure(
      "ConfigurationError",
      `no address is known for ${forge}: every source must use a forge of slipway:forges`,
    );
  }
  return access;
}

/** A repository's name, encoded for use in URLs. */
export function pathOf(repository: string): string {
  return repository.split("/").map(encodeURIComponent).join("/");
}

/** A GET request. Its URL contains no secret. */
export interface ForgeRequest {
  url: string;
  headers: Record<string, string>;
}

/**
 * The user names with which forges accept a token as git's password.
 * - GitHub: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation
 * - GitLab: any name for access tokens, this one for OAuth tokens. https://docs.gitlab.com/api/oauth2/
 * - Bitbucket: https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/
 */
const TOKEN_USERS: Record<Forge, string> = {
  github: "x-access-token",
  gitlab: "oauth2",
  bitbucket: "x-token-auth",
  gitee: "oauth2",
};

/** GitHub's API answers 403 to requests without a user agent. */
export const AGENT = { "user-agent": "slipway" };

/** The headers of git over HTTP, except those of git's protocol. @param token `undefined` for public repositories */
export function gitHeaders(forge: Forge, token: string | undefined): Record<string, string> {
  return token === undefined ? AGENT : { ...AGENT, authorization: basic(TOKEN_USERS[forge], token) };
}

/**
 * The request for a commit's zip. Every forge creates it with `git archive`.
 * - GitHub: the website has archives of public repositories, without the API's rate limit; the API has those of private
 *   ones. https://docs.github.com/en/rest/repos/contents#download-a-repository-archive-zip
 * - GitLab: https://docs.gitlab.com/api/repositories/#get-file-archive
 * - Bitbucket: only the website has archives. It accepts bearer tokens; a token sent the way git does leads to the
 *   sign-in page. https://github.com/utopia-php/vcs/pull/130
 * - Gitee: https://gitee.com/api/v5/swagger#/getV5ReposOwnerRepoZipball; always needs a token, even if public.
 *
 * @param at the forge and its base URL, without a trailing slash
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
   * The current token after a forge has rejected the one from {@link tokenOf}: read again, or already refreshed by
   * another call. `undefined` if none is configured, or the secret still contains the rejected one.
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
  // Checked here, because the error for an invalid header value would quote it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw failure(
      "ConfigurationError",
      `${nameOf(location)} is not a token: store ${forge}'s token there, and nothing else`,
    );
  }
  return token;
}

/**
 * Enterprise Server has its API on its own host, Enterprise Cloud with data residency (`acme.ghe.com`) on `api.<host>`.
 * https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api
 * @param url GitHub's base URL
 * @returns the API's base URL, without a trailing slash
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
