import { lstat, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Git, gitFailure, isPassing, must, wordsOf } from "./git.ts";
import { type Patience, patiently } from "./retry.ts";

/** A clone of the gitops repository with the newest commit alone, of which one folder is looked at. */
export interface WorkingCopy {
  /** The base branch's commit. */
  base(): Promise<string>;
  /** Takes the base branch as it is now, and forgets all else. */
  refresh(): Promise<void>;
  /** The content of a file; `undefined` if there is none. @throws Error if it is something else than a file */
  read(file: string): Promise<string | undefined>;
  /** Commits one file on top of the base. @returns the commit */
  commit(file: string, content: string, commit: Commit): Promise<string>;
  /** Whether a branch of the repository itself is the base and one commit, with the files that the last commit has. */
  has(branch: string): Promise<boolean>;
  /** The commit of a branch in the repository itself; `""` if there is no such branch. */
  remoteHead(branch: string): Promise<string>;
  /**
   * Makes a branch the last commit, if the branch still is what it was.
   * @param expected as {@link remoteHead} gave it
   * @returns git's words if the branch was refused; `undefined` if it is that commit now
   */
  push(branch: string, expected: string): Promise<string | undefined>;
}

export interface Commit {
  message: string;
  author: { name: string; email: string };
}

export interface CloneOptions {
  git: Git;
  url: string;
  branch: string;
  /** `kustomize/storefront` */
  folder: string;
  /** Where to; nothing is there yet. */
  directory: string;
  patience: Patience;
}

/** @throws GitFailure in git's words */
export async function clone({ git, url, branch, folder, directory, patience }: CloneOptions): Promise<WorkingCopy> {
  const here = (args: string[], more = {}) => must(git, args, { directory, ...more });
  const overNetwork = <T>(attempt: () => Promise<T>) => patiently(attempt, isPassing, patience);
  const checkOut = async () => {
    // Without the files' contents from the clone, this fetches those of the folder.
    await overNetwork(() => here(["checkout", "--quiet", "--force", "--detach", `origin/${branch}`]));
  };

  const shallow = ["--depth=1", "--no-tags"];
  const sparse = ["--filter=blob:none", "--sparse", "--no-checkout"];
  await overNetwork(() =>
    must(git, ["clone", "--quiet", ...shallow, ...sparse, `--branch=${branch}`, "--", url, directory]),
  );
  await here(["sparse-checkout", "set", folder]);
  await checkOut();

  return {
    base: () => here(["rev-parse", `origin/${branch}`]),
    async refresh() {
      await overNetwork(() => here(["fetch", "--quiet", ...shallow, "origin", branch]));
      await checkOut();
    },
    async read(file) {
      return (await isFile(directory, file)) ? readFile(path.join(directory, file), "utf8") : undefined;
    },
    async commit(file, content, { message, author }) {
      await writeFile(path.join(directory, file), content);
      await here(["add", "--", file]);
      await here(["commit", "--quiet", "--signoff", "--file=-"], {
        input: message,
        environment: identity(author),
      });
      return here(["rev-parse", "HEAD"]);
    },
    async has(head) {
      await overNetwork(() => here(["fetch", "--quiet", "--depth=2", "--no-tags", "origin", `refs/heads/${head}`]));
      const [parents, tree] = (await here(["show", "--no-patch", "--format=%P%n%T", "FETCH_HEAD"])).split("\n");
      return (
        parents === (await here(["rev-parse", `origin/${branch}`])) &&
        tree === (await here(["rev-parse", "HEAD^{tree}"]))
      );
    },
    async remoteHead(branch) {
      const line = await overNetwork(() => here(["ls-remote", "origin", `refs/heads/${branch}`]));
      return line.split("\t")[0] ?? "";
    },
    push: (branch, expected) => overNetwork(() => pushHead(git, directory, branch, expected)),
  };
}

async function pushHead(git: Git, directory: string, branch: string, expected: string): Promise<string | undefined> {
  const lease = `--force-with-lease=${branch}:${expected}`;
  const args = ["push", "--porcelain", lease, "origin", `HEAD:refs/heads/${branch}`];
  const { code, output, complaint } = await git(args, { directory });
  if (code === 0) {
    return undefined;
  }
  const [, refusal] = /^!\t[^\t]*\t(.*)$/m.exec(output) ?? [];
  if (refusal === undefined) {
    throw gitFailure(args, complaint);
  }
  // What the server says of its own accord is in lines of its own.
  const remote = complaint.split(/[\r\n]+/).filter((line) => line.startsWith("remote:"));
  return wordsOf([refusal, ...remote].join("\n"));
}

function identity({ name, email }: Commit["author"]): Record<string, string> {
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}

/** @throws Error if there is a link or a folder on the way: what is behind it may be outside the repository */
async function isFile(directory: string, file: string): Promise<boolean> {
  const parts = file.split("/");
  for (const index of parts.keys()) {
    const part = parts.slice(0, index + 1).join("/");
    const isLast = index === parts.length - 1;
    const stats = await lstat(path.join(directory, part)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") {
        return undefined;
      }
      throw error;
    });
    if (stats === undefined) {
      return false;
    }
    if (isLast ? !stats.isFile() : !stats.isDirectory()) {
      throw new Error(`${part} is no plain ${isLast ? "file" : "folder"} in the gitops repository: replace it by one`);
    }
  }
  return true;
}
