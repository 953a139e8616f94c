import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { exitOf, startGit } from "./git";
import { noCommit, type RefUpdate, type Repository } from "./repository";

/** git-upload-pack serves clones and fetches, git-receive-pack takes pushes. */
export type GitService = "git-upload-pack" | "git-receive-pack";

const fresh = { "cache-control": "no-cache, max-age=0, must-revalidate" };

/** Forges let a clone leave files out (`--filter`), which git does not unless told. */
const configuration = ["-c", "uploadpack.allowFilter=true"];

/** `git-upload-pack` → `upload-pack`, run for one request at a time as git's HTTP protocol asks for. */
const serve = (service: GitService, args: string[], request: IncomingMessage) =>
  startGit([...configuration, service.slice("git-".length), "--stateless-rpc", ...args], protocolOf(request));

/** Version 2 of the protocol is asked for by a header, which git takes from an environment variable. */
function protocolOf(request: IncomingMessage): Record<string, string> {
  const version = request.headers["git-protocol"];
  return typeof version === "string" ? { GIT_PROTOCOL: version } : {};
}

/** `GET /<owner>/<repository>.git/info/refs?service=…`: which references there are. */
export async function advertise(
  repository: Repository,
  service: GitService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const git = serve(service, ["--http-backend-info-refs", repository.directory], request);
  const announcement = `# service=${service}\n`;
  response.writeHead(200, { ...fresh, "content-type": `application/x-${service}-advertisement` });
  // git's packet lines begin with their own length, four hexadecimal digits included; 0000 ends the list.
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

/** What differs between two states of a repository's references. */
export function moved(before: Map<string, string>, after: Map<string, string>): RefUpdate[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((ref) => ({ ref, before: before.get(ref) ?? noCommit, after: after.get(ref) ?? noCommit }))
    .filter((update) => update.before !== update.after);
}
