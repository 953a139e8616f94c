import { lstat, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Git, gitFailure, isGone, isPassing, must, wordsOf } from "./git.ts";
import { type Patience, patiently } from "./retry.ts";

/** A shallow clone of the gitops repository, with one folder checked out. */
export interface WorkingCopy {
  /** The base branch's commit. */
  base(): Promise<string>;
  /** Every file below a folder on the base branch. */
  files(folder: string): Promise<string[]>;
  /** Fetches the current base branch and discards all local changes. */
  refresh(): Promise<void>;
  /** The content of a file; `undefined` if there is none. @throws Error if it is not a regular file or not UTF-8 */
  read(file: string): Promise<string | undefined>;
  /** Commits one file on top of the base. @returns the commit */
  commit(file: string, content: string, commit: Commit): Promise<string>;
  /** Whether a remote branch is the base plus one commit, with the same files as the last commit. */
  has(branch: string): Promise<boolean>;
  /** The remote branch's commit; `""` if it does not exist. */
  remoteHead(branch: string): Promise<string>;
  /**
   * Sets a remote branch to the last commit, if nobody has changed the branch.
   * @param expected result of {@link remoteHead}
   * @returns git's message if the push was rejected; otherwise `undefined`
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
  /** Target directory; must not exist. */
  directory: string;
  patience: Patience;
}

/**
 * Commits files byte for byte, whatever the repository's .gitattributes and the user's configuration say. This file of
 * attributes has the highest precedence. https://git-scm.com/docs/gitattributes
 */
const ATTRIBUTES = "* -text -ident -filter -working-tree-encoding\n";

/** @throws GitFailure with git's message */
export async function clone(options: CloneOptions): Promise<WorkingCopy> {
  const { url, branch, folder, directory, patience } = options;
  const git = await answering(options.git, url);
  const here = (args: string[], more = {}) => must(git, args, { directory, ...more });
  const overNetwork = <T>(attempt: () => Promise<T>) => patiently(attempt, isPassing, patience);
  const base = `refs/remotes/origin/${branch}`;
  const refresh = async () => {
    // Full name, because a tag may have the same name.
    const what = ["--depth=1", "--no-tags", "--filter=blob:none", "origin", `+refs/heads/${branch}:${base}`];
    await overNetwork(() => here(["fetch", "--quiet", ...what])).catch((error) => {
      throw isGone(error) ? new Error(`${url} has no branch ${branch}: check slipway:pullRequests.branch`) : error;
    });
    // The fetch excludes file contents; the checkout downloads those of the folder.
    await overNetwork(() => here(["checkout", "--quiet", "--force", "--detach", base]));
  };

  await must(git, ["init", "--quiet", directory]);
  await mkdir(path.join(directory, ".git/info"), { recursive: true });
  await writeFile(path.join(directory, ".git/info/attributes"), ATTRIBUTES);
  await here(["remote", "add", "origin", url]);
  await here(["sparse-checkout", "set", folder]);
  await refresh();

  return {
    base: () => here(["rev-parse", base]),
    async files(folder) {
      const names = await here(["ls-tree", "-r", "-z", "--name-only", base, "--", `${folder}/`]);
      return names.split("\0").filter((name) => name !== "");
    },
    refresh,
    async read(file) {
      return (await isFile(directory, file)) ? textOf(file, await readFile(path.join(directory, file))) : undefined;
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
      try {
        await overNetwork(() => here(["fetch", "--quiet", "--depth=2", "--no-tags", "origin", `refs/heads/${head}`]));
      } catch (error) {
        if (isGone(error)) {
          return false;
        }
        throw error;
      }
      const [parents, tree] = (await here(["show", "--no-patch", "--format=%P%n%T", "FETCH_HEAD"])).split("\n");
      return parents === (await here(["rev-parse", base])) && tree === (await here(["rev-parse", "HEAD^{tree}"]));
    },
    async remoteHead(branch) {
      const line = await overNetwork(() => here(["ls-remote", "origin", `refs/heads/${branch}`]));
      return line.split("\t")[0] ?? "";
    },
    push: (branch, expected) => overNetwork(() => pushHead(git, directory, branch, expected)),
  };
}

/** git with credentials for the actual server: the user's configuration may rewrite the URL. */
async function answering(git: Git, url: string): Promise<Git> {
  const address = await must(git, ["ls-remote", "--get-url", url]);
  const [origin = ""] = /^\w+:\/\/[^/]+/.exec(address) ?? [];
  return (args, settings = {}) =>
    git(args, { ...settings, environment: { ...settings.environment, GITHUB_ORIGIN: origin } });
}

function textOf(file: string, content: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new Error(`${file} of the gitops repository is not UTF-8: save it as UTF-8, then try again`);
  }
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
  // Messages from the server are on separate lines.
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

/** @throws Error if part of the path is a symbolic link or has the wrong type: links may lead out of the repository */
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
      throw new Error(
        `${part} is not a regular ${isLast ? "file" : "folder"} in the gitops repository: replace it with one`,
      );
    }
  }
  return true;
}
