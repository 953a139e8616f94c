import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { commentView, labelView, type Place, pullRequestView } from "./githubViews";
import type { FieldError, PullRequest } from "./pullRequests";
import {
  admitsToken,
  answerJson,
  answerText,
  authorizationToken,
  type Exchange,
  type Route,
  refuseByJson,
} from "./site";

/** A rejected API request: GitHub's status and message. */
interface Refusal {
  status: number;
  message: string;
  errors?: (FieldError | string)[];
}

const documentation_url = "https://docs.github.com/rest";

/** Rejects requests with a missing or wrong token. */
export const refuseApi = refuseByJson(
  authorizationToken,
  { anonymous: "Not Found", refused: "Bad credentials" },
  { documentation_url },
);

const refuse = (response: ServerResponse, { status, ...body }: Refusal): void =>
  answerJson(response, status, { ...body, documentation_url, status: String(status) });

const notFound: Refusal = { status: 404, message: "Not Found" };
const failed = (error: FieldError | string): Refusal => ({
  status: 422,
  message: "Validation Failed",
  errors: [error],
});

/** An exchange about one repository, with the contents of path and body. */
interface Asked extends Exchange {
  place: Place;
  /** Empty if the request has none. */
  body: Record<string, unknown>;
}

type About = (asked: Asked, pullRequest: PullRequest) => Promise<void> | void;

/** GitHub's pull request API, limited to what slipway uses: https://docs.github.com/rest/pulls */
export function pullRequestRoutes(place: Place): Route[] {
  const { host, path } = place.api;
  const route = (method: string, rest: string, serve: (asked: Asked) => Promise<void> | void): Route => ({
    host,
    method,
    isApi: true,
    path: new RegExp(`^${path}/repos/([^/]+/[^/]+)/${rest}$`),
    admits: admitsToken(authorizationToken),
    refuse: refuseApi,
    serve: (exchange) => admitted(place, exchange, serve),
  });
  const about = (method: string, rest: string, serve: About): Route =>
    route(method, rest, (asked) => {
      const found = asked.hosted.pullRequests.all.find((it) => it.number === Number(asked.rest));
      return found === undefined ? refuse(asked.response, notFound) : serve(asked, found);
    });
  return [
    viewerRoute(place),
    route("GET", "(pulls)", list),
    route("POST", "(pulls)", create),
    about("GET", "pulls/(\\d+)", show),
    about("PATCH", "pulls/(\\d+)", change),
    about("POST", "pulls/(\\d+)/requested_reviewers", requestReviews),
    about("POST", "issues/(\\d+)/labels", label),
    about("GET", "issues/(\\d+)/comments", listComments),
    about("POST", "issues/(\\d+)/comments", comment),
  ];
}

/** The only simulated query of the GraphQL API: the token's owner. https://docs.github.com/graphql/reference/queries */
const viewerRoute = ({ api: { host, path } }: Place): Route => ({
  host,
  method: "POST",
  isApi: true,
  path: new RegExp(`^${path.replace(/\/v3$/, "")}/graphql$`),
  tokenOf: authorizationToken,
  admits: () => true,
  refuse: refuseApi,
  async serve({ request, response, hosted }) {
    const { query } = (await readBody(request)) ?? {};
    if (!/^query *\{ *viewer *\{ *login *\} *\}$/.test(text(query)))
      return answerJson(response, 200, { errors: [{ message: `The rehearsal does not simulate the query ${query}` }] });
    const [login] = hosted.repository.name.split("/");
    answerJson(response, 200, { data: { viewer: { login } } });
  },
});

