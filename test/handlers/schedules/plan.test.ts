import { expect } from "chai";
import type { Schedule } from "../../../handlers/schedules/file";
import { describeStep, planRules } from "../../../handlers/schedules/plan";
import { desiredRule, foreignRules, type ObservedRule } from "../../../handlers/schedules/rule";
import { arnOf, OWN_TAGS, options } from "./world";

const nightly: Schedule = {
  name: "nightly",
  expression: "cron(0 3 * * ? *)",
  command: ["node", "report.js"],
  enabled: true,
};
const RULE = "dev-storefront--nightly";
const INPUT = '{"containerOverrides":[{"name":"app","command":["node","report.js"]}]}';

const wanted = (change: Partial<Schedule> = {}, revision = 2) =>
  desiredRule(options, { ...nightly, ...change }, arnOf(revision));

/** The rule as EventBridge has it after the plan for it was carried out. */
function observed(change: Partial<ObservedRule> = {}): ObservedRule {
  const { name, expression, description, state, target } = wanted();
  const EcsParameters = { ...target.EcsParameters, EnableECSManagedTags: false, EnableExecuteCommand: false };
  const targets = [{ ...target, EcsParameters } as typeof target];
  return { name, expression, description, state, eventPattern: undefined, tags: OWN_TAGS, targets, ...change };
}

const target = (change: object, parameters: object = {}) => {
  const [it] = observed().targets;
  return { targets: [{ ...it, ...change, EcsParameters: { ...it?.EcsParameters, ...parameters } }] as never };
};
const network = (change: object) => ({
  NetworkConfiguration: {
    awsvpcConfiguration: {
      Subnets: ["subnet-1", "subnet-2"],
      SecurityGroups: ["sg-1"],
      AssignPublicIp: "DISABLED",
      ...change,
    },
  },
});

describe("rule of a schedule", () => {
  it("runs one task of the revision in private subnets, with the command", () => {
    expect(wanted()).to.deep.equal({
      name: RULE,
      expression: "cron(0 3 * * ? *)",
      description: "Schedule nightly of storefront in dev",
      state: "ENABLED",
      target: {
        Id: "task",
        Arn: "arn:aws:ecs:us-east-1:123456789012:cluster/dev",
        RoleArn: "arn:aws:iam::123456789012:role/events",
        Input: INPUT,
        EcsParameters: {
          TaskDefinitionArn: arnOf(2),
          TaskCount: 1,
          LaunchType: "FARGATE",
          NetworkConfiguration: {
            awsvpcConfiguration: {
              Subnets: ["subnet-2", "subnet-1"],
              SecurityGroups: ["sg-1"],
              AssignPublicIp: "DISABLED",
            },
          },
        },
      },
    });
  });

  it("has its size as text, as RunTask takes it", () => {
    expect(wanted({ size: { cpu: 512, memory: 1024 } }).target.Input).to.equal(
      '{"containerOverrides":[{"name":"app","command":["node","report.js"]}],"cpu":"512","memory":"1024"}',
    );
  });

  const owners: [string, Record<string, string>, boolean][] = [
    ["its tags", OWN_TAGS, false],
    ["more tags", { ...OWN_TAGS, team: "shop" }, false],
    ["no tags", {}, true],
    ["one of its tags", { "slipway:application": "storefront" }, true],
    ["another environment's tag", { ...OWN_TAGS, "slipway:environment": "prod" }, true],
  ];
  for (const [what, tags, foreign] of owners) {
    it(`with ${what} is ${foreign ? "another's" : "its own"}`, () => {
      expect(foreignRules(options, [observed({ tags })]).length).to.equal(foreign ? 1 : 0);
    });
  }
});

