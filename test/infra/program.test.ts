import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import { GENERATED, ofType, ROTATED, resource, stackDev } from "./support";

const TYPES: Record<string, number> = {
  "aws:apigatewayv2/api:Api": 1,
  "aws:apigatewayv2/integration:Integration": 1,
  "aws:apigatewayv2/route:Route": 1,
  "aws:apigatewayv2/stage:Stage": 1,
  "aws:cloudwatch/logGroup:LogGroup": 7,
  "aws:cloudwatch/metricAlarm:MetricAlarm": 5,
  "aws:codebuild/project:Project": 1,
  "aws:codepipeline/pipeline:Pipeline": 1,
  "aws:ec2/securityGroup:SecurityGroup": 2,
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": 1,
  "aws:ecr/repository:Repository": 1,
  "aws:ecs/cluster:Cluster": 1,
  "aws:ecs/service:Service": 1,
  "aws:ecs/taskDefinition:TaskDefinition": 1,
  "aws:iam/role:Role": 8,
  "aws:iam/rolePolicy:RolePolicy": 7,
  "aws:lambda/eventSourceMapping:EventSourceMapping": 1,
  "aws:lambda/function:Function": 4,
  "aws:lambda/permission:Permission": 1,
  "aws:lb/listener:Listener": 1,
  "aws:lb/listenerRule:ListenerRule": 1,
  "aws:lb/loadBalancer:LoadBalancer": 1,
  "aws:lb/targetGroup:TargetGroup": 1,
  "aws:s3/bucket:Bucket": 2,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 2,
  "aws:s3/bucketPolicy:BucketPolicy": 2,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 2,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 2,
  "aws:s3/bucketVersioning:BucketVersioning": 2,
  "aws:secretsmanager/secret:Secret": 1,
  "aws:secretsmanager/secretVersion:SecretVersion": 1,
  "aws:sns/topic:Topic": 1,
  "aws:sqs/queue:Queue": 2,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 2,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 2,
  "awsx:ec2:Vpc": 1,
  "pulumi:pulumi:Stack": 1,
  "slipway:infra:Alerts": 1,
  "slipway:infra:Application": 1,
  "slipway:infra:Bucket": 2,
  "slipway:infra:Build": 1,
  "slipway:infra:Callback": 4,
  "slipway:infra:Cluster": 1,
  "slipway:infra:Intake": 1,
  "slipway:infra:LoadBalancer": 1,
  "slipway:infra:Network": 1,
  "slipway:infra:Pipeline": 1,
  "slipway:infra:Registry": 1,
  "slipway:infra:Service": 1,
  "slipway:infra:Source": 1,
  "slipway:infra:Target": 1,
};

describe("the program for stack dev", () => {
  let program: Program;
  before(async () => {
    program = await stackDev();
  });

  it("registers these resources, and no other", () => {
    const counts: Record<string, number> = {};
    for (const { type } of program.registrations) counts[type] = (counts[type] ?? 0) + 1;
    expect(counts).to.deep.equal(TYPES);
  });

  it("gives each resource a URN of its own", () => {
    expect(new Set(program.registrations.map(({ urn }) => urn)).size).to.equal(program.registrations.length);
  });

  it("warns of nothing", () => {
    expect(program.warnings).to.deep.equal([]);
  });

  it("tells addresses, names and the webhook's secret, and hides the secret", () => {
    expect(program.outputs).to.deep.equal({
      webhookUrl: "https://api.example/webhooks/github",
      webhookSecret: ROTATED,
      services: { "storefront/web": "http://balancer.example" },
      loadBalancer: "balancer.example",
      taskRoles: { "storefront/web": "arn:aws:iam:us-east-1:123456789012:storefront-web-task-role-0000000" },
      repositories: { storefront: "registry.example/storefront-repository-0000000" },
      pipelines: { storefront: "storefront-pipeline-0000000" },
    });
    expect(program.secretOutputs).to.deep.equal(["webhookSecret"]);
  });

  it("has the generated secret in its place, the current one nowhere", () => {
    expect(JSON.stringify(program.registrations.map(({ inputs }) => inputs))).not.to.contain(ROTATED);
    const holders = program.registrations.filter(({ inputs }) => JSON.stringify(inputs).includes(GENERATED));
    expect(holders.map(({ name, secrets }) => [name, secrets.includes("secretString")])).to.deep.equal([
      ["slipway-webhook-secret", true],
    ]);
  });

  it("keeps the first generated secret, under a label that no rotation takes away", () => {
    const version = resource(program, "aws:secretsmanager/secretVersion:SecretVersion", "slipway-webhook-secret");
    expect(version.inputs.versionStages).to.deep.equal(["AWSCURRENT", "slipway"]);
    expect(version.ignoreChanges).to.deep.equal(["secretString", "versionStages"]);
  });

  it("can be destroyed with what its buckets hold, but not with images", () => {
    const buckets = [...ofType(program, "aws:s3/bucket:Bucket").values()];
    expect(buckets.map(({ name, inputs }) => [name, inputs.forceDestroy])).to.deep.equal([
      ["slipway-source-bucket", true],
      ["storefront-artifacts-bucket", true],
    ]);
    const repository = resource(program, "aws:ecr/repository:Repository", "storefront-repository");
    expect(repository.inputs).to.not.have.any.keys("forceDelete");
  });

  it("keeps every log for thirty days", () => {
    const groups = ofType(program, "aws:cloudwatch/logGroup:LogGroup");
    expect([...groups.values()].map(({ inputs }) => inputs.retentionInDays)).to.deep.equal(Array(7).fill(30));
  });

  it("sends every alarm to the topic", () => {
    const alarms = [...ofType(program, "aws:cloudwatch/metricAlarm:MetricAlarm").values()];
    expect(alarms.map(({ name }) => name).sort()).to.deep.equal([
      "slipway-dead-letters",
      "slipway-fetch-errors",
      "slipway-webhook-errors",
      "storefront-deploy-errors",
      "storefront-tag-errors",
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

  it("dead-letters a push after five attempts", () => {
    const { inputs } = resource(program, "aws:sqs/queue:Queue", "slipway-pushes");
    expect(inputs.fifoQueue).to.equal(true);
    expect(JSON.parse(String(inputs.redrivePolicy))).to.deep.equal({
      deadLetterTargetArn: "arn:aws:sqs:us-east-1:123456789012:slipway-dead-letters-0000000",
      maxReceiveCount: 5,
    });
    expect(resource(program, "aws:sqs/queue:Queue", "slipway-dead-letters").inputs.fifoQueue).to.equal(true);
  });

  it("gives fetch less time than the queue gives it", () => {
    const fetch = resource(program, "aws:lambda/function:Function", "slipway-fetch-function").inputs.timeout;
    const queue = resource(program, "aws:sqs/queue:Queue", "slipway-pushes").inputs.visibilityTimeoutSeconds;
    expect([fetch, queue]).to.deep.equal([300, 360]);
  });

  it("lets API Gateway call the webhook by its one route", () => {
    expect(resource(program, "aws:lambda/permission:Permission", "slipway-webhook").inputs).to.deep.equal({
      action: "lambda:InvokeFunction",
      function: "slipway-webhook-function-0000000",
      principal: "apigateway.amazonaws.com",
      sourceArn: "arn:aws:execute-api:us-east-1:123456789012:api/*/POST/webhooks/github",
    });
    expect(resource(program, "aws:apigatewayv2/route:Route", "slipway-webhook").inputs.routeKey).to.equal(
      "POST /webhooks/github",
    );
  });
});
