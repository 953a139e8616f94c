import type { TokenScope } from "../../handlers/pullRequests/scope";
import type { Region } from "../partition";
import {
  type Check,
  distinct,
  eachOnce,
  fail,
  integer,
  isNot,
  list,
  map,
  object,
  optional,
  type Rule,
  required,
  ruled,
  text,
  withDefault,
} from "./check";
import * as formats from "./formats";
import type { CircleciSettings, PullRequestSettings, Settings } from "./model";

export const pullRequests = (region: Region): Check<PullRequestSettings> => ruled(settings(region), fitsEnvironment);

const settings = (region: Region): Check<PullRequestSettings> =>
  object<PullRequestSettings>({
    repository: required(formats.repositories.github, "a repository such as acme/gitops"),
    branch: withDefault(ruled(formats.branch, besideOwnBranches), "main"),
    token: required(
      formats.functionSecret(region, "the token that writes to the repository"),
      "a Secrets Manager secret such as acme/gitops-token",
    ),
    author: required(author, "the author of the commits, such as { name: slipway, email: slipway@acme.example }"),
    reviewers: withDefault(several("users", user), []),
    teamReviewers: withDefault(several("teams", team), []),
    labels: withDefault(several("labels", label), []),
    origins: withDefault(ruled(several("origins", origin), anyOriginAlone), []),
    concurrentTasks: withDefault(integer("a number of tasks", 1, 100), 10),
    circleci: optional(circleci),
    tokens: withDefault(map(tokenName, scope), {}),
  });

// A token consists of its name, a dot and a random part.
const tokenName = text(
  "a token's name",
  "up to 63 lower-case letters, digits and hyphens, such as shop-team",
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
);

const pattern = text(
  "a pattern of services",
  "a service's name, with * for any characters, such as shop-*",
  /^[a-z0-9*._-]{1,128}$/,
);

const scope: Check<TokenScope> = object<TokenScope>({
  services: required(
    ruled(list("services", pattern, 1), eachOnce),
    "the services that the token is for, such as [storefront]",
  ),
  image: optional(
    text(
      "a pattern of images",
      'a name without tag, with * for any characters, such as "registry.acme.example/{service}"',
      /^(?:[A-Za-z0-9*._:/-]|\{service\}){1,512}$/,
    ),
  ),
});

const several = (items: string, check: Check<string>) => ruled(list(items, check, 0), eachOnce);

/** git stores branches as files: a branch called `slipway` would prevent a folder of that name. */
const besideOwnBranches: Rule<string> = (branch, path, mistakes) => {
  if (/^slipway(\/|$)/.test(branch))
    fail(
      mistakes,
      `${path}: "${branch}" is reserved for the branches of slipway's own pull requests; allowed: another branch`,
    );
};

const author: Check<PullRequestSettings["author"]> = object<PullRequestSettings["author"]>({
  // git silently drops < and >.
  name: required(
    text(
      "an author's name",
      "up to 100 characters without < and >, starting with a letter or digit, such as slipway",
      /^(?=.{1,100}$)[\p{L}\p{N}][^<>\p{C}]*(?<!\s)$/u,
    ),
    "a name such as slipway",
  ),
  email: required(formats.email, "an address such as slipway@acme.example"),
});

/**
 * Logins of Enterprise Managed Users end in an underscore and their enterprise's short code.
 * https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
 */
const user = text(
  "a GitHub user",
  "a user's name without @, such as octocat; teams belong in teamReviewers",
  /^(?=.{1,39}$)[A-Za-z0-9](-?[A-Za-z0-9])*(_[A-Za-z0-9]+)?$/,
);

const team = text(
  "a team's slug",
  "the last part of the team's address, such as platform",
  /^(?=.{1,255}$)[a-z0-9]([a-z0-9_-]*[a-z0-9])?$/,
);

// GitHub rejects longer ones with 422.
const label = text(
  "a label",
  "up to 50 characters, without leading or trailing space, such as delivery",
  /^(?! ).{1,50}(?<! )$/u,
);

