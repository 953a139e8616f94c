import type { Mutant } from "./mutant";

const api: Mutant[] = [
  {
    name: "pull requests: a scoped token may request any service",
    file: "handlers/pullRequests/scope.ts",
    find: "services.some((pattern) => matches(pattern, service))",
    replace: "services.length > 0",
    tests: ["test/callbacks/pullRequestsScopes.test.ts"],
  },
  {
    name: "pull requests: a scoped token may request any image",
    file: "handlers/pullRequests/scope.ts",
    find: "matches(allowed, name)",
    replace: "true",
    tests: ["test/callbacks/pullRequestsScopes.test.ts"],
  },
  {
    name: "pull requests: one task more than the limit may run",
    file: "handlers/pullRequests/slots.ts",
    find: "size(#running) < :limit",
    replace: "size(#running) <= :limit",
    tests: ["test/handlers/pullRequests/slots.test.ts"],
  },
  {
    name: "pull requests: the slot of a task that got lost is never free again",
    file: "handlers/pullRequests/slots.ts",
    find: "now - Number(N) >= DEAD",
    replace: "false",
    tests: ["test/handlers/pullRequests/slots.test.ts"],
  },
  {
    name: "pull requests: a failed build of CircleCI is delivered",
    file: "handlers/pullRequests/circleci.ts",
    find: 'status !== "success"',
    replace: "false",
    tests: ["test/handlers/pullRequests/circleci.test.ts"],
  },
  {
    name: "pull requests: a branch named constructor has an environment",
    file: "handlers/pullRequests/circleci.ts",
    find: " && Object.hasOwn(branches, branch)",
    replace: "",
    tests: ["test/handlers/pullRequests/circleci.test.ts"],
  },
  {
    name: "pull requests: a build's link may contain a password",
    file: "handlers/pullRequests/fields.ts",
    find: 'return username === "" && password === "";',
    replace: "return true;",
    tests: ["test/handlers/pullRequests/request.test.ts"],
  },
  {
    name: "pull requests: another attempt's result is overwritten",
    file: "images/gitops-pr/pullRequestRecord.ts",
    find: `#attempt = :attempt AND \${stateIn(from)}`,
    replace: `(#attempt = :attempt OR attribute_exists(#attempt)) AND \${stateIn(from)}`,
    tests: ["test/handlers/pullRequests/record.test.ts"],
  },
  {
    name: "deployment API: items that are no requests can be read by their id",
    file: "handlers/deploymentRequests/index.ts",
    find: "if (!DEPLOYMENT_ID.test(id)) {",
    replace: "if (false) {",
    tests: ["test/callbacks/deployments.test.ts", "test/callbacks/deploymentsRecord.test.ts"],
  },
];

const superseding: Mutant[] = [
  {
    name: "gitops: of two requests at the same time, each supersedes the other",
    file: "images/gitops-pr/superseding.ts",
    find: "a === b ? one.id > other.id : a > b",
    replace: "a >= b",
    tests: ["test/images/superseding.test.ts"],
  },
  {
    name: "gitops: the date in a stranger's pull request counts",
    file: "images/gitops-pr/superseding.ts",
    find: "author === bot ? markerOf(body) : undefined",
    replace: "markerOf(body)",
    tests: ["test/images/superseding.test.ts"],
  },
  {
    name: "gitops: a date in the future counts, so that nothing supersedes it",
    file: "images/gitops-pr/superseding.ts",
    find: " && Date.parse(marker.requestedAt) <= now",
    replace: "",
    tests: ["test/images/superseding.test.ts"],
  },
  {
    name: "gitops: pull requests of other services are closed",
    file: "images/gitops-pr/superseding.ts",
    find: "head.startsWith(prefix)",
    replace: 'head.startsWith(prefix.split("/")[0] ?? "")',
    tests: ["test/images/superseding.test.ts"],
  },
  {
    name: "gitops: a branch of a fork counts as slipway's own",
    file: "images/gitops-pr/github.ts",
    find: "head.repo?.id === base.repo.id",
    replace: "head.repo !== base.repo",
    tests: ["test/images/github.test.ts"],
  },
];

const task: Mutant[] = [
  {
    name: "gitops: an edit may change more than the image",
    file: "images/gitops-pr/kustomization.ts",
    find: "  verify(before, after, wanted);\n",
    replace: "",
    tests: ["test/images/kustomization.test.ts", "test/images/kustomizationProperty.test.ts"],
  },
  {
    name: "gitops: a former digest stays, which overrides the new tag",
    file: "images/gitops-pr/kustomization.ts",
    find: "return over[0] && removePair(text, item, over[0]);",
    replace: "return undefined;",
    tests: ["test/images/kustomization.test.ts"],
  },
  {
    name: "gitops: a tag such as 1.10 is written as a number",
    file: "images/gitops-pr/yamlEdit.ts",
    find: "!isPlain(value) ?",
    replace: "false ?",
    tests: ["test/images/kustomization.test.ts"],
  },
  {
    name: "gitops: a branch that somebody else has pushed is overwritten",
    file: "images/gitops-pr/workingCopy.ts",
    find: '"--porcelain", lease,',
    replace: '"--porcelain", "--force",',
    tests: ["test/images/push.test.ts"],
  },
  {
    name: "gitops: an overlay may be a symbolic link to a file outside",
    file: "images/gitops-pr/workingCopy.ts",
    find: "if (isLast ? !stats.isFile() : !stats.isDirectory()) {",
    replace: "if (false) {",
    tests: ["test/images/workingCopy.test.ts", "test/images/push.test.ts", "test/images/task.test.ts"],
  },
  {
    name: "gitops: git gives the token to another host",
    file: "images/gitops-pr/askpass.sh",
    find: "*)\n  printf 'The token is only",
    replace: "*) printf '%s\\n' \"$GITHUB_TOKEN\" ;;\nnever)\n  printf 'The token is only",
    tests: ["test/images/git.test.ts"],
  },
  {
    name: "gitops: a request with the token follows a redirect to another host",
    file: "images/gitops-pr/transport.ts",
    find: " && to.origin === new URL(at).origin",
    replace: "",
    tests: ["test/images/transport.test.ts"],
  },
  {
    name: "gitops: the log contains the token",
    file: "images/gitops-pr/log.ts",
    find: 'typeof value === "string" ? redact(value) : value',
    replace: "value",
    tests: ["test/images/log.test.ts"],
  },
  {
    name: "gitops: a task takes another attempt's result for its own",
    file: "images/gitops-pr/record.ts",
    find: "record?.attempt === attempt && record.state === state",
    replace: "record?.state === state",
    tests: ["test/images/record.test.ts"],
  },
  {
    name: "gitops: a caller's text can contain Markdown",
    file: "images/gitops-pr/body.ts",
    find: '.replace(/[`\\r\\n]/g, "")',
    replace: "",
    tests: ["test/images/change.test.ts"],
  },
];

export const pullRequests: Mutant[] = [...api, ...superseding, ...task];
