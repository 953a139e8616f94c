import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { file, readFolder } from "./files";
import type { RefUpdate, Repository } from "./repository";

/** The repository with the desired state of the example organisation's clusters. */
export const gitops = "acme/gitops";

const folder = path.join(__dirname, "../../examples/gitops");

/** The first commit: the project's example. */
export const importGitops = async (repository: Repository): Promise<RefUpdate> =>
  repository.commit(await readFolder(folder), "Import the clusters' manifests");

/** Another person's commit, which does not touch the overlays. @param what one word */
export const commitNote = (repository: Repository, what: string): Promise<RefUpdate> =>
  repository.commit({ [`notes/${what}.md`]: file(`${what}\n`) }, `Note ${what}`);

/**
 * Accepts only branches that contain the head of the base, as an Enterprise Server's pre-receive hook can:
 * https://docs.github.com/enterprise-server/admin/policies/enforcing-policy-with-pre-receive-hooks
 */
export async function requireBase(repository: Repository, base = "main"): Promise<void> {
  const hook = path.join(repository.directory, "hooks/pre-receive");
  await mkdir(path.dirname(hook), { recursive: true });
  await writeFile(hook, preReceive(base), { mode: 0o755 });
}

const preReceive = (base: string): string => `#!/bin/sh
while read -r before after ref; do
  case "$after" in *[!0]*) ;; *) continue ;; esac
  if ! git merge-base --is-ancestor ${base} "$after"; then
    echo "\${ref#refs/heads/} does not contain the head of ${base}: rebase it" >&2
    exit 1
  fi
done
`;
