import type { Mutant } from "./mutant";

const webhook: Mutant[] = [
  {
    name: "webhook: the signature is not of the body",
    file: "handlers/webhook/signature.ts",
    find: ".update(body)",
    replace: '.update("")',
    tests: ["test/handlers/webhook/signature.test.ts"],
  },
  {
    name: "webhook: a header that only contains a signature passes for one",
    file: "handlers/webhook/signature.ts",
    find: "/^sha256=[0-9a-f]{64}$/",
    replace: "/sha256=[0-9a-f]{64}/",
    tests: ["test/handlers/webhook/signature.test.ts"],
  },
  {
    name: "webhook: secrets are compared in a time that depends on them",
    file: "handlers/shared/secret.ts",
    find: "timingSafeEqual(digest(given), digest(expected))",
    replace: "given === expected",
    tests: ["test/handlers/shared/secret.test.ts"],
  },
  {
    name: "webhook: the secret of a new repository is empty until it is stored",
    file: "handlers/webhook/index.ts",
    find: "textAt(location, secret) ?? unknown",
    replace: 'textAt(location, secret) ?? ""',
    tests: ["test/callbacks/webhookRepositories.test.ts"],
  },
  {
    name: "webhook: Gitee's signatures never expire",
    file: "handlers/webhook/gitee.ts",
    find: "isSignature && Math.abs(now - Number(timestamp)) <= HOUR",
    replace: "isSignature",
    tests: ["test/handlers/webhook/gitee.test.ts"],
  },
  {
    name: "webhook: Gitee's signatures may be from the future",
    file: "handlers/webhook/gitee.ts",
    find: "Math.abs(now - Number(timestamp))",
    replace: "now - Number(timestamp)",
    tests: ["test/handlers/webhook/gitee.test.ts"],
  },
  {
    name: "webhook: whoever has the secret of one repository can deliver another",
    file: "handlers/webhook/push.ts",
    find: 'change.kind === "push" && !isSameRepository(change.push.repository, repository)',
    replace: "false",
    tests: ["test/handlers/webhook/push.test.ts"],
  },
  {
    name: "webhook: a deleted branch of GitLab is delivered",
    file: "handlers/webhook/payload.ts",
    find: "update.deleted === true || after === ZEROS",
    replace: "update.deleted === true",
    tests: ["test/handlers/webhook/gitlab.test.ts"],
  },
  {
    name: "webhook: a push that was not enqueued is confirmed to the forge",
    file: "handlers/webhook/index.ts",
    find: 'return answer(503, "failed", { forge, reason, delivery }, { cause: explain(error) });',
    replace: "return queued(forge, pushes, delivery);",
    tests: ["test/callbacks/webhook.test.ts"],
  },
];

const queue: Mutant[] = [
  {
    name: "queue: pushes to one branch can overtake each other",
    file: "handlers/shared/message.ts",
    find: "{message.branch}",
    replace: "{message.commit}",
    tests: ["test/handlers/shared/message.test.ts"],
  },
  {
    name: "queue: the second application of a push is dropped as a duplicate",
    file: "handlers/shared/message.ts",
    find: "{message.application}",
    replace: '{""}',
    tests: ["test/handlers/shared/message.test.ts"],
  },
  {
    name: "queue: a message may name anything as its commit",
    file: "handlers/shared/message.ts",
    find: "const COMMIT = /^[0-9a-f]{40}$/;",
    replace: "const COMMIT = /./;",
    tests: ["test/handlers/shared/message.test.ts"],
  },
];

const poll: Mutant[] = [
  {
    name: "poll: a branch that was delivered once is never delivered again",
    file: "handlers/poll/decision.ts",
    find: "head === archive?.commit",
    replace: "archive !== undefined",
    tests: ["test/handlers/poll/decision.test.ts"],
  },
  {
    name: "poll: a head that was enqueued once is not enqueued after another delivery",
    file: "handlers/poll/decision.ts",
    find: " && last.over === archive?.versionId",
    replace: "",
    tests: ["test/handlers/poll/decision.test.ts"],
  },
  {
    name: "poll: SHA-256 commits pass for SHA-1 commits",
    file: "handlers/poll/decision.ts",
    find: "/^[0-9a-f]{40}$/",
    replace: "/^[0-9a-f]{40,64}$/",
    tests: ["test/handlers/poll/decision.test.ts"],
  },
  {
    name: "poll: the forge's token is sent to the host of a redirect",
    file: "handlers/poll/remote.ts",
    find: "if (origin !== new URL(base).origin) {",
    replace: "if (false) {",
    tests: ["test/handlers/poll/remote.test.ts"],
  },
];

export const intake: Mutant[] = [...webhook, ...queue, ...poll];
