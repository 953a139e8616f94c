import { explain, failure, failureType } from "../failure";
import { accessOf, type ForgeAccessOptions, type ForgeTokens } from "../forgeAccess";
import type { PushMessage } from "../message";
import { isInHistory } from "../poll/history";
import { headsOf } from "../poll/remote";
import type { Standing } from "./decision";

/**
 * Asks the forge whether a branch contains a pushed commit. Whoever can send a webhook for a repository can name any commit,
 * and forges serve the commits of forks under the parent's name.
 * @param last the commit of the branch that was delivered last
 * @throws Failure that names repository and branch
 */
export async function standingOf(
  forges: ForgeAccessOptions,
  tokens: ForgeTokens,
  { forge, repository, branch, commit }: PushMessage,
  last: string | undefined,
): Promise<Standing> {
  const remote = { forge, url: accessOf(forges, forge).url, repository };
  try {
    const head = (await headsOf(remote, [branch], tokens)).get(branch);
    if (head === commit) {
      return { kind: "head" };
    }
    if (head === undefined || !(await isInHistory(remote, { commit, of: head }, tokens))) {
      return { kind: "absent", head };
    }
    const passed = last === head || (last !== undefined && (await isInHistory(remote, { commit, of: last }, tokens)));
    return { kind: "contained", head, passed };
  } catch (error) {
    const what = `branch ${branch} of ${repository} at ${forge} cannot be compared with commit ${commit}`;
    const type = failureType(error);
    // A refusal may pass: a token is rotated, a repository is renamed.
    throw failure(type === "ConfigurationError" ? "RevisionUnavailable" : type, `${what}: ${explain(error)}`, error);
  }
}
