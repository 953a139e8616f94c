import type { IncomingMessage, ServerResponse } from "node:http";
import type { PullRequests } from "./pullRequests";
import type { Commit, RefUpdate, Repository } from "./repository";
import type { Delivery, Webhook } from "./webhook";

/** A repository on its site. */
export interface Hosted {
  repository: Repository;
  /** Needed to read and write the repository; undefined: everyone may read. */
  token?: string | undefined;
  pullRequests: PullRequests;
  /** Runs between a client's read of the references and its push: one entry per push. */
  beforePush: (() => Promise<unknown>)[];
}

/** A request for a repository. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  hosted: Hosted;
  /** The path after the repository: a commit, a git service. */
  rest: string;
  /** Sends a commit's archive, with its files in one folder; resolves with false if the commit does not exist. */
  sendArchive(commit: string, folder: (commit: string) => string): Promise<boolean>;
  /** Serves a clone, a fetch or a push. */
  serveGit(service: string): Promise<void>;
  /** Creates a version and pushes it. */
  publish(version: string): Promise<object>;
}

/** An address of a site. */
export interface Route {
  host: string;
  method: string;
  /** Part of the REST API, which may be down separately. */
  isApi?: true;
  /** Two groups: the repository's full name, and the rest. */
  path: RegExp;
  /** For an address without a repository: it concerns the one of the request's token. */
  tokenOf?: TokenOf;
  /** Whether the request's token grants access to a private repository. */
  admits(exchange: Exchange): boolean;
  /** If the repository does not exist or the request may not see it: forges do not distinguish these. */
  refuse(request: IncomingMessage, response: ServerResponse): void;
  serve(exchange: Exchange): Promise<void> | void;
}

/** A push's effect on one reference, as in payloads. */
export interface PushFacts {
  /** `acme/storefront` */
  repository: string;
  update: RefUpdate;
  /** Oldest first. */
  commits: Commit[];
  /** The reference's new commit; absent after a deletion. */
  head?: Commit | undefined;
  forced: boolean;
  /** Milliseconds since the epoch. */
  pushedAt: number;
}

export interface Event {
  /** As in the site's own header. */
  name: string;
  payload: object;
}

/** A forge on one host: its addresses, and how it delivers. */
export interface Site {
  /** `github.com`: the site of its repositories. */
  host: string;
  /** Its other addresses. */
  hosts: string[];
  routes: Route[];
  /** The events of a push. */
  pushEvents(push: PushFacts[]): Event[];
  /** The event for a new webhook, if any. */
  greeting?(webhook: Webhook): Event;
  /** A delivery's HTTP request, signed or with the secret, as the forge does it. */
  encode(delivery: Delivery): { headers: Record<string, string>; body: string };
}

/** The token of `Authorization: Basic` (its password), `Bearer`, or GitHub's and Gitee's own `token`. */
export function authorizationToken({ headers }: IncomingMessage): string | undefined {
  const [, scheme = "", value = ""] = /^(\w+) +(.+)$/.exec(headers.authorization ?? "") ?? [];
  if (/^(bearer|token)$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return undefined;
  const [, password] = /^[^:]*:(.*)$/s.exec(Buffer.from(value, "base64").toString()) ?? [];
  return password;
}

/** Where a forge expects a request's token. */
type TokenOf = (request: IncomingMessage) => string | undefined;

/** Whether everyone may see the repository, or the request has its token. */
export const admitsToken =
  (tokenOf: TokenOf) =>
  ({ hosted, request }: Exchange): boolean =>
    hosted.token === undefined || tokenOf(request) === hosted.token;

export function answerText(response: ServerResponse, status: number, text: string, headers = {}): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(text);
}

/**
 * Rejects requests as forges' APIs do: without a token, nothing is found; a wrong token is reported as wrong.
 * @param more body fields besides the message
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
 * @param realm the forge's own
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
