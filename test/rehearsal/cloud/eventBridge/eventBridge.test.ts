import {
  DeleteRuleCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  TagResourceCommand,
  type Target,
  UntagResourceCommand,
} from "@aws-sdk/client-eventbridge";
import { expect } from "chai";
import { namedRefusal, refusalMessage } from "../../../refusal";
import { cluster, createEventCloud, type EventCloud, NIGHTLY, RULES, TASK_ROLE, topic } from "./support";

describe("EventBridge", () => {
  let events: EventCloud;

  beforeEach(async () => {
    events = await createEventCloud();
  });
  afterEach(() => events.close());

  it("puts a rule, and replaces it whole: what is left out is gone, but for its targets and tags", async () => {
    const Tags = [{ Key: "slipway:application", Value: "storefront" }];
    const { RuleArn } = await events.put(NIGHTLY, { Description: "Reports", State: "DISABLED", Tags });
    expect(RuleArn).to.equal(`${RULES}/${NIGHTLY}`);
    expect(await events.describeRule(NIGHTLY)).to.deep.equal({
      Name: NIGHTLY,
      Arn: RuleArn,
      ScheduleExpression: "rate(5 minutes)",
      State: "DISABLED",
      Description: "Reports",
      EventBusName: "default",
      CreatedBy: "123456789012",
    });
    await events.putTargets(NIGHTLY, topic("one"));
    await events.put(NIGHTLY, { ScheduleExpression: "cron(0 3 * * ? *)", Tags: [{ Key: "other", Value: "ignored" }] });
    expect(await events.describeRule(NIGHTLY)).to.deep.equal({
      Name: NIGHTLY,
      Arn: RuleArn,
      ScheduleExpression: "cron(0 3 * * ? *)",
      State: "ENABLED",
      EventBusName: "default",
      CreatedBy: "123456789012",
    });
    expect(await events.tagsOf(NIGHTLY)).to.deep.equal(Tags);
    expect((await events.targetsOf(NIGHTLY)).ids).to.deep.equal(["one"]);
    expect(events.cloud.events).to.deep.equal([
      { kind: "rule-changed", rule: NIGHTLY, change: "put", schedule: "rate(5 minutes)" },
      { kind: "rule-changed", rule: NIGHTLY, change: "targets" },
      { kind: "rule-changed", rule: NIGHTLY, change: "put", schedule: "cron(0 3 * * ? *)" },
    ]);
  });

  it("lists rules by prefix, page by page, also when one is deleted between two pages", async () => {
    for (const name of ["c", "a", "d", "b"]) await events.put(`dev-storefront--${name}`);
    await events.cloud.declare("aws:cloudwatch/eventRule:EventRule", "other", {
      name: "dev-storefront-worker",
      scheduleExpression: "rate(1 day)",
    });
    const list = async (NextToken?: string) => {
      const page = await events.client.send(
        new ListRulesCommand({ NamePrefix: "dev-storefront--", Limit: 2, NextToken }),
      );
      return { names: page.Rules?.map((it) => it.Name), NextToken: page.NextToken };
    };
    const first = await list();
    expect(first.names).to.deep.equal(["dev-storefront--a", "dev-storefront--b"]);
    await events.client.send(new DeleteRuleCommand({ Name: "dev-storefront--b" }));
    const second = await list(first.NextToken);
    expect(second).to.deep.equal({ names: ["dev-storefront--c", "dev-storefront--d"], NextToken: undefined });
    const { Rules } = await events.client.send(new ListRulesCommand({ NamePrefix: "dev-storefront-w" }));
    expect(Rules).to.deep.equal([
      {
        Name: "dev-storefront-worker",
        Arn: `${RULES}/dev-storefront-worker`,
        ScheduleExpression: "rate(1 day)",
        State: "ENABLED",
        EventBusName: "default",
      },
    ]);
  });

  it("puts and removes targets, each entry for itself", async () => {
    await events.put(NIGHTLY);
    const added = await events.putTargets(NIGHTLY, topic("b"), { Id: "wrong", Arn: "topic" }, topic("a"));
    expect([added.FailedEntryCount, added.FailedEntries]).to.deep.equal([
      1,
      [
        {
          TargetId: "wrong",
          ErrorCode: "ValidationException",
          ErrorMessage: "Parameter topic is not valid. Reason: Provided Arn is not in correct format.",
        },
      ],
    ]);
    const first = await events.targetsOf(NIGHTLY, { Limit: 1 });
    expect(first.ids).to.deep.equal(["a"]);
    expect(await events.targetsOf(NIGHTLY, { Limit: 1, NextToken: first.NextToken })).to.deep.equal({
      ids: ["b"],
      NextToken: undefined,
    });
    const removed = await events.removeTargets(NIGHTLY, "a", "none");
    expect([removed.FailedEntryCount, removed.FailedEntries]).to.deep.equal([
      1,
      [
        {
          TargetId: "none",
          ErrorCode: "ResourceNotFoundException",
          ErrorMessage: `Rule ${NIGHTLY} does not have a target with the Id none.`,
        },
      ],
    ]);
    expect((await events.targetsOf(NIGHTLY)).ids).to.deep.equal(["b"]);
    const before = events.cloud.events.length;
    expect((await events.removeTargets(NIGHTLY, "none")).FailedEntryCount).to.equal(1);
    expect(events.cloud.events.length).to.equal(before);
  });

  it("replaces the target of an id, and gives it back as it was put", async () => {
    await events.put(NIGHTLY);
    const Input = '{"containerOverrides":[{"name":"app","command":["node","report.js"]}]}';
    await events.putTargets(NIGHTLY, topic("task"));
    await events.putTargets(NIGHTLY, cluster("task", { Input }));
    const { Targets } = await events.client.send(new ListTargetsByRuleCommand({ Rule: NIGHTLY }));
    expect(Targets).to.deep.equal([cluster("task", { Input })]);
  });

  it("deletes a rule without targets only, and one that is not there too", async () => {
    await events.put(NIGHTLY);
    await events.putTargets(NIGHTLY, topic("a"));
    const remove = () => events.client.send(new DeleteRuleCommand({ Name: NIGHTLY }));
    expect(await namedRefusal(remove())).to.equal("ValidationException: Rule can't be deleted since it has targets.");
    await events.removeTargets(NIGHTLY, "a");
    await remove();
    await remove();
    expect(await namedRefusal(events.describeRule(NIGHTLY))).to.equal(
      `ResourceNotFoundException: Rule ${NIGHTLY} does not exist on EventBus default.`,
    );
    expect(events.cloud.events.filter((it) => it.kind === "rule-changed").map((it) => it.change)).to.deep.equal([
      "put",
      "targets",
      "targets",
      "deleted",
    ]);
  });

  it("tags and untags a rule", async () => {
    await events.put(NIGHTLY, { Tags: [{ Key: "a", Value: "1" }] });
    const ResourceARN = `${RULES}/${NIGHTLY}`;
    const Tags = [
      { Key: "a", Value: "2" },
      { Key: "b", Value: "3" },
    ];
    await events.client.send(new TagResourceCommand({ ResourceARN, Tags }));
    expect(await events.tagsOf(NIGHTLY)).to.deep.equal(Tags);
    await events.client.send(new UntagResourceCommand({ ResourceARN, TagKeys: ["a"] }));
    expect(await events.tagsOf(NIGHTLY)).to.deep.equal([{ Key: "b", Value: "3" }]);
    const many = Array.from({ length: 50 }, (_, index) => ({ Key: `t${index}`, Value: "" }));
    const command = new TagResourceCommand({ ResourceARN, Tags: many });
    expect(await namedRefusal(events.client.send(command))).to.equal(
      "ValidationException: A rule has at most 50 tags.",
    );
  });

  it("names a declared rule and its target's id where the program does not, and refuses a rule's name twice", async () => {
    const rule = { eventPattern: '{"source":["aws.ecr"]}', isEnabled: false };
    const { id, outputs } = await events.cloud.declare("aws:cloudwatch/eventRule:EventRule", "pushed", rule);
    expect(id).to.match(/^pushed-[0-9a-f]{7}$/);
    expect(outputs).to.include({ arn: `${RULES}/${id}`, name: id, eventBusName: "default" });
    const target = await events.cloud.declare("aws:cloudwatch/eventTarget:EventTarget", "pushed", {
      rule: id,
      arn: "arn:aws:ecs:us-east-1:123456789012:cluster/dev",
      roleArn: TASK_ROLE,
      ecsTarget: {
        taskDefinitionArn: "task:1",
        launchType: "FARGATE",
        networkConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"] },
      },
    });
    expect(target.id).to.equal(`${id}-${target.outputs.targetId}`);
    expect(target.outputs.targetId).to.match(/^terraform-[0-9a-f]{26}$/);
    const operator = { kind: "operator" } as const;
    const stored = await events.cloud.call<object, { Targets: Target[] }>(operator, "events", "ListTargetsByRule", {
      Rule: id,
    });
    expect(JSON.parse(JSON.stringify(stored.Targets))).to.deep.equal([
      {
        Id: target.outputs.targetId,
        Arn: "arn:aws:ecs:us-east-1:123456789012:cluster/dev",
        RoleArn: TASK_ROLE,
        EcsParameters: {
          TaskDefinitionArn: "task:1",
          TaskCount: 1,
          LaunchType: "FARGATE",
          NetworkConfiguration: {
            awsvpcConfiguration: { Subnets: ["subnet-1"], SecurityGroups: ["sg-1"], AssignPublicIp: "DISABLED" },
          },
        },
      },
    ]);
    const again = events.cloud.declare("aws:cloudwatch/eventRule:EventRule", "again", { ...rule, name: id });
    expect(await refusalMessage(again)).to.contain(`there is a rule named ${id} already`);
  });
});