describe("plan of schedules", () => {
  // What is there, what the file wants, the step as the log tells it, and what it does: p(ut rule), t(arget), d(rop).
  const table: [string, ObservedRule[], Schedule[] | "revision 3", string[], string[]][] = [
    ["creates", [], [nightly], [`create ${RULE}: cron(0 3 * * ? *); ${INPUT}`], ["pt"]],
    [
      "creates a disabled one",
      [],
      [{ ...nightly, enabled: false }],
      [`create ${RULE}: cron(0 3 * * ? *); disabled; ${INPUT}`],
      ["pt"],
    ],
    ["leaves as it is", [observed()], [nightly], [`unchanged ${RULE}`], [""]],
    [
      "leaves as it is what is spelt otherwise",
      [
        observed({
          expression: "cron(0  3 * *  ? *)",
          ...target(
            { Input: ' { "containerOverrides": [ { "command": ["node", "report.js"], "name": "app" } ] }' },
            network({}),
          ),
        }),
      ],
      [nightly],
      [`unchanged ${RULE}`],
      [""],
    ],
    [
      "changes the time",
      [observed()],
      [{ ...nightly, expression: "rate(5 minutes)" }],
      [`change ${RULE}: rate(5 minutes) instead of cron(0 3 * * ? *)`],
      ["p"],
    ],
    [
      "disables",
      [observed()],
      [{ ...nightly, enabled: false }],
      [`change ${RULE}: DISABLED instead of ENABLED`],
      ["p"],
    ],
    [
      "enables what somebody disabled",
      [observed({ state: "DISABLED" })],
      [nightly],
      [`change ${RULE}: ENABLED instead of DISABLED`],
      ["p"],
    ],
    [
      "changes the command",
      [observed(target({ Input: '{"containerOverrides":[{"name":"app","command":["node","old.js"]}]}' }))],
      [nightly],
      [`change ${RULE}: ${INPUT} instead of {"containerOverrides":[{"name":"app","command":["node","old.js"]}]}`],
      ["t"],
    ],
    [
      "changes the image",
      [observed()],
      "revision 3",
      [`change ${RULE}: dev-storefront-task:3 instead of dev-storefront-task:2`],
      ["t"],
    ],
    [
      "repairs a rule whose target was refused",
      [observed({ targets: [] })],
      [nightly],
      [`repair ${RULE}: it has no target`],
      ["t"],
    ],
    [
      "repairs a rule that got more targets",
      [
        observed({
          targets: [...observed().targets, { Id: "other", Arn: "arn:aws:sqs:us-east-1:123456789012:other" }],
        }),
      ],
      [nightly],
      [`repair ${RULE}: target other does not come from schedules.yaml`],
      ["d:other"],
    ],
    [
      "repairs network, role and description",
      [
        observed({
          description: undefined,
          ...target({ RoleArn: "arn:aws:iam::123456789012:role/other" }, network({ Subnets: ["subnet-9"] })),
        }),
      ],
      [nightly],
      [
        `repair ${RULE}: its description differs; its target's EcsParameters.NetworkConfiguration differs; its target's RoleArn differs`,
      ],
      ["pt"],
    ],
    [
      "repairs what was added to the target",
      [observed(target({ InputPath: "$.detail" }, { EnableExecuteCommand: true }))],
      [nightly],
      [`repair ${RULE}: its target's EcsParameters.EnableExecuteCommand differs; its target's InputPath differs`],
      ["t"],
    ],
    [
      "repairs a rule that reacts to events too",
      [observed({ eventPattern: "{}" })],
      [nightly],
      [`repair ${RULE}: it reacts to events too`],
      ["p"],
    ],
    [
      "removes, with all targets",
      [observed({ targets: [...observed().targets, { Id: "other", Arn: "arn" }] })],
      [],
      [`remove ${RULE}: not in schedules.yaml`],
      ["d:task,other"],
    ],
    [
      "takes a renamed one for a new one",
      [observed()],
      [{ ...nightly, name: "daily" }],
      [`create dev-storefront--daily: cron(0 3 * * ? *); ${INPUT}`, `remove ${RULE}: not in schedules.yaml`],
      ["pt", "d:task"],
    ],
    ["of nothing for nothing is nothing", [], [], [], []],
  ];
  for (const [what, rules, schedules, told, acts] of table) {
    it(what, () => {
      const desired =
        schedules === "revision 3" ? [wanted({}, 3)] : schedules.map((it) => desiredRule(options, it, arnOf(2)));
      const steps = planRules(desired, rules);
      expect(steps.map(describeStep)).to.deep.equal(told);
      expect(
        steps.map(({ put, target: put2, drop }) =>
          [put && "p", put2 && "t", drop.length > 0 && `d:${drop.join(",")}`].filter(Boolean).join(""),
        ),
      ).to.deep.equal(acts);
    });
  }
});
