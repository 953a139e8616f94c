import { isInHistory } from "../poll/history";
import { headsOf } from "../poll/remote";
import { explain, failure, failureType } from "../shared/failure";
import { accessOf, type ForgeAccessOptions, type ForgeTokens } from "../shared/forgeAccess";
import type { PushMessage } from "../shared/message";
import type { Standing } from "./decision";
import type { FetchFailure } from "./retry";

/**
 * Asks the forge whether a branch contains a pushed commit. Anyone who can send a webhook for a repository can name any
 * commit, and forges serve the commits of forks under the parent's name.
 * @param last the branch's commit that was delivered last
 * @throws Failure that names repository and branch
 */
export async function standingOf(
  forges: ForgeAccessOptions,
  tokens: ForgeTokens,
  { forge, repository, branch, commit }: PushMessage,
  last: string | undefined,
  signal: AbortSignal,
): Promise<Standing> {
  const remote = { forge, url: accessOf(forges, forge).url, repository };
  // Outside `try`: errors of the secret are not the repository's. Cached.
  await tokens.tokenOf(forge);
  try {
    const head = (await headsOf(remote, [branch], tokens, signal)).get(branch);
    if (head === commit) {
      return { kind: "head" };
    }
    if (head === undefined || !(await isInHistory(remote, { commit, of: head }, tokens, signal))) {
      return { kind: "absent", head };
    }
    const passed =
      last === head || (last !== undefined && (await isInHistory(remote, { commit, of: last }, tokens, signal)));
    return { kind: "contained", head, passed };
  } catch (error) {
    const what = `branch ${branch} of ${repository} at ${forge} cannot be compared with commit ${commit}`;
    const type = failureType(error);
    const { retryAfter } = error as FetchFailure;
    throw Object.assign(
      // May be temporary: a token is rotated, a repository is renamed.
      failure(type === "ConfigurationError" ? "RevisionUnavailable" : type, `${what}: ${explain(error)}`, error),
      retryAfter === undefined ? {} : { retryAfter },
    );
  }
}
