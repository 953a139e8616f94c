import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import { storefront, withKeys } from "./configurations";
import { evaluateStack, ofType, resource, roleStatements, stackDev } from "./support";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:slipway-alerts-0000000";
const arnOf = (service: string, name: string) => `arn:aws:${service}:us-east-1:123456789012:${name}-0000000`;

const alarm = (program: Program, name: string) =>
  resource(program, "aws:cloudwatch/metricAlarm:MetricAlarm", name).inputs;

describe("the alarms of stack dev", () => {
  let program: Program;
  before(async () => {
    program = await stackDev();
  });

  it("add up a function's errors and throttles, of which either may have no data", () => {
    const { metricQueries, metricName } = alarm(program, "storefront-deploy-errors");
    const query = (id: string, name: string) => ({
      id,
      metric: {
        namespace: "AWS/Lambda",
        metricName: name,
        stat: "Sum",
        dimensions: { FunctionName: "storefront-deploy-function-0000000" },
        period: 300,
      },
    });
    expect(metricName).to.equal(undefined);
    expect(metricQueries).to.deep.equal([
      {
        id: "total",
        label: "Errors + Throttles",
        expression: "FILL(errors, 0) + FILL(throttles, 0)",
        returnData: true,
      },
      query("errors", "Errors"),
      query("throttles", "Throttles"),
    ]);
  });

  it("say in which environment they are, for their names do not", () => {
    const { alarmDescription } = alarm(program, "slipway-failures");
    expect(alarmDescription).to.equal("In dev: A pipeline failed: its notice says which one, where and why.");
    for (const { inputs } of ofType(program, "aws:cloudwatch/metricAlarm:MetricAlarm").values())
      expect(inputs.alarmDescription).to.match(/^In dev: /);
  });

  it("wait ten minutes for unhealthy targets, five for the rest", () => {
    const { namespace, metricName, statistic, dimensions, period, evaluationPeriods } = alarm(
      program,
      "storefront-web-unhealthy",
    );
    expect({ namespace, metricName, statistic, dimensions, period, evaluationPeriods }).to.deep.equal({
      namespace: "AWS/ApplicationELB",
      metricName: "UnHealthyHostCount",
      statistic: "Maximum",
      dimensions: {
        TargetGroup: "targetgroup/storefront-web-0000000/0",
        LoadBalancer: "app/slipway-load-balancer-0000000/0",
      },
      period: 300,
      evaluationPeriods: 2,
    });
  });

  it("go off for the rest within five minutes", () => {
    const longer = [...ofType(program, "aws:cloudwatch/metricAlarm:MetricAlarm").values()]
      .filter(({ inputs }) => inputs.evaluationPeriods !== 1)
      .map(({ name }) => name);
    expect(longer.sort()).to.deep.equal([
      "slipway-load-balancer-errors",
      "slipway-poll-errors",
      "slipway-service-check-errors",
      "slipway-waiting",
      "storefront-web-missing-tasks",
      "storefront-web-unhealthy",
      "storefront-worker-missing-tasks",
    ]);
  });

  for (const name of ["web", "worker"])
    it(`go off when ${name} has had fewer tasks than desired for ten minutes, and when the metric stops coming`, () => {
      const { alarmDescription, ...inputs } = alarm(program, `storefront-${name}-missing-tasks`);
      expect(inputs).to.deep.equal({
        namespace: "slipway",
        metricName: "MissingTasks",
        statistic: "Minimum",
        dimensions: {
          ClusterName: "slipway-cluster-0000000",
          ServiceName: `storefront-${name}-service-0000000`,
        },
        period: 120,
        evaluationPeriods: 5,
        comparisonOperator: "GreaterThanThreshold",
        threshold: 0,
        // A new alarm has no data: with breaching, it would go off before the first delivery.
        treatMissingData: "missing",
        alarmActions: [TOPIC],
        okActions: [TOPIC],
        insufficientDataActions: [TOPIC],
      });
      expect(alarmDescription).to.include(`storefront/${name} has had too few running tasks`);
    });

  it("go off when the load balancer itself answers 5xx for ten minutes", () => {
    const { namespace, metricName, statistic, dimensions, period, evaluationPeriods } = alarm(
      program,
      "slipway-load-balancer-errors",
    );
    expect({ namespace, metricName, statistic, dimensions, period, evaluationPeriods }).to.deep.equal({
      namespace: "AWS/ApplicationELB",
      metricName: "HTTPCode_ELB_5XX_Count",
      statistic: "Sum",
      dimensions: { LoadBalancer: "app/slipway-load-balancer-0000000/0" },
      period: 300,
      evaluationPeriods: 2,
    });
  });

  it("tell of a queue that was not empty for half an hour, whether its message waits or is tried in vain", () => {
    const { metricQueries, comparisonOperator, threshold, evaluationPeriods } = alarm(program, "slipway-waiting");
    const dimensions = { QueueName: "slipway-pushes-0000000" };
    const query = (metricName: string) => ({
      id: metricName.toLowerCase(),
      metric: { namespace: "AWS/SQS", metricName, stat: "Minimum", dimensions, period: 300 },
    });
    expect({ metricQueries, comparisonOperator, threshold, evaluationPeriods }).to.deep.equal({
      metricQueries: [
        {
          id: "total",
          label: "ApproximateNumberOfMessagesVisible + ApproximateNumberOfMessagesNotVisible",
          expression: "FILL(approximatenumberofmessagesvisible, 0) + FILL(approximatenumberofmessagesnotvisible, 0)",
          returnData: true,
        },
        query("ApproximateNumberOfMessagesVisible"),
        query("ApproximateNumberOfMessagesNotVisible"),
      ],
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      evaluationPeriods: 6,
    });
  });

  for (const [metric, threshold] of [
    ["4xx", 20],
    ["5xx", 0],
  ] as const)
    it(`tell of more than ${threshold} answers with ${metric} in five minutes: GitHub delivers nothing again by itself`, () => {
      const { namespace, metricName, statistic, dimensions, period, ...rest } = alarm(program, `slipway-api-${metric}`);
      expect({ namespace, metricName, statistic, dimensions, period }).to.deep.equal({
        namespace: "AWS/ApiGateway",
        metricName: metric,
        statistic: "Sum",
        dimensions: { ApiId: "slipway-api-id" },
        period: 300,
      });
      expect(rest).to.deep.include({ comparisonOperator: "GreaterThanThreshold", threshold, evaluationPeriods: 1 });
    });

  it("tell of failed pipelines, and not that no more have failed since", () => {
    const { namespace, metricName, dimensions, alarmActions, okActions } = alarm(program, "slipway-failures");
    expect({ namespace, metricName, dimensions, alarmActions, okActions }).to.deep.equal({
      namespace: "AWS/Events",
      metricName: "TriggeredRules",
      dimensions: { RuleName: "slipway-failures-0000000" },
      alarmActions: [TOPIC],
      okActions: [],
    });
  });
});

