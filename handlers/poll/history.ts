import { failure } from "../shared/failure";
import type { ForgeTokens } from "../shared/forgeAccess";
import { DELIMITER, FLUSH, packet } from "./packets";
import { connect, type Remote, sectionOf, uploadPack } from "./remote";

/** How many generations of history to search: older commits were superseded long ago. */
const DEPTH = 1_000;

/** Bytes of one answer, which lists at most the commits of one generation. */
const LIMIT = 1024 * 1024;

/**
 * Whether a commit is an ancestor of another one, up to {@link DEPTH} generations back. Forges also serve the commits
 * of forks under the parent's name, so it is not enough that the commit exists.
 *
 * Nothing is downloaded. The client declares that its history ends at a commit (`shallow`), and requests more history
 * of another one (`deepen`). The server answers `unshallow` exactly if the branch contains the first commit.
 * https://git-scm.com/docs/gitprotocol-v2#_fetch
 *
 * @returns `false` also if the forge does not have the commits
 * @throws Failure that says what is wrong with the repository, without naming it
 */
export async function isInHistory(
  remote: Remote,
  { commit, of: tip }: { commit: string; of: string },
  tokens: ForgeTokens,
  signal: AbortSignal,
): Promise<boolean> {
  const { base, advertisement, token } = await connect(remote, tokens, signal, LIMIT);
  const capabilities = advertisement.flatMap((it) => (it.kind === "line" ? [it.text] : []));
  const fetches = capabilities.find((line) => /^fetch(=|$)/.test(line))?.split(/[= ]/) ?? [];
  if (!fetches.includes("shallow")) {
    throw failure(
      "SystemUnavailable",
      "it does not support version 2 of the git protocol, which is needed to read a branch's history",
    );
  }
  const body = deepen(commit, tip, fetches.includes("filter"));
  const answer = await sectionOf(await uploadPack(remote, base, token, body, signal), token, LIMIT);
  const [refusal] = answer.filter((line) => line.startsWith("ERR "));
  // The branch was reset away from the tip, and the forge has deleted it.
  if (refusal?.includes("not our ref")) {
    return false;
  }
  if (refusal !== undefined || answer[0] !== "shallow-info") {
    throw failure(
      "SystemUnavailable",
      `it did not return the branch's history: ${(refusal ?? answer[0] ?? "").slice(0, 300)}`,
    );
  }
  return answer.includes(`unshallow ${commit}`);
}

/** @param filter whether the server can omit files from its answer; nobody reads them */
function deepen(commit: string, tip: string, filter: boolean): string {
  const lines = ["no-progress", `deepen ${DEPTH}`, `shallow ${commit}`, `want ${tip}`];
  const packets = [...lines, ...(filter ? ["filter tree:0"] : []), "done"].map((line) => packet(`${line}\n`));
  return [packet("command=fetch\n"), DELIMITER, ...packets, FLUSH].join("");
}
