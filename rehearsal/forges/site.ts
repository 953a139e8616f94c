import type { IncomingMessage, ServerResponse } from "node:http";
import type { PullRequests } from "./pullRequests";
import type { Commit, RefUpdate, Repository } from "./repository";
import type { Delivery, Webhook } from "./webhook";

/** A repository as its site shows it. */
export interface Hosted {
  repository: Repository;
  /** Who brings it may read the repository, and write to it; undefined: everybody may read. */
  token?: string | undefined;
  pullRequests: PullRequests;
  /** What happens between a client's look at the references and its push: the first one at the next push. */
  beforePush: (() => Promise<unknown>)[];
}

/** A request for a repository. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  hosted: Hosted;
  /** What the path names after the repository: a commit, a git service. */
  rest: string;
  /** Sends the archive of a commit, its files in one folder; resolves with false where there is no such commit. */
  sendArchive(commit: string, folder: (commit: string) => string): Promise<boolean>;
  /** Serves a clone, a fetch or a push. */
  serveGit(service: string): Promise<void>;
  /** Makes a version and pushes it. */
  publish(version: string): Promise<object>;
}

/** An address of a site. */
export interface Route {
  host: string;
  method: string;
  /** Of the REST API, which may be down alone. */
  isApi?: true;
  /** Two groups: the repository's full name, and the rest that it serves. */
  path: RegExp;
  /** Of an address that names no repository, and is about the one whose token the request brings. */
  tokenOf?: TokenOf;
  /** Whether a request may see a repository that is private: by the token that it brings. */
  admits(exchange: Exchange): boolean;
  /** Where the repository is not there, or the request may not see it: forges do not tell one from the other. */
  refuse(request: IncomingMessage, response: ServerResponse): void;
  serve(exchange: Exchange): Promise<void> | void;
}

/** What a push did to one reference, as payloads tell it. */
export interface PushFacts {
  /** `acme/storefront` */
  repository: string;
  update: RefUpdate;
  /** Oldest first. */
  commits: Commit[];
  /** What the reference points to now; absent after a deletion. */
  head?: Commit | undefined;
  forced: boolean;
  /** Milliseconds since the epoch. */
  pushedAt: number;
}

export interface Event {
  /** As the site's own header names it. */
  name: string;
  payload: object;
}

/** A forge in one place: its addresses, and how it delivers. */
export interface Site {
  /** `github.com`: whose repositories these are. */
  host: string;
  /** Those of its other addresses. */
  hosts: string[];
  routes: Route[];
  /** What a push is told as. */
  pushEvents(push: PushFacts[]): Event[];
  /** What is delivered when a webhook is added, where anything is. */
  greeting?(webhook: Webhook): Event;
  /** A delivery as it goes over the wire, signed or with the secret as the forge does it. */
  encode(delivery: Delivery): { headers: Record<string, string>; body: string };
}

/** The token of `Authorization: Basic`, which is its password, or of `Bearer`, or of GitHub's and Gitee's own `token`. */
export function authorizationToken({ headers }: IncomingMessage): string | undefined {
  const [, scheme = "", value = ""] = /^(\w+) +(.+)$/.exec(headers.authorization ?? "") ?? [];
  if (/^(bearer|token)$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return undefined;
  const [, password] = /^[^:]*:(.*)$/s.exec(Buffer.from(value, "base64").toString()) ?? [];
  return password;
}

/** Where a forge looks for the token of a request. */
type TokenOf = (request: IncomingMessage) => string | undefined;

/** Whether everybody may see the repository, or the request brings its token. */
export const admitsToken =
  (tokenOf: TokenOf) =>
  ({ hosted, request }: Exchange): boolean =>
    hosted.token === undefined || tokenOf(request) === hosted.token;

export function answerText(response: ServerResponse, status: number, text: string, headers = {}): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(text);
}

/**
 * Refuses as forges' APIs do: who has no token is told that nothing is there, who has a wrong one that it is wrong.
 * @param more what the body holds beside the message
 */
export const refuseByJson =
  (tokenOf: TokenOf, messages: { anonymous: string; refused: string }, more: object = {}): Route["refuse"] =>
  (request, response) => {
    const isAnonymous = tokenOf(request) === undefined;
    const message = isAnonymous ? messages.anonymous : messages.refused;
    answerJson(response, isAnonymous ? 404 : 401, { message, ...more });
  };

export function answerJson(response: ServerResponse, status: number, value: object, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(`${JSON.stringify(value)}\n`);
}

/**
 * git over HTTP, which all forges serve at the same paths with Basic authentication.
 * @param realm as the forge names it
 */
export function gitRoutes(host: string, realm: string): Route[] {
  const common = {
    host,
    admits: admitsToken(authorizationToken),
    refuse: (_: IncomingMessage, response: ServerResponse) =>
      answerText(response, 401, "Repository not found.", { "www-authenticate": `Basic realm="${realm}"` }),
  };
  const service = ({ url, rest }: Exchange) => (rest === "info/refs" ? url.searchParams.get("service") : rest) ?? "";
  const serve = (exchange: Exchange) => exchange.serveGit(service(exchange));
  return [
    { ...common, method: "GET", path: /^\/(.+?)(?:\.git)?\/(info\/refs)$/, serve },
    { ...common, method: "POST", path: /^\/(.+?)(?:\.git)?\/(git-(?:upload|receive)-pack)$/, serve },
  ];
}
