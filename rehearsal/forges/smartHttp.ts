import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { exitOf, startGit } from "./git";
import { noCommit, type RefUpdate, type Repository } from "./repository";

/** git-upload-pack serves clones and fetches, git-receive-pack accepts pushes. */
export type GitService = "git-upload-pack" | "git-receive-pack";

const fresh = { "cache-control": "no-cache, max-age=0, must-revalidate" };

/** Forges allow partial clones (`--filter`), which git disables by default. */
const configuration = ["-c", "uploadpack.allowFilter=true"];

/** `git-upload-pack` → `upload-pack`, run for a single request, as git's HTTP protocol requires. */
const serve = (service: GitService, args: string[], request: IncomingMessage) =>
  startGit([...configuration, service.slice("git-".length), "--stateless-rpc", ...args], protocolOf(request));

/** A header requests version 2 of the protocol; git reads it from an environment variable. */
function protocolOf(request: IncomingMessage): Record<string, string> {
  const version = request.headers["git-protocol"];
  return typeof version === "string" ? { GIT_PROTOCOL: version } : {};
}

/** `GET /<owner>/<repository>.git/info/refs?service=…`: the list of references. */
export async function advertise(
  repository: Repository,
  service: GitService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const git = serve(service, ["--http-backend-info-refs", repository.directory], request);
  const announcement = `# service=${service}\n`;
  response.writeHead(200, { ...fresh, "content-type": `application/x-${service}-advertisement` });
  // git's packet lines start with their length, including its four hexadecimal digits; 0000 ends the list.
  response.write(`${(announcement.length + 4).toString(16).padStart(4, "0")}${announcement}0000`);
  git.stdin.end();
  git.stderr.resume();
  await Promise.all([pipeline(git.stdout, response), exitOf(git)]);
}

/**
 * `POST /<owner>/<repository>.git/git-upload-pack` or `git-receive-pack`. The client waits until the caller ends the response.
 * @returns the references that moved
 */
export async function exchange(
  repository: Repository,
  service: GitService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<RefUpdate[]> {
  const before = await repository.refs();
  const git = serve(service, [repository.directory], request);
  response.writeHead(200, { ...fresh, "content-type": `application/x-${service}-result` });
  git.stderr.resume();
  const body = request.headers["content-encoding"] === "gzip" ? request.pipe(createGunzip()) : request;
  await Promise.all([pipeline(body, git.stdin), pipeline(git.stdout, response, { end: false }), exitOf(git)]);
  return moved(before, await repository.refs());
}

/** The difference between two states of a repository's references. */
export function moved(before: Map<string, string>, after: Map<string, string>): RefUpdate[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((ref) => ({ ref, before: before.get(ref) ?? noCommit, after: after.get(ref) ?? noCommit }))
    .filter((update) => update.before !== update.after);
}
