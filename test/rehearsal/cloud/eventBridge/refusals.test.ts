import { DeleteRuleCommand, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { expect } from "chai";
import { namedRefusal } from "../../../refusal";
import { cluster, createEventCloud, type EventCloud, GRANTED, NIGHTLY, RULES, TASK_ROLE, topic } from "./support";

describe("What EventBridge refuses", () => {
  let events: EventCloud;

  beforeEach(async () => {
    events = await createEventCloud();
  });
  afterEach(() => events.close());

  const LIMIT = "LimitExceededException: The requested resource exceeds the maximum number allowed.";
  const constraint = (value: string, field: string, what: string) =>
    `ValidationException: 1 validation error detected: Value ${value} at '${field}' failed to satisfy constraint: Member must ${what}`;
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => topic(`t${index}`));

  const refusals: [what: string, attempt: () => Promise<unknown>, message: string][] = [
    [
      "a rule without pattern and schedule",
      () => events.put(NIGHTLY, { ScheduleExpression: undefined }),
      "ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified.",
    ],
    [
      "a schedule of one minutes",
      () => events.put(NIGHTLY, { ScheduleExpression: "rate(1 minutes)" }),
      "ValidationException: Parameter ScheduleExpression is not valid.",
    ],
    [
      "a name with a space",
      () => events.put("dev-storefront--a b"),
      constraint("'dev-storefront--a b'", "name", "satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"),
    ],
    [
      "a name of 65 characters",
      () => events.put("dev-storefront--".padEnd(65, "x")),
      constraint(`'${"dev-storefront--".padEnd(65, "x")}'`, "name", "have length less than or equal to 64"),
    ],
    [
      "targets for a rule that is not there",
      () => events.putTargets("dev-storefront--none", topic("a")),
      "ResourceNotFoundException: Rule dev-storefront--none does not exist on EventBus default.",
    ],
    ["six targets", () => events.putTargets(NIGHTLY, ...numbered(6)), LIMIT],
    [
      "eleven targets at once",
      () => events.putTargets(NIGHTLY, ...numbered(11)),
      "ValidationException: 1 validation error detected: Value at 'targets' failed to satisfy constraint: Member must have length less than or equal to 10",
    ],
    [
      "a target's id of 65 characters",
      () => events.putTargets(NIGHTLY, topic("ok"), { ...topic("x"), Id: "x".repeat(65) }),
      constraint(`'${"x".repeat(65)}'`, "targets.2.member.id", "have length less than or equal to 64"),
    ],
    [
      "an ECS target without a role",
      () => events.putTargets(NIGHTLY, cluster("a", { RoleArn: undefined })),
      "ValidationException: RoleArn is required for target arn:aws:ecs:us-east-1:123456789012:cluster/dev.",
    ],
    [
      "an ECS target without parameters",
      () => events.putTargets(NIGHTLY, cluster("a", { EcsParameters: undefined })),
      "ValidationException: Parameter(s) EcsParameters must be specified for target: a.",
    ],
    [
      "an input that is not JSON",
      () => events.putTargets(NIGHTLY, topic("a", { Input: "{" })),
      "ValidationException: JSON syntax error in input for target a at char: 1, line: 1",
    ],
    [
      "a page of 101 rules",
      () => events.client.send(new ListRulesCommand({ Limit: 101 })),
      constraint("'101'", "limit", "have value less than or equal to 100"),
    ],
    [
      "an input transformer",
      () => events.putTargets(NIGHTLY, topic("a", { InputTransformer: { InputTemplate: "1" } })),
      "NotSimulated: events:PutTargets: InputTransformer of the target a (arn:aws:sns:us-east-1:123456789012:a) is not simulated.",
    ],
    [
      "a target of another service",
      () => events.putTargets(NIGHTLY, { Id: "a", Arn: "arn:aws:kinesis:us-east-1:123456789012:stream/a" }),
      "NotSimulated: events:PutTargets: Arn of the target a (arn:aws:kinesis:us-east-1:123456789012:stream/a) is not simulated.",
    ],
    [
      "another bus",
      () => events.put(NIGHTLY, { EventBusName: "acme" }),
      "NotSimulated: The event bus acme is not simulated: only default is.",
    ],
  ];
  for (const [what, attempt, message] of refusals)
    it(`refuses ${what}, and changes nothing`, async () => {
      await events.put(NIGHTLY);
      expect(await namedRefusal(attempt())).to.equal(message);
      expect((await events.targetsOf(NIGHTLY)).ids).to.deep.equal([]);
      expect((await events.client.send(new ListRulesCommand({}))).Rules?.map((it) => it.Name)).to.deep.equal([NIGHTLY]);
    });

  it("takes 300 rules and no more", async () => {
    for (let count = 0; count < 300; count++)
      await events.cloud.declare("aws:cloudwatch/eventRule:EventRule", `r${count}`, {
        scheduleExpression: "rate(1 day)",
      });
    expect(await namedRefusal(events.put(NIGHTLY))).to.equal(LIMIT);
  });

  const denials: [what: string, without: string, attempt: () => Promise<unknown>, denied: string][] = [
    ["put a rule", "events:PutRule", () => events.put(NIGHTLY), `events:PutRule on resource: ${RULES}/${NIGHTLY}`],
    [
      "put a rule with tags",
      "events:TagResource",
      () => events.put(NIGHTLY, { Tags: [{ Key: "a", Value: "1" }] }),
      `events:TagResource on resource: ${RULES}/${NIGHTLY}`,
    ],
    [
      "list rules",
      "events:ListRules",
      () => events.client.send(new ListRulesCommand({ NamePrefix: "dev-storefront--" })),
      "events:ListRules on resource: *",
    ],
    [
      "pass the target's role",
      "iam:PassRole",
      () => events.putTargets(NIGHTLY, cluster("a")),
      `iam:PassRole on resource: ${TASK_ROLE}`,
    ],
    [
      "touch a rule of another application",
      "",
      () => events.client.send(new DeleteRuleCommand({ Name: "dev-storefront-worker--nightly" })),
      `events:DeleteRule on resource: ${RULES}/dev-storefront-worker--nightly`,
    ],
  ];
  for (const [what, without, attempt, denied] of denials)
    it(`must be allowed to ${what}`, async () => {
      const rest = GRANTED.map((it) => ({ ...it, Action: [it.Action].flat().filter((action) => action !== without) }));
      await events.close();
      events = await createEventCloud(
        rest.filter((it) => it.Action.length > 0),
        "restricted",
      );
      expect(await namedRefusal(attempt())).to.contain(
        `AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/restricted/rehearsal is not authorized to perform: ${denied}.`,
      );
    });

  it("tells IAM a rule's tags", async () => {
    await events.put(NIGHTLY, { Tags: [{ Key: "slipway:application", Value: "storefront" }] });
    await events.put("dev-storefront--other");
    const own = await events.clientOf("own", [
      {
        Effect: "Allow",
        Action: "events:DeleteRule",
        Resource: "*",
        Condition: { StringEquals: { "aws:ResourceTag/slipway:application": "storefront" } },
      },
    ]);
    await own.send(new DeleteRuleCommand({ Name: NIGHTLY }));
    expect(await namedRefusal(own.send(new DeleteRuleCommand({ Name: "dev-storefront--other" })))).to.match(
      /^AccessDeniedException: .*the request has no aws:ResourceTag\/slipway:application\.$/,
    );
  });
});
