import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createLocalServer, createToken } from "../loopback";
import { exitOf, startGit } from "./git";
import type { RefUpdate } from "./repository";
import { answerJson, answerText, type Exchange, type Hosted, type Route, type Site } from "./site";
import { advertise, exchange, type GitService } from "./smartHttp";

/** How forges can fail their clients. */
export type Fault =
  /** Every connection is reset, as if the forges were unreachable. */
  | { kind: "unreachable" }
  /** Archives break off after this many bytes. */
  | { kind: "cut"; afterBytes: number }
  /** The website and git work, but this many requests of the REST API fail. */
  | { kind: "apiDown"; requests: number };

export interface ServerOptions {
  /** The first one serves users' clone and curl, which use the port and the token instead of a site's name. */
  sites: Site[];
  /** @param site its host */
  hosted(site: string, name: string): Hosted | undefined;
  /** The repository of the token. */
  hostedFor(site: string, token: string): Hosted | undefined;
  fault(): Fault | undefined;
  /** Called for a push over HTTP, after git has responded. */
  pushed(site: Site, hosted: Hosted, updates: RefUpdate[]): Promise<unknown>;
  /** Creates a version, for `curl -X POST …/push?version=4.0.0`. Resolves with the response body. */
  publish(site: Site, hosted: Hosted, version: string): Promise<object>;
  /** Called on errors while serving; the client sees a broken connection. */
  failed(error: Error): void;
}

export interface RunningServer {
  /** `http://127.0.0.1:port`: receives requests under the sites' own names. */
  address: string;
  /** The first site's address for people, with a random token: without it, a web page could push and run code. */
  url: string;
  close(): Promise<void>;
}

/** Serves all sites on one free port; the Host header selects one. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const token = createToken();
  const names = new Set(options.sites.flatMap(({ host, hosts }) => [host, ...hosts]));
  const server = createLocalServer({ hasName: (host) => names.has(host), token }, (request, response) => {
    serve(options, request, response).catch((error: Error) => {
      response.destroy();
      options.failed(error);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}`;
  return {
    address,
    url: `${address}/${token}`,
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
  const host = hostOf(options, request);
  const url = new URL(request.url ?? "/", `https://${host}`);
  for (const { site, route, match } of matches(options.sites, request.method ?? "", url)) {
    if (route.isApi && isDown(options.fault())) return answerJson(response, 503, unavailable);
    const [, name = "", rest = ""] = match;
    const hosted =
      route.tokenOf === undefined
        ? options.hosted(site.host, decodeURIComponent(name))
        : options.hostedFor(site.host, route.tokenOf(request) ?? "");
    const asked = hosted && exchangeOf(options, site, { request, response, url, hosted, rest });
    if (asked !== undefined && route.admits(asked)) await route.serve(asked);
    else route.refuse(request, response);
    return;
  }
  answerText(response, 404, "404: Not Found");
}

/** Whether the API is down; counts this request. */
function isDown(fault: Fault | undefined): boolean {
  if (fault?.kind !== "apiDown" || fault.requests === 0) return false;
  fault.requests -= 1;
  return true;
}

/** GitHub's own message. */
const unavailable = {
  message:
    "No server is currently available to service your request. Sorry about that. Please try resubmitting your request and contact us if the problem persists.",
};

function hostOf({ sites }: ServerOptions, request: IncomingMessage): string {
  const name = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  return sites.some(({ host, hosts }) => host === name || hosts.includes(name)) ? name : (sites[0]?.host ?? "");
}

const matches = (sites: Site[], method: string, { hostname, pathname }: URL) =>
  sites.flatMap((site) =>
    site.routes.flatMap((route: Route) => {
      const match = route.method === method && route.host === hostname ? route.path.exec(pathname) : null;
      return match === null ? [] : [{ site, route, match }];
    }),
  );

function exchangeOf(
  options: ServerOptions,
  site: Site,
  asked: Omit<Exchange, "sendArchive" | "serveGit" | "publish">,
): Exchange {
  const { request, response, hosted } = asked;
  return {
    ...asked,
    sendArchive: (commit, folder) => sendArchive(options, asked, commit, folder),
    async serveGit(service) {
      if (service !== "git-upload-pack" && service !== "git-receive-pack")
        return answerText(response, 404, "404: Not Found");
      if (request.method === "GET") return advertise(hosted.repository, service, request, response);
      if (service === "git-receive-pack") await hosted.beforePush.shift()?.();
      const updates = await exchange(hosted.repository, service satisfies GitService, request, response);
      for (const update of updates) await hosted.pullRequests.moved(update);
      response.end();
      await options.pushed(site, hosted, updates);
    },
    publish: (version) => options.publish(site, hosted, version),
  };
}

async function sendArchive(
  { fault }: ServerOptions,
  { response, hosted: { repository } }: Pick<Exchange, "response" | "hosted">,
  name: string,
  folderOf: (commit: string) => string,
): Promise<boolean> {
  const commit = await repository.resolve(decodeURIComponent(name));
  if (commit === undefined) return false;
  const folder = folderOf(commit);
  const git = startGit([`--git-dir=${repository.directory}`, "archive", "--format=zip", `--prefix=${folder}/`, commit]);
  git.stdin.end();
  git.stderr.resume();
  response.writeHead(200, {
    "content-type": "application/zip",
    "content-disposition": `attachment; filename=${folder}.zip`,
  });
  const failing = fault();
  if (failing?.kind !== "cut") {
    const [code] = await Promise.all([exitOf(git), pipeline(git.stdout, response)]);
    if (code !== 0) throw new Error(`git archive of ${repository.name} ${commit} ended with ${code}.`);
    return true;
  }
  await pipeline(
    git.stdout,
    cutter(failing.afterBytes, () => response.destroy()),
    response,
  ).catch(() => git.kill());
  return true;
}

/** Passes this many bytes, then breaks the connection. */
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
