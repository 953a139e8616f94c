import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { devNull, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/core";
import { assert } from "chai";
import { createClock } from "../../../rehearsal/clock";
import { enterpriseHost, startForges } from "../../../rehearsal/forges/forges";
import { gitops, importGitops } from "../../../rehearsal/forges/gitops";
import { fetchByName } from "../byName";

const run = promisify(execFile);
const token = "token-of-acme";
const began = Date.UTC(2026, 0, 2, 3, 4, 5);
export const overlay = "kustomize/storefront/overlays/dev/kustomization.yaml";
const [owner, repo] = ["acme", "gitops"];
export const about = { owner, repo };

interface HttpError {
  status: number;
  response: { data: { message: string; errors?: unknown[] } };
}

/** How a request was refused. */
export const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => assert.fail("It was not refused."),
    ({ status, response: { data } }: HttpError) => [status, data.message, data.errors],
  );

/** Two sites, the same behaviour: by octokit and by git, as a program of a user's would ask. */
export const places = [
  { site: "github.com", api: "https://api.github.com" },
  { site: enterpriseHost, api: `https://${enterpriseHost}/api/v3` },
];

/** The repository of manifests at a site, whose pull requests whoever has the token may read and write. */
export async function openPulls({ site, api }: (typeof places)[number]) {
  const addresses = new Map<string, string>();
  const clock = createClock(0, began);
  const directory = await mkdtemp(path.join(tmpdir(), "slipway-pulls-"));
  const forges = await startForges({ directory, addresses, clock, onFault: (error) => assert.fail(error.message) });
  const repository = await forges.createRepository(gitops, site);
  await importGitops(repository);
  forges.protect(repository, token);
  const clone = path.join(directory, "clone");

  const octokit = (auth: string | undefined = token) =>
    new Octokit({
      ...(auth === "" ? {} : { auth }),
      baseUrl: api,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      request: {
        fetch: (address: string, init: { method: string; headers: Record<string, string>; body?: string }) =>
          fetchByName(addresses, address, init),
      },
    });

  /** git as the task runs it: the token comes from a program that it asks. */
  async function git(...args: string[]): Promise<string> {
    const askpass = path.join(directory, "askpass");
    await writeFile(askpass, '#!/bin/sh\necho "$TOKEN"\n');
    await chmod(askpass, 0o755);
    const configuration = [
      ...["-c", `url.${addresses.get(site)}/.insteadOf=https://${site}/`],
      ...["-c", `http.extraHeader=Host: ${site}`],
      ...["-c", "user.name=slipway", "-c", "user.email=slipway@acme.example"],
    ];
    const { stdout } = await run("git", [...configuration, ...args], {
      env: {
        ...{ PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: devNull, LC_ALL: "C" },
        ...{ GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: askpass, TOKEN: token },
      },
    });
    return stdout;
  }

  /** A shallow, sparse clone without blobs, and a commit of the overlay. */
  async function commitOverlay(branch: string, tag: string): Promise<void> {
    await rm(clone, { recursive: true, force: true });
    await git("clone", "--quiet", "--depth=1", "--filter=blob:none", "--sparse", `https://${site}/${gitops}`, clone);
    await git("-C", clone, "sparse-checkout", "set", "kustomize/storefront");
    const file = path.join(clone, overlay);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(/newTag: .*/, `newTag: ${tag}`));
    await git("-C", clone, "checkout", "--quiet", "-b", branch);
    await git("-C", clone, "commit", "--quiet", "--all", "--signoff", "--message", `storefront dev: ${tag}`);
  }
  const pushBranch = (branch: string) => git("-C", clone, "push", "--quiet", "origin", branch);
  const open = (head: string, more: object = {}) =>
    octokit().request("POST /repos/{owner}/{repo}/pulls", {
      ...{ ...about, head, base: "main", title: `storefront: ${head}`, body: "built by CI", ...more },
    });
  async function opened(branch: string, tag = branch): Promise<number> {
    await commitOverlay(branch, tag);
    await pushBranch(branch);
    return (await open(branch)).data.number;
  }

  async function close(): Promise<void> {
    await forges.close();
    await rm(directory, { recursive: true });
  }

  return {
    clock,
    directory,
    forges,
    repository,
    clone,
    octokit,
    git,
    commitOverlay,
    pushBranch,
    open,
    opened,
    close,
  };
}

export type Pulls = Awaited<ReturnType<typeof openPulls>>;