describe("the notices of stack dev", () => {
  const RULES: [name: string, states: string[]][] = [
    ["slipway-failures", ["FAILED"]],
    ["slipway-outcomes", ["SUCCEEDED", "STOPPED", "SUPERSEDED"]],
  ];
  it("are replaced by the event itself if the function fails at every attempt: an outcome was never published", async () => {
    const type = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig";
    expect(resource(await stackDev(), type, "slipway-notices").inputs).to.deep.equal({
      functionName: "slipway-notices-function-0000000",
      destinationConfig: { onFailure: { destination: TOPIC } },
    });
  });

  for (const [name, state] of RULES)
    it(`are sent when a pipeline is ${state.join(", ").toLowerCase()}`, async () => {
      const program = await stackDev();
      const { eventPattern } = resource(program, "aws:cloudwatch/eventRule:EventRule", name).inputs;
      expect(JSON.parse(String(eventPattern))).to.deep.equal({
        source: ["aws.codepipeline"],
        "detail-type": ["CodePipeline Pipeline Execution State Change"],
        detail: { pipeline: ["dev-storefront"], state },
      });
      expect(resource(program, "aws:cloudwatch/eventTarget:EventTarget", name).inputs).to.deep.equal({
        rule: `${name}-0000000`,
        arn: arnOf("lambda", "slipway-notices-function"),
      });
      expect(resource(program, "aws:lambda/permission:Permission", name).inputs).to.deep.equal({
        action: "lambda:InvokeFunction",
        function: "slipway-notices-function-0000000",
        principal: "events.amazonaws.com",
        sourceArn: arnOf("cloudwatch", name),
      });
    });
});

describe("the notices of scheduled tasks in stack dev", () => {
  it("are sent when a task that one of the application's schedules started has stopped", async () => {
    const { eventPattern } = resource(
      await stackDev(),
      "aws:cloudwatch/eventRule:EventRule",
      "slipway-scheduled-tasks-ended",
    ).inputs;
    expect(JSON.parse(String(eventPattern))).to.deep.equal({
      source: ["aws.ecs"],
      "detail-type": ["ECS Task State Change"],
      detail: {
        clusterArn: [arnOf("ecs", "slipway-cluster")],
        lastStatus: ["STOPPED"],
        startedBy: [{ prefix: "events-rule/dev-storefront--" }],
      },
    });
  });

  it("are sent for tasks that did not start, which is checked every ten minutes", async () => {
    const { scheduleExpression } = resource(
      await stackDev(),
      "aws:cloudwatch/eventRule:EventRule",
      "slipway-scheduled-tasks-started",
    ).inputs;
    expect(scheduleExpression).to.equal("rate(10 minutes)");
  });
});

