import { expect } from "chai";
import { refusalOf } from "../../../handlers/fetch/refusal";
import type { Failure } from "../../../handlers/shared/failure";
import type { Forge } from "../../../handlers/shared/forge";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const PLACE = "https://forge.example/archive";

interface Row {
  what: string;
  status: number;
  statusText?: string;
  headers?: Record<string, string>;
  forge?: Forge;
  token?: string;
  type: Failure["type"];
  /** After who was asked for what. */
  says: string;
}

describe("an answer to the request for an archive", () => {
  const gone = "the commit was force-pushed away, or the repository was renamed or deleted, or";
  const rows: Row[] = [
    {
      what: "a commit that is not there, or a private repository",
      status: 404,
      statusText: "Not Found",
      type: "RevisionUnavailable",
      says: `404 Not Found: ${gone} it is private: if so, store a token in Secrets Manager and set slipway:forges.github.token`,
    },
    {
      what: "what the token cannot see",
      status: 404,
      token: "secret forges",
      type: "RevisionUnavailable",
      says: `404: ${gone} the token in secret forges cannot read it`,
    },
    {
      what: "a token that is wanted",
      status: 401,
      statusText: "Unauthorized",
      forge: "gitee",
      type: "RevisionUnavailable",
      says: "401 Unauthorized: it requires a token: store one in Secrets Manager and set slipway:forges.gitee.token",
    },
    {
      what: "a token that is refused",
      status: 403,
      forge: "gitlab",
      token: "key gitlab of secret forges",
      type: "RevisionUnavailable",
      says: "403: the token in key gitlab of secret forges was rejected: store a valid token there that can read the repository",
    },
    {
      what: "a page to sign in",
      status: 200,
      statusText: "OK",
      headers: { "content-type": "text/html; charset=utf-8" },
      forge: "bitbucket",
      token: "secret forges",
      type: "RevisionUnavailable",
      says: "200 OK with a web page: the token in secret forges was rejected: store a valid token there that can read the repository",
    },
    {
      what: "a commit that is not there, with the last request of GitHub's limit",
      status: 404,
      headers: { "x-ratelimit-remaining": "0" },
      token: "secret forges",
      type: "RevisionUnavailable",
      says: `404: ${gone} the token in secret forges cannot read it`,
    },
    {
      what: "GitHub's limit",
      status: 403,
      headers: { "x-ratelimit-remaining": "0" },
      token: "secret forges",
      type: "SystemUnavailable",
      says: "403: too many requests",
    },
    {
      what: "GitHub's second limit",
      status: 403,
      headers: { "retry-after": "60", "x-ratelimit-remaining": "12" },
      token: "secret forges",
      type: "SystemUnavailable",
      says: "403: too many requests",
    },
    {
      what: "a limit for those without a token",
      status: 429,
      forge: "gitlab",
      type: "SystemUnavailable",
      says: "429: too many requests; a token raises the limit: set slipway:forges.gitlab.token",
    },
    { what: "an outage", status: 502, statusText: "Bad Gateway", type: "SystemUnavailable", says: "502 Bad Gateway" },
    { what: "a fault of the forge's", status: 500, type: "SystemUnavailable", says: "500" },
    { what: "a timeout", status: 408, type: "SystemUnavailable", says: "408" },
    { what: "a request that is too early", status: 425, type: "SystemUnavailable", says: "425" },
    { what: "a repository that was taken down", status: 451, type: "RevisionUnavailable", says: "451" },
    { what: "nothing", status: 204, type: "RevisionUnavailable", says: "204" },
  ];
  for (const { what, status, statusText = "", headers = {}, forge = "github", token, type, says } of rows) {
    it(`that is ${what} (${status}) is ${type}`, () => {
      const answer = { place: PLACE, status, statusText, headers: new Headers(headers) };
      const asked = { forge, repository: "acme/storefront", commit: COMMIT };
      const refusal = refusalOf(answer, asked, token);
      expect([refusal?.type, refusal?.message]).to.deep.equal([
        type,
        `commit ${COMMIT} of acme/storefront at ${forge}: ${PLACE} returned ${says}`,
      ]);
    });
  }

  const now = Date.UTC(2026, 0, 5, 10);
  const waits: [number, Record<string, string>, number | undefined][] = [
    [503, { "retry-after": "120" }, 120],
    [429, { "retry-after": " 7200 " }, 7_200],
    [403, { "retry-after": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1767610800" }, 60],
    [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1_000 + 1_800) }, 1_800],
    [503, { "retry-after": "Mon, 05 Jan 2026 10:05:00 GMT" }, 300],
    [503, { "retry-after": "Mon, 05 Jan 2026 09:00:00 GMT" }, 0],
    [503, { "retry-after": "soon" }, undefined],
    [503, { "x-ratelimit-reset": "1767610800" }, undefined],
    [502, {}, undefined],
    [404, { "retry-after": "120" }, undefined],
  ];
  for (const [status, headers, retryAfter] of waits) {
    it(`of ${status} with ${JSON.stringify(headers)} asks for ${retryAfter} seconds`, () => {
      const answer = { place: PLACE, status, statusText: "", headers: new Headers(headers) };
      const asked = { forge: "github" as const, repository: "acme/storefront", commit: COMMIT };
      expect(refusalOf(answer, asked, "secret forges", now)?.retryAfter).to.equal(retryAfter);
    });
  }

  for (const contentType of ["application/zip", "application/octet-stream", undefined]) {
    it(`that is ${contentType ?? "of no type"} is the archive`, () => {
      const headers = new Headers(contentType === undefined ? {} : { "content-type": contentType });
      const answer = { place: PLACE, status: 200, statusText: "OK", headers };
      const asked = { forge: "github" as const, repository: "acme/storefront", commit: COMMIT };
      expect(refusalOf(answer, asked, undefined)).to.equal(undefined);
    });
  }
});
