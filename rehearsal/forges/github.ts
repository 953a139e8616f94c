import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../clock";
import { pingPayload, pushPayload } from "./githubPayloads";
import { pullRequestRoutes, refuseApi } from "./githubPulls";
import type { Place } from "./githubViews";
import type { Repository } from "./repository";
import {
  admitsToken,
  answerJson,
  answerText,
  authorizationToken,
  type Exchange,
  gitRoutes,
  type Route,
  type Site,
} from "./site";
import type { Delivery } from "./webhook";

const own: Place = {
  host: "github.com",
  codeload: "codeload.github.com",
  api: { host: "api.github.com", path: "" },
};

/** With subdomain isolation, as GitHub recommends. */
const enterprise = (host: string): Place => ({ host, codeload: `codeload.${host}`, api: { host, path: "/api/v3" } });

/** Simulated time: lifetime of a private archive's address. */
const TEMPORARY = 5 * 60_000;

/** @param host of an Enterprise Server; default GitHub itself */
export function createGitHub(clock: Clock, host?: string): Site {
  const place = host === undefined ? own : enterprise(host);
  return {
    host: place.host,
    hosts: [...new Set([place.codeload, place.api.host])].filter((it) => it !== place.host),
    routes: [
      ...archiveRoutes(place, clock),
      ...pullRequestRoutes(place),
      ...gitRoutes(place.host, "GitHub"),
      publishRoute(place),
    ],
    pushEvents: (push) => push.map((facts) => ({ name: "push", payload: pushPayload(facts, place.host) })),
    greeting: (webhook) => ({ name: "ping", payload: pingPayload({ ...webhook, hookId: webhook.id }) }),
    encode(delivery) {
      const body = encode(delivery.payload, delivery.hook.contentType);
      return { body, headers: headersOf(delivery, body) };
    },
  };
}

/** The body in GitHub's encoding for a webhook's content type. */
export function encode(payload: object, contentType: "json" | "form"): string {
  const json = JSON.stringify(payload);
  return contentType === "json" ? json : new URLSearchParams({ payload: json }).toString();
}

function headersOf({ guid, event, hook }: Delivery, body: string): Record<string, string> {
  const sign = (algorithm: string) => `${algorithm}=${createHmac(algorithm, hook.secret).update(body).digest("hex")}`;
  return {
    accept: "*/*",
    "content-type": hook.contentType === "json" ? "application/json" : "application/x-www-form-urlencoded",
    "user-agent": "GitHub-Hookshot/044aadd",
    "x-github-delivery": guid,
    "x-github-event": event,
    "x-github-hook-id": String(hook.id),
    "x-github-hook-installation-target-type": "repository",
    "x-hub-signature": sign("sha1"),
    "x-hub-signature-256": sign("sha256"),
  };
}

const notFound = (_: IncomingMessage, response: ServerResponse): void => answerText(response, 404, "404: Not Found");

/**
 * Three archive addresses: the website's, which shows private repositories only to signed-in people, the API's, and
 * codeload's, to which both redirect.
 */
function archiveRoutes(place: Place, clock: Clock): Route[] {
  const passes = new Map<string, { repository: Repository; until: number }>();
  const isOpen = ({ hosted }: Exchange) => hosted.token === undefined;

  function issuePass(repository: Repository): string {
    const pass = randomBytes(16).toString("hex").toUpperCase();
    passes.set(pass, { repository, until: clock.now() + TEMPORARY });
    return pass;
  }
  function hasPass({ url, hosted }: Exchange): boolean {
    const pass = passes.get(url.searchParams.get("token") ?? "");
    return pass?.repository === hosted.repository && clock.now() < pass.until;
  }

  const [api, escaped] = [place.api.host, place.api.path];
  return [
    {
      host: place.host,
      method: "GET",
      path: /^\/([^/]+\/[^/]+)\/archive\/(.+)\.zip$/,
      admits: isOpen,
      refuse: notFound,
      serve: ({ response, hosted, rest }) =>
        redirect(response, `https://${place.codeload}/${hosted.repository.name}/zip/${rest}`),
    },
    {
      host: api,
      method: "GET",
      isApi: true,
      path: new RegExp(`^${escaped}/repos/([^/]+/[^/]+)/zipball/(.+)$`),
      admits: admitsToken(authorizationToken),
      refuse: refuseApi,
      serve(exchange) {
        const { request, response, hosted, rest } = exchange;
        if (request.headers["user-agent"] === undefined)
          return answerText(response, 403, "Request forbidden by administrative rules: send a User-Agent header.");
        const query = hosted.token === undefined ? "" : `?token=${issuePass(hosted.repository)}`;
        redirect(response, `https://${place.codeload}/${hosted.repository.name}/legacy.zip/${rest}${query}`);
      },
    },
    {
      host: place.codeload,
      method: "GET",
      path: /^\/([^/]+\/[^/]+)\/(?:legacy\.)?zip\/(.+)$/,
      admits: (exchange) => isOpen(exchange) || hasPass(exchange),
      refuse: notFound,
      async serve(exchange) {
        const { request, response, hosted, rest, url } = exchange;
        const [owner, name] = hosted.repository.name.split("/");
        const folder = url.pathname.includes("/legacy.zip/")
          ? (commit: string) => `${owner}-${name}-${commit.slice(0, 7)}`
          : (commit: string) => `${name}-${commit}`;
        if (!(await exchange.sendArchive(rest, folder))) notFound(request, response);
      },
    },
  ];
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end();
}

/** `curl -X POST …/push?version=4.0.0`: not on GitHub, for people trying the rehearsal. */
const publishRoute = ({ host }: Place): Route => ({
  host,
  method: "POST",
  path: /^\/([^/]+\/[^/]+)\/(push)$/,
  admits: admitsToken(authorizationToken),
  refuse: notFound,
  async serve({ response, url, publish }) {
    const version = url.searchParams.get("version") ?? "";
    if (/^\d+\.\d+\.\d+$/.test(version)) answerJson(response, 200, await publish(version));
    else answerJson(response, 400, { message: `version is "${version}": give three numbers, as in ?version=4.0.0` });
  },
});