describe("a stack that tells two chats", () => {
  const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:chats-AbCdEf";
  let program: Program;
  before(async () => {
    program = await evaluateStack({
      settings: withKeys({ "slipway:alerts": { chat: { wecom: `${SECRET}:wecom::`, slack: "alerts/slack" } } }),
    });
  });

  const CHATS: [kind: string, secret: { secretId: string; key?: string }][] = [
    ["slack", { secretId: "arn:aws:secretsmanager:us-east-1:123456789012:secret:alerts/slack-AbCdEf" }],
    ["wecom", { secretId: SECRET, key: "wecom" }],
  ];
  for (const [kind, secret] of CHATS)
    it(`has ${kind} told what the topic is told`, () => {
      const name = `slipway-chat-${kind}`;
      const { environment } = resource(program, "aws:lambda/function:Function", `${name}-function`).inputs;
      const { variables } = environment as { variables: { OPTIONS: string } };
      expect(JSON.parse(variables.OPTIONS)).to.deep.equal({ kind, secret });
      expect(resource(program, "aws:sns/topicSubscription:TopicSubscription", name).inputs).to.deep.equal({
        topic: TOPIC,
        protocol: "lambda",
        endpoint: arnOf("lambda", `${name}-function`),
      });
      expect(resource(program, "aws:lambda/permission:Permission", name).inputs).to.deep.equal({
        action: "lambda:InvokeFunction",
        function: `${name}-function-0000000`,
        principal: "sns.amazonaws.com",
        sourceArn: TOPIC,
      });
      const reading = roleStatements(program, `${name}-role`).filter(
        ({ Action }) => !String(Action).startsWith("logs:"),
      );
      expect(reading).to.deep.equal([
        { Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: [secret.secretId] },
      ]);
    });

  it("raises no alarm again with the word that it is over", () => {
    expect(alarm(program, "slipway-chat-slack-errors")).to.deep.include({ alarmActions: [TOPIC], okActions: [] });
  });

  it("makes nothing for the other chats", () => {
    const chats = program.registrations.filter(({ type }) => type === "slipway:infra:Chat");
    expect(chats.map(({ name }) => name)).to.deep.equal(["slipway-chat-slack", "slipway-chat-wecom"]);
  });
});

describe("the API of stack dev", () => {
  it("limits each route by itself, so that a flood to one leaves the others open, once all of them are there", async () => {
    const program = await stackDev();
    const limits = { throttlingRateLimit: 20, throttlingBurstLimit: 40 };
    const { inputs, dependencies } = resource(program, "aws:apigatewayv2/stage:Stage", "slipway-api");
    const routes = [...ofType(program, "aws:apigatewayv2/route:Route").values()];
    const byKey = (a: { routeKey: string }, b: { routeKey: string }) => (a.routeKey < b.routeKey ? -1 : 1);
    expect(inputs.defaultRouteSettings).to.deep.equal(limits);
    expect((inputs.routeSettings as { routeKey: string }[]).sort(byKey)).to.deep.equal(
      routes.map(({ inputs: { routeKey } }) => ({ routeKey: String(routeKey), ...limits })).sort(byKey),
    );
    expect(dependencies).to.include.members(routes.map(({ urn }) => urn));
  });
});

describe("deployments by HTTP in stack dev", () => {
  let program: Program;
  before(async () => {
    program = await stackDev();
  });

  it("are recorded in a table that forgets", () => {
    expect(resource(program, "aws:dynamodb/table:Table", "slipway-deployments").inputs).to.deep.equal({
      billingMode: "PAY_PER_REQUEST",
      hashKey: "id",
      attributes: [{ name: "id", type: "S" }],
      ttl: { attributeName: "expires", enabled: true },
      pointInTimeRecovery: { enabled: true },
    });
  });

  it("have two routes to one function, which those routes alone may invoke", () => {
    const routes = [...ofType(program, "aws:apigatewayv2/route:Route").values()].map(({ inputs }) => inputs.routeKey);
    expect(routes.sort()).to.deep.equal([
      "GET /deployments/{id}",
      "POST /deployments",
      "POST /webhooks/github/{repository+}",
    ]);
    expect(resource(program, "aws:lambda/permission:Permission", "slipway-deployments").inputs).to.deep.equal({
      action: "lambda:InvokeFunction",
      function: "slipway-deployments-function-0000000",
      principal: "apigateway.amazonaws.com",
      sourceArn: "arn:aws:execute-api:us-east-1:123456789012:api/*/*/deployments*",
    });
  });

  it("have a token of their own, which is generated and never shown", () => {
    const version = resource(program, "aws:secretsmanager/secretVersion:SecretVersion", "slipway-deployment-token");
    expect(version.secrets).to.include("secretString");
    expect(version.ignoreChanges).to.deep.equal(["secretString", "versionStages"]);
  });
});

describe("a stack without a deployment API", () => {
  it("records its deliveries all the same, and has no token and no function that answers requests", async () => {
    const program = await evaluateStack({ settings: withKeys({ "slipway:applications": [storefront] }) });
    const made = program.registrations.map(({ name }) => name).filter((name) => /deployment|requests/.test(name));
    expect([...new Set(made)].sort()).to.deep.equal(["slipway-deployments", "storefront-deploy-requests"]);
    expect(program.outputs).to.not.have.any.keys("deploymentsUrl", "deploymentToken");
    expect(program.outputs).to.include.keys("webhookUrls", "webhookSecrets");
  });
});