/** An origin as browsers send it: in lower case, without the scheme's default port, and without a path. */
const origin: Check<string> = (value, path, mistakes) => {
  const address = typeof value === "string" ? value : "";
  if (address.includes("@"))
    return fail(mistakes, `${path}: holds a user or a password; allowed: an origin such as https://ci.acme.example`);
  const sent = ORIGIN.test(address) && URL.canParse(address) && new URL(address).origin === address;
  return sent || address === "*"
    ? address
    : fail(
        mistakes,
        isNot(path, value, "an origin", 'one such as https://ci.acme.example, without a path; or only "*"'),
      );
};

const ORIGIN = /^(https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?|http:\/\/localhost)(:\d{1,5})?$/;

const anyOriginAlone: Rule<string[]> = (origins, path, mistakes) => {
  if (origins.includes("*") && origins.length > 1)
    fail(
      mistakes,
      `${path}: has "*", which means any origin, together with others; allowed: only "*", or origins without it`,
    );
};

const atLeastOne: Rule<CircleciSettings["branches"]> = (branches, path, mistakes) => {
  if (Object.keys(branches).length === 0) fail(mistakes, `${path}: has 0 branches; allowed: 1 or more`);
};

const job = text("a job", "its name in CircleCI's configuration, such as publish", /^\S(.*\S)?$/);

/**
 * The function's options are an environment variable. Lambda's limit is 4 KB, and ARNs and subnets take the rest.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const ENVIRONMENT_BYTES = 3072;

const fitsEnvironment: Rule<PullRequestSettings> = ({ circleci, tokens }, path, mistakes) => {
  const parts = { ...(circleci && { circleci }), ...(Object.keys(tokens).length > 0 && { tokens }) };
  // As Lambda measures it, a string within a JSON string: each quote takes two characters.
  const bytes = Object.values(parts).reduce(
    (sum, part) => sum + Buffer.byteLength(JSON.stringify(JSON.stringify(part))),
    0,
  );
  if (bytes > ENVIRONMENT_BYTES)
    fail(
      mistakes,
      `${Object.keys(parts)
        .map((key) => `${path}.${key}`)
        .join(
          " and ",
        )}: has ${bytes} bytes as JSON, but the function's environment allows only ${ENVIRONMENT_BYTES}; use fewer branches, jobs or tokens`,
    );
};

const circleci: Check<CircleciSettings> = object<CircleciSettings>({
  branches: required(
    ruled(map(formats.branch, formats.overlay), atLeastOne),
    "the environment of each branch, such as { main: dev }",
  ),
  image: required(formats.imageOfService, 'an image such as "registry.acme.example/{service}"'),
  jobs: withDefault(several("jobs", job), []),
});

type Stack = Pick<Settings, "pullRequests" | "applications">;

/** Applications that are delivered by pull request. */
export const gitopsApplications: Rule<Stack> = ({ pullRequests, applications }, path, mistakes) => {
  const gitops = applications.flatMap(({ gitops, source }, index) =>
    gitops === undefined ? [] : [{ ...gitops, source, path: `${path}applications[${index}]` }],
  );
  const [first] = gitops;
  if (first !== undefined && pullRequests === undefined)
    fail(
      mistakes,
      `${path}pullRequests: is missing; expected the gitops repository, because ${first.path} has deploy: gitops`,
    );
  // For each folder and environment, the newest pull request closes the others.
  distinct(
    gitops.map(({ path, service }) => ({ path: `${path}.gitops.service`, value: service })),
    mistakes,
  );
  for (const { path, source } of gitops)
    if ("push" in source && source.push.forge === "github" && source.push.branch === pullRequests?.branch)
      if (source.push.repository.toLowerCase() === pullRequests.repository.toLowerCase())
        fail(
          mistakes,
          `${path}.source.push: is the branch that its own pull requests are merged into, so that each merge would open the next one; keep the manifests in another repository, or on another branch`,
        );
};