/** Everyone who may see the repository may read; writing requires a token. */
async function admitted(place: Place, exchange: Exchange, serve: (asked: Asked) => Promise<void> | void) {
  const { request, response, hosted } = exchange;
  if (request.headers["user-agent"] === undefined)
    return answerText(response, 403, "Request forbidden by administrative rules: send a User-Agent header.");
  if (request.method === "GET") return serve({ ...exchange, place, body: {} });
  if (hosted.token === undefined) return refuse(response, { status: 401, message: "Requires authentication" });
  const body = await readBody(request);
  return body === undefined
    ? refuse(response, { status: 400, message: "Problems parsing JSON" })
    : serve({ ...exchange, place, body });
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  try {
    const body: unknown = await json(request);
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function list(asked: Asked): void {
  const { hosted, url } = asked;
  const [owner] = hosted.repository.name.split("/");
  const state = url.searchParams.get("state") ?? "open";
  const head = url.searchParams.get("head");
  const base = url.searchParams.get("base");
  const found = hosted.pullRequests.all.filter(
    (it) =>
      (state === "all" || it.state === state) &&
      (head === null || `${owner}:${it.head.branch}` === head) &&
      (base === null || it.base.branch === base),
  );
  if (url.searchParams.get("sort") === "updated") found.sort((a, b) => a.updatedAt - b.updatedAt);
  // Newest first by default.
  if (url.searchParams.get("direction") !== "asc") found.reverse();
  answerPage(asked, found, (it) => pullRequestView(it, hosted.repository.name, asked.place));
}

async function create({ hosted, response, body, place }: Asked): Promise<void> {
  const missing = ["head", "base"].filter((it) => typeof body[it] !== "string" || body[it] === "");
  if (missing.length > 0) {
    const names = missing.map((it) => `"${it}"`).join(", ");
    const message = `Invalid request.\n\n${names} ${missing.length === 1 ? "wasn't" : "weren't"} supplied.`;
    return refuse(response, { status: 422, message });
  }
  const outcome = await hosted.pullRequests.open({
    title: text(body.title),
    body: text(body.body),
    draft: body.draft === true,
    head: text(body.head),
    base: text(body.base),
  });
  if ("resource" in outcome) return refuse(response, failed(outcome));
  answerJson(response, 201, pullRequestView(outcome, hosted.repository.name, place));
}

/**
 * As JSON, or in the requested media type:
 * https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types
 */
async function show({ request, response, hosted, place }: Asked, pullRequest: PullRequest): Promise<void> {
  if (!/^application\/vnd\.github(\.v3)?\.diff$/.test(request.headers.accept ?? ""))
    return answerJson(response, 200, pullRequestView(pullRequest, hosted.repository.name, place));
  const diff = await hosted.repository.diff(pullRequest.base.commit, pullRequest.head.commit);
  response.writeHead(200, { "content-type": "application/vnd.github.diff; charset=utf-8" }).end(diff);
}

async function change({ response, hosted, body, place }: Asked, pullRequest: PullRequest): Promise<void> {
  const { state } = body;
  if (state !== undefined && state !== "open" && state !== "closed")
    return refuse(response, failed({ resource: "PullRequest", code: "invalid", field: "state" }));
  const refused = await hosted.pullRequests.change(pullRequest, {
    ...(typeof body.title === "string" ? { title: body.title } : {}),
    ...(typeof body.body === "string" ? { body: body.body } : {}),
    ...(state === undefined ? {} : { state }),
  });
  if (refused !== undefined) return refuse(response, failed(refused));
  answerJson(response, 200, pullRequestView(pullRequest, hosted.repository.name, place));
}

async function requestReviews({ response, hosted, body, place }: Asked, pullRequest: PullRequest): Promise<void> {
  const { name } = hosted.repository;
  const [users, teams] = [texts(body.reviewers), texts(body.team_reviewers)];
  const [author] = name.split("/");
  if (users.some((it) => it === author))
    return refuse(response, { status: 422, message: "Review cannot be requested from pull request author." });
  if (!hosted.pullRequests.requestReviews(pullRequest, users, teams))
    return refuse(response, {
      status: 422,
      message: `Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the ${name} repository.`,
    });
  answerJson(response, 201, pullRequestView(pullRequest, name, place));
}

async function label({ response, hosted, body, place }: Asked, pullRequest: PullRequest): Promise<void> {
  const labels = texts(body.labels);
  if (labels.length === 0) return refuse(response, failed("labels: at least one is needed"));
  hosted.pullRequests.label(pullRequest, labels);
  answerJson(
    response,
    200,
    pullRequest.labels.map((it) => labelView(it, hosted.repository.name, place)),
  );
}

const listComments: About = (asked, pullRequest) =>
  answerPage(asked, pullRequest.comments, (it) =>
    commentView(it, pullRequest.number, asked.hosted.repository.name, asked.place),
  );

async function comment({ response, hosted, body, place }: Asked, pullRequest: PullRequest): Promise<void> {
  if (text(body.body) === "") return refuse(response, failed("body can't be blank"));
  const added = hosted.pullRequests.comment(pullRequest, text(body.body));
  answerJson(response, 201, commentView(added, pullRequest.number, hosted.repository.name, place));
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(text) : []);

/**
 * One page of a list, with links to the others:
 * https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
 */
function answerPage<T>({ url, response }: Asked, all: readonly T[], view: (one: T) => object): void {
  const number = (name: string, usual: number) => Math.max(1, Number(url.searchParams.get(name)) || usual);
  const size = Math.min(100, number("per_page", 30));
  const page = number("page", 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const at = (other: number) => {
    const address = new URL(url);
    address.searchParams.set("page", String(other));
    return address.href;
  };
  const links = [
    ...(page > 1 ? [`<${at(page - 1)}>; rel="prev"`, `<${at(1)}>; rel="first"`] : []),
    ...(page < last ? [`<${at(page + 1)}>; rel="next"`, `<${at(last)}>; rel="last"`] : []),
  ];
  const shown = all.slice((page - 1) * size, page * size).map(view);
  answerJson(response, 200, shown, links.length === 0 ? {} : { link: links.join(", ") });
}
