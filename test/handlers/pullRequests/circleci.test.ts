import { expect } from "chai";
import type { CircleciOptions } from "../../../handlers/pullRequests/circleci";
import { readRequest } from "../../../handlers/pullRequests/request";
import { circleciJob as payload, REVISION } from "../../callbacks/circleciJob";

const REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const FOLDER = "at most 100 lower-case letters, digits and . _ -, starting and ending with a letter or digit";

const refused = (field: string, reason: string) => ({ kind: "refused", field, reason });

describe("request for a pull request, CircleCI's", () => {
  const options: CircleciOptions = {
    branches: { main: "dev", "release/1": "prod" },
    image: `{service}=${REGISTRY}/acme/{service}`,
    jobs: ["publish"],
  };
  const request = {
    service: "storefront",
    environment: "dev",
    revision: REVISION,
    image: `storefront=${REGISTRY}/acme/storefront:${REVISION}`,
    repository: "acme/storefront",
    build: "https://circleci.com/gh/acme/storefront/231",
    buildNumber: "231",
    actor: "octocat",
  };
  const wanted = (changes: object) => ({ kind: "wanted", request: { ...request, ...changes } });
  const ignored = (reason: string) => ({ kind: "ignored", reason });

  const NAME = `expected the repository's name: ${FOLDER}`;
  const rows: [string, object, object][] = [
    ["as the orb sends it", {}, wanted({})],
    ["a branch with a slash", { branch: "release/1" }, wanted({ environment: "prod" })],
    ["a field that the orb does not send", { parallel: 4 }, wanted({})],
    ["a number for a number", { build_num: 231 }, wanted({})],
    [
      "no links to say whose it is",
      { api_link: null, build_url: null },
      wanted({ repository: "storefront", build: undefined }),
    ],
    [
      "links that are not the repository's",
      { api_link: "https://circleci.com/x/y/z", build_url: "https://circleci.com/circleci/1/2/3" },
      wanted({ repository: "storefront", build: "https://circleci.com/circleci/1/2/3" }),
    ],
    [
      "a reponame in capitals",
      { reponame: "Storefront", build_url: "https://circleci.com/gh/Acme/Storefront/231", api_link: undefined },
      wanted({ repository: "Acme/Storefront", build: "https://circleci.com/gh/Acme/Storefront/231" }),
    ],
    [
      "links of dots",
      { api_link: "https://circleci.com/api/../storefront/231", build_url: undefined },
      wanted({ repository: "storefront", build: undefined }),
    ],
    ["only a build's link", { api_link: undefined }, wanted({})],
    ["a user that is none", { user: "<script>" }, wanted({ actor: undefined })],
    ["a build that is no link", { build_url: "javascript:alert(1)" }, wanted({ build: undefined })],
    ["no reponame", { reponame: undefined }, refused("reponame", `reponame is missing, ${NAME}`)],
    ["null for a reponame", { reponame: null }, refused("reponame", `reponame is missing, ${NAME}`)],
    ["an empty reponame", { reponame: "" }, refused("reponame", `reponame is malformed, ${NAME}`)],
    ["a reponame with a folder", { reponame: "../storefront" }, refused("reponame", `reponame is malformed, ${NAME}`)],
    [
      "a reponame that no registry takes",
      { reponame: "store.-front" },
      refused(
        "reponame",
        `store.-front=${REGISTRY}/acme/store.-front:${REVISION} is not a valid image: change slipway:pullRequests.circleci.image, or post the image yourself`,
      ),
    ],
    ["no job", { job: undefined }, refused("job", "job is missing, expected the job's name")],
    ["a list for a job", { job: ["publish"] }, refused("job", "job is not a string, expected the job's name")],
    [
      "no vcs_revision",
      { vcs_revision: undefined },
      refused("vcs_revision", "vcs_revision is missing, expected a commit's 40 hex digits"),
    ],
    [
      "a branch for a vcs_revision",
      { vcs_revision: "main" },
      refused("vcs_revision", "vcs_revision is malformed, expected a commit's 40 hex digits"),
    ],
    [
      "no job, of a failed build",
      { job: undefined, status: "failed" },
      refused("job", "job is missing, expected the job's name"),
    ],
    ["failure", { status: "failed" }, ignored("the build's status is failed, not success")],
    ["no status", { status: undefined }, ignored("the build's status is (none), not success")],
    [
      "failure on a branch that is not deployed",
      { status: "failed", branch: "topic" },
      ignored("the build's status is failed, not success"),
    ],
    ["a branch that is not deployed", { branch: "topic" }, ignored("branch topic is not deployed")],
    ["a branch that every object has", { branch: "constructor" }, ignored("branch constructor is not deployed")],
    ["a tag", { branch: null }, ignored("branch (none) is not deployed")],
    [
      "another job on a branch that is not deployed",
      { job: "test", branch: "topic" },
      ignored("branch topic is not deployed"),
    ],
    ["another job", { job: "test" }, ignored("job test is not in slipway:pullRequests.circleci.jobs")],
  ];
  for (const [what, changes, verdict] of rows) {
    it(`with ${what} is ${(verdict as { kind: string }).kind}`, () => {
      expect(readRequest({ ...payload, ...changes }, options)).to.deep.equal(verdict);
    });
  }

  it("takes every job if none is named", () => {
    expect(readRequest({ ...payload, job: "test" }, { ...options, jobs: [] })).to.deep.equal(wanted({}));
  });

  it("is refused where it is not set up, if it is whole", () => {
    expect(readRequest(payload, undefined)).to.deep.equal({
      kind: "refused",
      reason: "CircleCI jobs are not accepted here: set slipway:pullRequests.circleci",
    });
    expect(readRequest({ vcs_revision: REVISION }, undefined)).to.deep.equal(
      refused("reponame", `reponame is missing, ${NAME}`),
    );
  });
});
