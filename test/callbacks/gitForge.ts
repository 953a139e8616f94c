import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { PlainAnswer, PlainRequest } from "./endpoint";

/** A forge whose repositories are read over git's smart HTTP protocol, which git itself speaks. */
export interface GitForge {
  /** Where the repositories are. */
  directory: string;
  requests: PlainRequest[];
  /** The version of the protocol that it speaks; undefined for the one that it is asked for. */
  version: string | undefined;
  /**
   * Makes a commit without files, and moves the branch to it.
   * @param repository `github/acme/storefront`
   * @param parent the branch whose head it comes after, if that is there; without one, it begins a history
   */
  commit(repository: string, branch: string, message: string, parent?: string): string;
  move(repository: string, branch: string, commit: string): void;
  remove(repository: string, branch: string): void;
  head(repository: string, branch: string): string;
  /** Answers under `/forge/`. */
  answer(request: PlainRequest): PlainAnswer;
}

const WHO = { name: "Storefront", email: "storefront@example.com", date: "2026-01-05T10:00:00Z" };
const IDENTITY = Object.fromEntries(
  ["AUTHOR", "COMMITTER"].flatMap((role) =>
    Object.entries(WHO).map(([field, value]) => [`GIT_${role}_${field.toUpperCase()}`, value]),
  ),
);

export function createForge(): GitForge {
  const directory = mkdtempSync(path.join(tmpdir(), "slipway-forge-"));
  const folderOf = (repository: string) => path.join(directory, `${repository}.git`);
  const forge: GitForge = {
    directory,
    requests: [],
    version: undefined,
    commit(repository, branch, message, parent) {
      const folder = folderOf(repository);
      if (!existsSync(folder)) {
        git(["init", "--quiet", "--bare", folder]);
      }
      const tree = run(folder, ["mktree"]);
      const heads =
        parent === undefined ? "" : run(folder, ["for-each-ref", "--format=%(objectname)", `refs/heads/${parent}`]);
      const commit = run(folder, ["commit-tree", "-m", message, ...(heads === "" ? [] : ["-p", heads]), tree]);
      forge.move(repository, branch, commit);
      return commit;
    },
    move: (repository, branch, commit) => run(folderOf(repository), ["update-ref", `refs/heads/${branch}`, commit]),
    remove: (repository, branch) => run(folderOf(repository), ["update-ref", "-d", `refs/heads/${branch}`]),
    head: (repository, branch) => run(folderOf(repository), ["rev-parse", `refs/heads/${branch}`]),
    answer(request) {
      forge.requests.push(request);
      return serve(forge, request);
    },
  };
  return forge;
}

function serve({ directory, version }: GitForge, { method, url, headers, body }: PlainRequest): PlainAnswer {
  const [, repository = "", what] = /^\/forge\/(.+\.git)\/(info\/refs|git-upload-pack)/.exec(url) ?? [];
  const folder = path.join(directory, repository);
  if (what === undefined || !existsSync(folder)) {
    return { status: 404 };
  }
  const protocol = version === undefined ? String(headers["git-protocol"] ?? "") : `version=${version}`;
  const advertises = method === "GET";
  const answer = git(
    ["upload-pack", "--stateless-rpc", ...(advertises ? ["--http-backend-info-refs"] : []), folder],
    body,
    { GIT_PROTOCOL: protocol },
  );
  // In version 2 git's own server does without the announcement (http-backend.c).
  const announcement = advertises && protocol !== "version=2" ? "001e# service=git-upload-pack\n0000" : "";
  return {
    status: 200,
    headers: { "content-type": `application/x-git-upload-pack-${advertises ? "advertisement" : "result"}` },
    body: Buffer.concat([Buffer.from(announcement), answer]),
  };
}

const run = (folder: string, args: string[]): string =>
  git([`--git-dir=${folder}`, ...args])
    .toString()
    .trim();

function git(args: string[], input: Buffer = Buffer.alloc(0), environment: Record<string, string> = {}): Buffer {
  const { status, stdout, stderr, error } = spawnSync("git", args, {
    input,
    env: { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: "1", HOME: tmpdir(), ...IDENTITY, ...environment },
  });
  // A server that refuses says so in its output.
  if (status !== 0 && args[0] !== "upload-pack") {
    throw new Error(`git ${args.join(" ")}: ${error?.message ?? stderr.toString()}`);
  }
  return stdout;
}
