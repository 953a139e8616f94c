import type { Mutant } from "./mutant";

const migrate: Mutant[] = [
  {
    name: "migrate: a repeated invocation starts a second migration",
    file: "handlers/migrate/task.ts",
    find: '.digest("hex")',
    replace: '.digest("hex").slice(0, 8) + Math.random()',
    tests: ["test/handlers/migrate/migration.test.ts"],
  },
  {
    name: "migrate: a migration that failed counts as done",
    file: "handlers/migrate/decision.ts",
    find: "own?.exitCode === 0 && ",
    replace: "own !== undefined && ",
    tests: ["test/handlers/migrate/decision.test.ts"],
  },
  {
    name: "migrate: a task that ECS does not show yet counts as lost",
    file: "handlers/migrate/decision.ts",
    find: "elapsed < UNSEEN",
    replace: "false",
    tests: ["test/handlers/migrate/decision.test.ts"],
  },
  {
    name: "migrate: a migration is started when ECS has forgotten whether it ran",
    file: "handlers/migrate/migration.ts",
    find: "now - since > START_WITHIN",
    replace: "false",
    tests: ["test/handlers/migrate/migration.test.ts"],
  },
  {
    name: "migrate: two executions migrate at the same time",
    file: "handlers/migrate/recorded.ts",
    find: "return other && {",
    replace: "return undefined && {",
    tests: ["test/handlers/migrate/recorded.test.ts"],
  },
];

const schedules: Mutant[] = [
  {
    name: "schedules: a schedule that was removed goes on",
    file: "handlers/schedules/plan.ts",
    find: ".filter(({ name }) => !wanted.includes(name))",
    replace: ".filter(() => false)",
    tests: ["test/handlers/schedules/plan.test.ts"],
  },
  {
    name: "schedules: rules that slipway did not create are changed",
    file: "handlers/schedules/rule.ts",
    find: "!own.every(([key, value])",
    replace: "!own.some(([key, value])",
    tests: ["test/handlers/schedules/update.test.ts", "test/handlers/schedules/failure.test.ts"],
  },
  {
    name: "schedules: a disabled schedule runs",
    file: "handlers/schedules/rule.ts",
    find: 'schedule.enabled ? "ENABLED" : "DISABLED"',
    replace: '"ENABLED"',
    tests: ["test/handlers/schedules/plan.test.ts"],
  },
  {
    name: "schedules: a rule's description is not kept",
    file: "handlers/schedules/plan.ts",
    find: "description === rule.description",
    replace: "true",
    tests: ["test/handlers/schedules/plan.test.ts"],
  },
  {
    name: "schedules: new rules have no tags, so that the next delivery takes them for foreign",
    file: "handlers/schedules/rules.ts",
    find: "{ ...rule, Tags }",
    replace: "rule",
    tests: ["test/handlers/schedules/update.test.ts"],
  },
  {
    name: "schedules: an update that failed leaves half of the rules changed",
    file: "handlers/schedules/update.ts",
    find: "const failed = await takeBack(events, stopped.begun, rules);",
    replace: "const failed: string[] = [];",
    tests: ["test/handlers/schedules/failure.test.ts"],
  },
  {
    name: "schedules: an earlier delivery overwrites those of a later one",
    file: "handlers/schedules/update.ts",
    find: "latest > state.latest",
    replace: "false",
    tests: ["test/handlers/schedules/update.test.ts", "test/handlers/schedules/failure.test.ts"],
  },
  {
    name: "schedules: the label's digest is not compared",
    file: "handlers/schedules/label.ts",
    find: "digest !== layerDigest",
    replace: "false",
    tests: ["test/handlers/schedules/label.test.ts"],
  },
  {
    name: "schedules: another time zone than UTC is accepted",
    file: "handlers/schedules/file.ts",
    find: 'value.value !== "UTC"',
    replace: "false",
    tests: ["test/handlers/schedules/file.test.ts"],
  },
];

const promotion: Mutant[] = [
  {
    name: "tag: the image is tagged without a record of its delivery",
    file: "handlers/tag/index.ts",
    find: "    await record();\n",
    replace: "",
    tests: ["test/callbacks/tag.test.ts", "test/callbacks/underLock.test.ts"],
  },
  {
    name: "tag: an earlier delivery replaces the record of a later one",
    file: "handlers/shared/deliveredImage.ts",
    find: '"deliveredAt = :seen"',
    replace: '"deliveredAt >= :seen"',
    tests: ["test/callbacks/tag.test.ts"],
  },
  {
    name: "tag: an image of another repository is tagged",
    file: "handlers/tag/index.ts",
    find: "repositoryName !== repository",
    replace: "false",
    tests: ["test/callbacks/tag.test.ts"],
  },
  {
    name: "promotion: prod takes an image that dev has not delivered",
    file: "handlers/build/imageBuildspec.ts",
    find: 'elif [ "$LATEST" != "$IMAGE_DIGEST" ]; then',
    replace: "elif false; then",
    tests: ["test/handlers/build/imagePromotion.test.ts"],
  },
  {
    name: "promotion: prod takes an image that dev never delivered at all",
    file: "handlers/build/imageBuildspec.ts",
    find: 'Deliver once in $SOURCE_TAG." >&2\n          false',
    replace: 'Deliver once in $SOURCE_TAG." >&2',
    tests: ["test/handlers/build/imagePromotion.test.ts"],
  },
  {
    name: "build: a commit that was built is pushed again",
    file: "handlers/build/buildspec.ts",
    find: '- if [ "$BUILT" = None ]; then docker push',
    replace: "- if true; then docker push",
    tests: ["test/handlers/build/buildspec.test.ts"],
  },
];

const notices: Mutant[] = [
  {
    name: "notices: an action that succeeded when it was retried counts as failed",
    file: "handlers/notices/progress.ts",
    find: ".filter(isLatestAttempt)",
    replace: "",
    tests: ["test/handlers/notices/notices.test.ts"],
  },
  {
    name: "notices: SNS rejects the subject of a name that is not ASCII",
    file: "handlers/shared/notice.ts",
    find: 'text.replaceAll(/[^ -~]/g, "?")',
    replace: "text",
    tests: ["test/handlers/notices/notices.test.ts"],
  },
  {
    name: "chat: a commit's text can mention everybody in Slack",
    file: "handlers/chat/shape.ts",
    find: '.replaceAll("<", "&lt;")',
    replace: "",
    tests: ["test/handlers/chat/shape.test.ts"],
  },
  {
    name: "chat: a commit's text can mention everybody in Feishu",
    file: "handlers/chat/shape.ts",
    find: "cut(withoutTags(text), 20_000 - 100",
    replace: "cut(text, 20_000 - 100",
    tests: ["test/handlers/chat/shape.test.ts"],
  },
  {
    name: "chat: a message that Feishu, DingTalk or WeCom rejects counts as posted",
    file: "handlers/chat/shape.ts",
    find: "return code === 0 ? undefined : shown(body);",
    replace: "return undefined;",
    tests: ["test/handlers/chat/shape.test.ts"],
  },
  {
    name: "chat: the webhook's secret address is logged",
    file: "handlers/chat/incomingWebhook.ts",
    find: 'return parts.reduce((text, part) => text.replaceAll(part, "***"), answer);',
    replace: "return answer;",
    tests: ["test/handlers/chat/incomingWebhook.test.ts"],
  },
];

export const delivering: Mutant[] = [...migrate, ...schedules, ...promotion, ...notices];
