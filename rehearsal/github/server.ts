import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { exitOf, startGit } from "./git";
import type { RefUpdate, Repository } from "./repository";
import { advertise, exchange, type GitService } from "./smartHttp";

/** How GitHub can fail those who download from it. */
export type Fault =
  /** Every connection is reset, as on a path that does not reach GitHub. */
  | { kind: "unreachable" }
  /** Archives break off after so many bytes. */
  | { kind: "cut"; afterBytes: number };

export interface ServerOptions {
  repository(name: string): Repository | undefined;
  fault(): Fault | undefined;
  /** Told of what somebody pushed over HTTP, after git has answered them. */
  pushed(repository: Repository, updates: RefUpdate[]): Promise<unknown>;
  /** Makes a version, for `curl -X POST …/push?version=4.0.0`. Resolves with what the caller is told. */
  publish(repository: Repository, version: string): Promise<object>;
  /** Told of what went wrong while serving; the client sees a connection that broke off. */
  failed(error: Error): void;
}

interface Exchange {
  options: ServerOptions;
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  repository: Repository;
  /** What the path names after the repository: a commit, a git service. */
  rest: string;
}

interface Route {
  host: string;
  method: string;
  /** Two groups: the repository's full name, and the rest that the handler wants. */
  path: RegExp;
  /** Where the repository is not there. */
  missing: (response: ServerResponse) => void;
  serve: (exchange: Exchange) => Promise<void> | void;
}

const codeload = "codeload.github.com";

const routes: Route[] = [
  {
    host: "github.com",
    method: "GET",
    path: /^\/([^/]+\/[^/]+)\/archive\/(.+)\.tar\.gz$/,
    missing: notFound,
    serve: toCodeload,
  },
  { host: codeload, method: "GET", path: /^\/([^/]+\/[^/]+)\/tar\.gz\/(.+)$/, missing: notFound, serve: sendArchive },
  {
    host: "github.com",
    method: "GET",
    path: /^\/([^/]+\/[^/]+?)(?:\.git)?\/(info\/refs)$/,
    missing: unauthorized,
    serve: sendRefs,
  },
  {
    host: "github.com",
    method: "POST",
    path: /^\/([^/]+\/[^/]+?)(?:\.git)?\/(git-(?:upload|receive)-pack)$/,
    missing: unauthorized,
    serve: exchangePacks,
  },
  { host: "github.com", method: "POST", path: /^\/([^/]+\/[^/]+)\/(push)$/, missing: notFound, serve: publishVersion },
];

/** Plays github.com and codeload.github.com on one free port; the host that was asked for tells which. */
export async function startServer(options: ServerOptions): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    serve(options, request, response).catch((error: Error) => {
      response.destroy();
      options.failed(error);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function serve(options: ServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (options.fault()?.kind === "unreachable") {
    request.socket.destroy();
    return;
  }
  const url = new URL(request.url ?? "/", "http://github.com");
  for (const route of routes) {
    const match =
      request.method === route.method && hostOf(request) === route.host ? route.path.exec(url.pathname) : null;
    if (match === null) continue;
    const [, name = "", rest = ""] = match;
    const repository = options.repository(name);
    if (repository === undefined) route.missing(response);
    else await route.serve({ options, request, response, url, repository, rest });
    return;
  }
  notFound(response);
}

/** A person's clone and curl come by the port alone: to them this is github.com. */
function hostOf(request: IncomingMessage): string {
  const asked = String(request.headers["x-forwarded-host"] ?? request.headers.host ?? "");
  return asked.split(":")[0] === codeload ? codeload : "github.com";
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("404: Not Found");
}

/** To git, GitHub does not tell a repository that is not there from one that the caller may not see. */
function unauthorized(response: ServerResponse): void {
  const headers = { "content-type": "text/plain; charset=utf-8", "www-authenticate": 'Basic realm="GitHub"' };
  response.writeHead(401, headers).end("Repository not found.");
}

function toCodeload({ response, repository, rest }: Exchange): void {
  response.writeHead(302, { location: `https://${codeload}/${repository.name}/tar.gz/${rest}` }).end();
}

async function sendArchive({ options, response, repository, rest }: Exchange): Promise<void> {
  const commit = await repository.resolve(decodeURIComponent(rest));
  if (commit === undefined) return notFound(response);
  const folder = `${repository.name.split("/")[1]}-${commit}`;
  const git = startGit([`--git-dir=${repository.directory}`, "archive", "--format=tar", `--prefix=${folder}/`, commit]);
  git.stdin.end();
  git.stderr.resume();
  response.writeHead(200, {
    "content-type": "application/x-gzip",
    "content-disposition": `attachment; filename=${folder}.tar.gz`,
  });
  const fault = options.fault();
  if (fault?.kind !== "cut") {
    const [code] = await Promise.all([exitOf(git), pipeline(git.stdout, createGzip(), response)]);
    if (code !== 0) throw new Error(`git archive of ${repository.name} ${commit} ended with ${code}.`);
    return;
  }
  await pipeline(
    git.stdout,
    createGzip(),
    cutter(fault.afterBytes, () => response.destroy()),
    response,
  ).catch(() => git.kill());
}

/** Lets so many bytes through, then breaks the connection off. */
function cutter(bytes: number, cut: () => void): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      if (passed >= bytes) cut();
      done(null, chunk);
    },
  });
}

async function sendRefs({ request, response, url, repository }: Exchange): Promise<void> {
  const service = url.searchParams.get("service");
  if (service === "git-upload-pack" || service === "git-receive-pack")
    return advertise(repository, service, request, response);
  notFound(response);
}

async function exchangePacks({ options, request, response, repository, rest }: Exchange): Promise<void> {
  const updates = await exchange(repository, rest as GitService, request, response);
  await options.pushed(repository, updates);
}

async function publishVersion({ options, response, url, repository }: Exchange): Promise<void> {
  const version = url.searchParams.get("version") ?? "";
  const answer = (status: number, body: object) =>
    response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    answer(400, { message: `version is "${version}": give three numbers, as in ?version=4.0.0` });
    return;
  }
  answer(200, await options.publish(repository, version));
}
