import { storefront } from "../../forges/storefront";
import { expectEqual, expectMatches, expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import {
  type ApiRequest,
  jobOf,
  type PullRequestRecord,
  registryOf,
  remove,
  requestPullRequest,
  revisionOf,
} from "./pullRequests";

/** A request that opens no pull request, and its response. */
type Case = [
  what: string,
  request: (context: ScenarioContext) => ApiRequest,
  status: number,
  reason: RegExp,
  field?: string,
];

const plain = (context: ScenarioContext, change: object = {}): ApiRequest => ({
  body: {
    repository: storefront,
    revision: revisionOf("storefront", 9),
    image: `storefront=${registryOf(context)}/storefront:9.0.0`,
    environment: "dev",
    ...change,
  },
});

const job = (change: Record<string, unknown>) => (): ApiRequest => ({ body: jobOf(9, change) });

const refused: Case[] = [
  ["no token", () => ({ method: "GET", token: null }), 401, /Authorization: Bearer/],
  ["another token", () => ({ method: "GET", token: "another" }), 401, /token/],
  ["another token in the query", () => ({ method: "GET", token: null, path: "?token=another" }), 401, /token/],
  ["a job of no repository", job({ reponame: undefined }), 400, /^reponame is missing/, "reponame"],
  ["no job", job({ job: undefined }), 400, /^job is missing/, "job"],
  ["a job of no commit", job({ vcs_revision: undefined }), 400, /^vcs_revision is missing/, "vcs_revision"],
  ["a branch's name for a commit", job({ vcs_revision: "main" }), 400, /^vcs_revision is malformed/, "vcs_revision"],
  ["a repository outside of its folder", job({ reponame: "../prod" }), 400, /^reponame is malformed/, "reponame"],
  [
    "an environment outside of its folder",
    (it) => plain(it, { environment: ".." }),
    400,
    /^environment/,
    "environment",
  ],
  ["an image without a version", (it) => plain(it, { image: "storefront" }), 400, /^image/, "image"],
  ["a field that there is not", (it) => plain(it, { branch: "main" }), 400, /^unknown field/, "branch"],
  ["a state that there is not", () => ({ method: "GET", path: "?state=merged" }), 400, /^state/, "state"],
  ["a parameter that there is not", () => ({ method: "GET", path: "?order=up" }), 400, /^unknown/, "order"],
  ["a record that there is not", () => ({ method: "GET", path: `/${"0".repeat(32)}` }), 404, /^there is no/, "id"],
  ["its deletion", () => ({ method: "DELETE", path: `/${"0".repeat(32)}` }), 404, /^there is no/, "id"],
];

const ignored: Case[] = [
  ["a failed build", job({ status: "failed" }), 202, /^the build's status is failed, not success$/],
  ["a branch that is not deployed", job({ branch: "feature" }), 202, /^branch feature is not deployed$/],
  ["a job that makes no image", job({ job: "lint" }), 202, /^job lint is not in slipway:pullRequests\.circleci\.jobs$/],
];

/** Each request gets its response; nothing is written or started. */
const answered = (title: string, cases: Case[]): Step => ({
  title,
  async run(context) {
    const trail = context.account.trail.length;
    for (const [what, request, status, reason, field] of cases) {
      const answer = await requestPullRequest(context, request(context));
      expectEqual(`${what}: the status (${answer.body})`, answer.status, status);
      const refusal = JSON.parse(answer.body);
      expectMatches(`${what}: the reason`, refusal.reason, reason);
      expectEqual(`${what}: the field`, refusal.field, field);
    }
    const done = context.account.trail.slice(trail).map(({ operation }) => operation);
    const changes = done.filter((it) => ["PutItem", "UpdateItem", "RunTask"].includes(it));
    expectSame("what was written and started", changes, []);
    return cases.map(([what]) => what).join(", ");
  },
});

export const refusals = answered("what is wrong is refused, and the answer names the field", refused);

export const builtInVain = answered("a build that nobody waits for is answered 202 with the reason", ignored);

/** Calls from a page of another site: the browser sends a preflight request and cannot send the header. */
export const fromBrowsers: Step = {
  title: "a browser may call from the configured origin, and from no other; the token may be in the query",
  async run(context) {
    const preflight = async (origin: string) => {
      const headers = {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      };
      const answer = await requestPullRequest(context, { method: "OPTIONS", token: null, headers });
      return answer.headers["access-control-allow-origin"];
    };
    expectEqual("who may ask", await preflight("https://ci.acme.example"), "https://ci.acme.example");
    expectEqual("who may not", await preflight("https://elsewhere.example"), undefined);
    const { pullRequestsToken = "" } = stackOf(context).outputs;
    const path = `?limit=1&token=${encodeURIComponent(pullRequestsToken)}`;
    const answer = await requestPullRequest(context, { method: "GET", token: null, path });
    expectEqual("the status", answer.status, 200);
    return undefined;
  },
};

async function list(
  context: ScenarioContext,
  query: string,
): Promise<{ pullRequests: PullRequestRecord[]; next?: string }> {
  const { status, body } = await requestPullRequest(context, { method: "GET", path: `?${query}` });
  expectEqual(`the status of the list (${body})`, status, 200);
  return JSON.parse(body);
}

/** Every record, page by page. */
async function listAll(context: ScenarioContext, query: string): Promise<PullRequestRecord[]> {
  const all: PullRequestRecord[] = [];
  let next: string | undefined;
  do {
    const page = await list(context, next === undefined ? query : `${query}&next=${encodeURIComponent(next)}`);
    all.push(...page.pullRequests);
    next = page.next;
  } while (next !== undefined);
  return all;
}

const summary = ({ service, environment, state }: PullRequestRecord): string => `${service} ${environment} ${state}`;

/**
 * The list returns all records and can be filtered; deleted records are gone.
 * @param expected service, environment and state of every record, newest first
 */
export const lists = (expected: string[]): Step => ({
  title: "records are listed, newest first, in pages, by service and by state; one is deleted",
  async run(context) {
    const all = await listAll(context, "limit=2");
    expectSame("the list", all.map(summary), expected);
    const of = (query: string) => listAll(context, query).then((records) => records.map(summary));
    expectSame(
      "those of the backoffice",
      await of("service=backoffice"),
      expected.filter((it) => it.startsWith("backoffice ")),
    );
    expectSame(
      "the failed ones",
      await of("state=failed"),
      expected.filter((it) => it.endsWith(" failed")),
    );
    expectSame(
      "both",
      await of("service=storefront&state=opened&limit=1"),
      expected.filter((it) => /^storefront .*opened$/.test(it)),
    );
    await remove(context, all[0]?.id ?? "");
    expectSame("the list after a deletion", await of("limit=100"), expected.slice(1));
    return `${all.length} records`;
  },
});
