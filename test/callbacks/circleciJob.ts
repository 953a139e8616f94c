export const REVISION = "8f59df978e3fa133a2ee39ff66b3382342ce958c";

/** What CircleCI's orb posts: https://github.com/eddiewebb/circleci-webhook-orb */
export const circleciJob = {
  build_num: "231",
  branch: "main",
  username: "octocat",
  job: "publish",
  build_url: "https://circleci.com/gh/acme/storefront/231",
  vcs_revision: REVISION,
  reponame: "storefront",
  workflow_id: "6dfa1b01-96ef-430d-bc35-11b5d20a5127",
  workflow_url: "https://circleci.com/workflow-run/6dfa1b01-96ef-430d-bc35-11b5d20a5127",
  pull_request: null,
  user: "octocat",
  api_link: "https://circleci.com/api/v1.1/project/acme/storefront/231",
  status: "success",
};
