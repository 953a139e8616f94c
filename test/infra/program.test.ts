import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import { countTypes, resourcesOf } from "./resourceTypes";
import { GENERATED, ofType, ROTATED, resource, stackDev } from "./support";

describe("the program for stack dev", () => {
  let program: Program;
  before(async () => {
    program = await stackDev();
  });

  it("registers these resources, and no other", () => {
    expect(countTypes(program)).to.deep.equal(resourcesOf("dev"));
  });

  it("gives each resource a URN of its own", () => {
    expect(new Set(program.registrations.map(({ urn }) => urn)).size).to.equal(program.registrations.length);
  });

  it("warns of nothing", () => {
    expect(program.warnings).to.deep.equal([]);
  });

  it("tells addresses, names and what callers prove themselves by, and hides that", () => {
    const taskRole = (name: string) => `arn:aws:iam:us-east-1:123456789012:storefront-${name}-task-role-0000000`;
    expect(program.outputs).to.deep.equal({
      webhookUrls: { "github/acme/storefront": "https://api.example/webhooks/github/acme/storefront" },
      webhookSecrets: { "github/acme/storefront": ROTATED },
      deploymentsUrl: "https://api.example/deployments",
      deploymentToken: ROTATED,
      services: { "storefront/web": "http://balancer.example" },
      loadBalancer: "balancer.example",
      taskRoles: {
        "storefront/web": taskRole("web"),
        "storefront/worker": taskRole("worker"),
        "storefront/task": taskRole("task"),
      },
      repositories: { storefront: "registry.example/storefront" },
      pipelines: { storefront: "dev-storefront" },
    });
    expect([...program.secretOutputs].sort()).to.deep.equal(["deploymentToken", "webhookSecrets"]);
  });

  it("has secrets in the versions of Secrets Manager, as secrets, and nowhere else", () => {
    const holdersOf = (value: string) =>
      program.registrations
        .filter(({ inputs }) => JSON.stringify(inputs).includes(value))
        .map(({ type, name, secrets }) => [type, name, secrets.includes("secretString")]);
    const version = "aws:secretsmanager/secretVersion:SecretVersion";
    expect(holdersOf(GENERATED)).to.deep.equal([[version, "slipway-deployment-token", true]]);
    expect(holdersOf(ROTATED)).to.deep.equal([[version, "slipway-webhooks", true]]);
  });

  it("keeps the first generated token, under a label that no rotation takes away", () => {
    const { inputs, ignoreChanges } = resource(
      program,
      "aws:secretsmanager/secretVersion:SecretVersion",
      "slipway-deployment-token",
    );
    expect([inputs.versionStages, ignoreChanges]).to.deep.equal([
      ["AWSCURRENT", "slipway"],
      ["secretString", "versionStages"],
    ]);
  });

  it("can be destroyed with what its buckets hold, but not with images", () => {
    const buckets = [...ofType(program, "aws:s3/bucket:Bucket").values()];
    expect(buckets.map(({ name, inputs }) => [name, inputs.forceDestroy])).to.deep.equal([
      ["slipway-archives-bucket", true],
      ["storefront-artifacts-bucket", true],
    ]);
    const repository = resource(program, "aws:ecr/repository:Repository", "storefront-repository");
    expect(repository.inputs).to.not.have.any.keys("forceDelete");
  });

  for (const bucket of ["slipway-archives", "storefront-artifacts"])
    it(`keeps what bucket ${bucket} holds private, encrypted and in versions`, () => {
      const inputsOf = (type: string, name: string) => resource(program, `aws:s3/${type}`, `${bucket}-${name}`).inputs;
      expect(inputsOf("bucketVersioning:BucketVersioning", "versioning").versioningConfiguration).to.deep.equal({
        status: "Enabled",
      });
      const encryption = "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
      expect(inputsOf(encryption, "encryption").rules).to.deep.equal([
        { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
      ]);
      expect(inputsOf("bucketPublicAccessBlock:BucketPublicAccessBlock", "public-access")).to.deep.include({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
    });

  it("keeps every log for thirty days", () => {
    const groups = ofType(program, "aws:cloudwatch/logGroup:LogGroup");
    expect([...groups.values()].map(({ inputs }) => inputs.retentionInDays)).to.deep.equal(Array(17).fill(30));
  });

  it("sends every alarm to the topic", () => {
    const alarms = [...ofType(program, "aws:cloudwatch/metricAlarm:MetricAlarm").values()];
    expect(alarms.map(({ name }) => name).sort()).to.deep.equal([
      "slipway-api-4xx",
      "slipway-api-5xx",
      "slipway-dead-letters",
      "slipway-deployments-errors",
      "slipway-failures",
      "slipway-fetch-errors",
      "slipway-load-balancer-errors",
      "slipway-notices-errors",
      "slipway-poll-errors",
      "slipway-scheduled-tasks-errors",
      "slipway-service-check-errors",
      "slipway-waiting",
      "slipway-webhook-errors",
      "storefront-deploy-errors",
      "storefront-migrate-errors",
      "storefront-schedules-errors",
      "storefront-tag-errors",
      "storefront-web-missing-tasks",
      "storefront-web-unhealthy",
      "storefront-worker-missing-tasks",
    ]);
    const topic = "arn:aws:sns:us-east-1:123456789012:slipway-alerts-0000000";
    for (const { inputs } of alarms) expect(inputs.alarmActions).to.deep.equal([topic]);
  });

  it("asks for a network of two zones with one NAT gateway", () => {
    expect(resource(program, "awsx:ec2:Vpc", "slipway-vpc").inputs).to.deep.equal({
      cidrBlock: "10.20.0.0/16",
      numberOfAvailabilityZones: 2,
      subnetStrategy: "Auto",
      natGateways: { strategy: "Single" },
      enableDnsHostnames: true,
    });
  });

  it("dead-letters a push after twenty attempts, three hours and a half", () => {
    const { inputs } = resource(program, "aws:sqs/queue:Queue", "slipway-pushes");
    expect(inputs.fifoQueue).to.equal(true);
    expect(JSON.parse(String(inputs.redrivePolicy))).to.deep.equal({
      deadLetterTargetArn: "arn:aws:sqs:us-east-1:123456789012:slipway-dead-letters-0000000",
      maxReceiveCount: 20,
    });
    expect(resource(program, "aws:sqs/queue:Queue", "slipway-dead-letters").inputs.fifoQueue).to.equal(true);
  });

  it("encrypts the messages of both queues", () => {
    const queues = ["slipway-pushes", "slipway-dead-letters"].map((it) => resource(program, "aws:sqs/queue:Queue", it));
    expect(queues.map(({ inputs }) => inputs.sqsManagedSseEnabled)).to.deep.equal([true, true]);
  });

  it("hands fetch one push at a time, and keeps those that it reports as failed", () => {
    const type = "aws:lambda/eventSourceMapping:EventSourceMapping";
    expect(resource(program, type, "slipway-fetch").inputs).to.deep.equal({
      eventSourceArn: "arn:aws:sqs:us-east-1:123456789012:slipway-pushes-0000000",
      functionName: "arn:aws:lambda:us-east-1:123456789012:slipway-fetch-function-0000000",
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
    });
  });

  it("gives fetch less time than the queue gives it", () => {
    const fetch = resource(program, "aws:lambda/function:Function", "slipway-fetch-function").inputs.timeout;
    const queue = resource(program, "aws:sqs/queue:Queue", "slipway-pushes").inputs.visibilityTimeoutSeconds;
    expect([fetch, queue]).to.deep.equal([300, 360]);
  });

  it("tells the webhook of a branch once fetch knows it", () => {
    const { dependencies } = resource(program, "aws:lambda/function:Function", "slipway-webhook-function");
    expect(dependencies).to.include(resource(program, "aws:lambda/function:Function", "slipway-fetch-function").urn);
  });

  it("compares the heads of the branches every five minutes, which finds what webhooks missed", () => {
    expect(resource(program, "aws:cloudwatch/eventRule:EventRule", "slipway-poll").inputs).to.deep.equal({
      scheduleExpression: "rate(5 minutes)",
    });
  });

  it("lets API Gateway call the webhook by the one route of the one forge", () => {
    expect(resource(program, "aws:lambda/permission:Permission", "slipway-webhook").inputs).to.deep.equal({
      action: "lambda:InvokeFunction",
      function: "slipway-webhook-function-0000000",
      principal: "apigateway.amazonaws.com",
      sourceArn: "arn:aws:execute-api:us-east-1:123456789012:api/*/POST/webhooks/*",
    });
    expect(resource(program, "aws:apigatewayv2/route:Route", "slipway-webhook-github").inputs.routeKey).to.equal(
      "POST /webhooks/github/{repository+}",
    );
  });
});
