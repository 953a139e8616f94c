import type { Mutant } from "./mutant";

const lock: Mutant[] = [
  {
    name: "lock: an execution that died holds it for ever",
    file: "handlers/shared/lock.ts",
    find: " OR #until < :now",
    replace: " OR (#until < :now AND attribute_not_exists(#id))",
    tests: ["test/handlers/shared/lock.test.ts"],
  },
  {
    name: "lock: it is taken from its holder",
    file: "handlers/shared/lock.ts",
    find: "OR #owner = :owner OR",
    replace: "OR #owner = :owner OR attribute_exists(#id) OR",
    tests: ["test/handlers/shared/lock.test.ts"],
  },
  {
    name: "lock: it is released for another owner",
    file: "handlers/shared/lock.ts",
    find: 'heldAt === undefined ? "#owner = :owner"',
    replace: 'heldAt === undefined ? "#owner = :owner OR attribute_exists(#owner)"',
    tests: ["test/handlers/shared/lock.test.ts"],
  },
  {
    name: "lock: its holder is read from a stale replica",
    file: "handlers/shared/lock.ts",
    find: "ConsistentRead: true",
    replace: "ConsistentRead: false",
    tests: ["test/handlers/shared/lock.test.ts"],
  },
  {
    name: "lock: it expires before a rollback can end",
    file: "handlers/shared/lock.ts",
    find: "2 * deadlineMinutes",
    replace: "deadlineMinutes",
    tests: ["test/handlers/shared/lock.test.ts", "test/handlers/deploy/deploymentLock.test.ts"],
  },
  {
    name: "lock: tags and schedules rely on a lock that has expired",
    file: "handlers/shared/deliveryLock.ts",
    find: " && holder.until > seconds",
    replace: "",
    tests: ["test/handlers/shared/deliveryLock.test.ts"],
  },
  {
    name: "lock: a deploy goes on while another execution holds it",
    file: "handlers/deploy/deploymentLock.ts",
    find: "const other = await acquire(context, request);",
    replace: "await acquire(context, request);\n  const other = undefined as LockHolder | undefined;",
    tests: ["test/handlers/deploy/deploymentLock.test.ts"],
  },
  {
    name: "lock: a deploy that failed keeps it",
    file: "handlers/deploy/recorded.ts",
    find: 'if (state === "failed") {',
    replace: "if (false) {",
    tests: ["test/handlers/deploy/recorded.test.ts"],
  },
];

const rollout: Mutant[] = [
  {
    name: "deploy: one failed service of several is not rolled back",
    file: "handlers/deploy/deployment.ts",
    find: "causes.length > 0",
    replace: "causes.length === state.services.length",
    tests: ["test/handlers/deploy/deployment.test.ts"],
  },
  {
    name: "deploy: a rollout that ECS has failed is waited for",
    file: "handlers/deploy/rollout.ts",
    find: 'if (primary.rolloutState === "FAILED") {\n    return { kind: "failed", cause: reasonOf(primary) };',
    replace: "if (false) {",
    tests: ["test/handlers/deploy/rollout.test.ts"],
  },
  {
    name: "deploy: a rollout may take for ever",
    file: "handlers/deploy/rollout.ts",
    find: "if (patience.elapsed >= patience.deadline) {",
    replace: "if (false) {",
    tests: ["test/handlers/deploy/rollout.test.ts"],
  },
  {
    name: "deploy: a stale read after the update counts as a failure",
    file: "handlers/deploy/rollout.ts",
    find: "isUnchanged && patience.elapsed < UNSEEN",
    replace: "false",
    tests: ["test/handlers/deploy/rollout.test.ts"],
  },
  {
    name: "deploy: a repeated invocation updates the service again",
    file: "handlers/deploy/deployment.ts",
    find: "if (tags.some(({ key }) => key === STARTED)) {",
    replace: "if (false) {",
    tests: ["test/handlers/deploy/repeated.test.ts"],
  },
  {
    name: "deploy: an image that was deleted is rolled out",
    file: "handlers/deploy/deployment.ts",
    find: "await readImage(ecr, referenceOf(image));",
    replace: "",
    tests: ["test/handlers/deploy/deployment.test.ts"],
  },
  {
    name: "deploy: sidecars get the application's image",
    file: "handlers/deploy/taskDefinition.ts",
    find: "each.name === container ? { ...each, image } : each",
    replace: "{ ...each, image }",
    tests: ["test/handlers/deploy/taskDefinition.test.ts"],
  },
  {
    name: "deploy: a service that somebody has stopped is started by the next delivery",
    file: "handlers/deploy/desiredCount.ts",
    find: "stopped || current === wanted",
    replace: "current === wanted",
    tests: ["test/handlers/deploy/desiredCount.test.ts"],
  },
  {
    name: "deploy: a record that changed in the meantime is overwritten",
    file: "handlers/shared/records/record.ts",
    find: 'ConditionExpression: "#round = :seen",',
    replace: 'ConditionExpression: "#round >= :seen",',
    tests: ["test/handlers/deploy/requested.test.ts", "test/handlers/deploy/recorded.test.ts"],
  },
];

const rollback: Mutant[] = [
  {
    name: "rollback: a stale read counts as the end of it",
    file: "handlers/deploy/rollout.ts",
    find: "patience.elapsed < UNSEEN && !state.turned && !hasTurned(state, observation)",
    replace: "false",
    tests: ["test/handlers/deploy/rollback.test.ts", "test/handlers/deploy/stale.test.ts"],
  },
  {
    name: "rollback: it goes to a revision that never ran",
    file: "handlers/deploy/rollout.ts",
    find: 'primary?.rolloutState === "COMPLETED" ? primary : (completed ?? primary)',
    replace: "primary",
    tests: ["test/handlers/deploy/rollout.test.ts", "test/handlers/deploy/rollback.test.ts"],
  },
  {
    name: "rollback: somebody else's update counts as the former version",
    file: "handlers/deploy/rollout.ts",
    find: "if (primary?.taskDefinition !== state.previous) {",
    replace: "if (primary === undefined) {",
    tests: ["test/handlers/deploy/rollback.test.ts"],
  },
  {
    name: "rollback: the former number of tasks is not restored",
    file: "handlers/deploy/desiredCount.ts",
    find: "desired === count ? before : undefined",
    replace: "undefined",
    tests: ["test/handlers/deploy/desiredCount.test.ts"],
  },
  {
    name: "rollback: an execution that was stopped leaves its rollout half done",
    file: "handlers/deploy/recorded.ts",
    find: 'occasion.kind !== "message" || ',
    replace: 'occasion.kind === "message" || ',
    tests: ["test/handlers/deploy/recorded.test.ts"],
  },
];

export const deploying: Mutant[] = [...lock, ...rollout, ...rollback];
