import { branchOf, type Change, messageOf, overlayFile } from "./change.ts";
import { setImage } from "./kustomization.ts";
import { explain, type Log } from "./log.ts";
import type { Options } from "./options.ts";
import type { PullRequestRecord } from "./pullRequestRecord.ts";
import type { WorkingCopy } from "./workingCopy.ts";

/** How often the commit is attempted, each time on the current base, including the first time. */
const TRIES = 5;

export interface BranchContext {
  options: Options;
  copy: WorkingCopy;
  log: Log;
}

/**
 * The overlay's text with the change applied.
 * @returns `undefined` if the overlay already has the change
 * @throws Error that names the file, what is wrong with it and what to do
 */
export async function changedOverlay({ options, copy }: BranchContext, change: Change): Promise<string | undefined> {
  const { repository, branch } = options;
  const file = overlayFile(change);
  const text = await copy.read(file);
  if (text === undefined) {
    throw new Error(`${repository} has no ${file} on ${branch}: add the overlay, then try again`);
  }
  try {
    const changed = setImage(text, change.image);
    return changed === text ? undefined : changed;
  } catch (error) {
    throw new Error(`${file} of ${repository} on ${branch} cannot be edited: ${explain(error)}`);
  }
}

/**
 * Commits the change on top of the base and sets the branch to that commit.
 * @returns whether the branch differs from the base
 * @throws Error with git's message
 */
export async function pushBranch(context: BranchContext, record: PullRequestRecord): Promise<boolean> {
  const { options, copy, log } = context;
  const branch = branchOf(record);
  for (let tries = 1; ; tries++) {
    const content = await changedOverlay(context, record);
    if (content === undefined) {
      return false;
    }
    const expected = await copy.remoteHead(branch);
    const base = await copy.base();
    const { author } = options;
    const commit = await copy.commit(overlayFile(record), content, { message: messageOf(record), author });
    if (expected !== "" && (await copy.has(branch))) {
      // Do not push again: a push can dismiss the reviews of an open pull request.
      log("info", "branch already exists", { branch, commit: expected, base });
      return true;
    }
    const refusal = await copy.push(branch, expected);
    if (refusal === undefined) {
      log("info", "branch pushed", { branch, commit, base });
      return true;
    }
    await copy.refresh();
    const moved = (await copy.base()) !== base || (await copy.remoteHead(branch)) !== expected;
    log("warn", "branch rejected", { branch, tries, moved: moved ? "yes" : "no", cause: refusal });
    if (!moved || tries === TRIES) {
      const what = moved
        ? `because ${options.branch} moved during each of ${TRIES} attempts`
        : "although nothing had moved";
      throw new Error(`${options.repository} rejected branch ${branch}, ${what}: ${refusal}`);
    }
  }
}
