import type { Mutant } from "./mutant";

const DEV_POLICIES = ["test/infra/policies.test.ts"];
const CHINA_POLICIES = ["test/infra/policiesChina.test.ts"];

const permissions: Mutant[] = [
  {
    name: "permissions: the deploy function may update any service",
    file: "infra/pipeline/deploy.ts",
    find: '["ecs:DescribeServices", "ecs:UpdateService"], resources: services.map(({ arn }) => arn)',
    replace: '["ecs:DescribeServices", "ecs:UpdateService"], resources: ["*"]',
    tests: DEV_POLICIES,
  },
  {
    name: "permissions: a role may be passed to any service",
    file: "infra/workload/taskDefinition.ts",
    find: 'conditions: { StringEquals: { "iam:PassedToService": account.servicePrincipal("ecs-tasks") } },',
    replace: "",
    tests: DEV_POLICIES,
  },
  {
    name: "permissions: a task may be run in any cluster",
    file: "infra/workload/oneOffTask.ts",
    find: 'conditions: { ArnEquals: { "ecs:cluster": cluster.arn } },',
    replace: "",
    tests: DEV_POLICIES,
  },
  {
    name: "permissions: fetch cannot abort an upload",
    file: "infra/intake/fetch.ts",
    find: ', "s3:AbortMultipartUpload"',
    replace: "",
    tests: DEV_POLICIES,
  },
  {
    name: "permissions: other accounts can use the roles of tasks and builds",
    file: "infra/foundation/role.ts",
    find: "Condition: ownAccountOnly ?",
    replace: "Condition: false ?",
    tests: DEV_POLICIES,
  },
  {
    name: "permissions: buckets answer without TLS",
    file: "infra/foundation/bucket.ts",
    find: '"aws:SecureTransport": "false"',
    replace: '"aws:SecureTransport": "true"',
    tests: DEV_POLICIES,
  },
  {
    name: "permissions: a function's code may change network interfaces",
    file: "infra/lambda/lambdaFunction.ts",
    find: '    effect: "Deny",\n',
    replace: "",
    tests: CHINA_POLICIES,
  },
];

const state: Mutant[] = [
  {
    name: "buckets: objects are not versioned",
    file: "infra/foundation/bucket.ts",
    find: '{ status: "Enabled" }',
    replace: '{ status: "Suspended" }',
    tests: ["test/infra/program.test.ts"],
  },
  {
    name: "buckets: objects are not encrypted with S3's keys",
    file: "infra/foundation/bucket.ts",
    find: 'sseAlgorithm: "AES256"',
    replace: 'sseAlgorithm: "aws:kms"',
    tests: ["test/infra/program.test.ts"],
  },
  {
    name: "buckets: a policy may make them public",
    file: "infra/foundation/bucket.ts",
    find: "blockPublicPolicy: true",
    replace: "blockPublicPolicy: false",
    tests: ["test/infra/program.test.ts"],
  },
  {
    name: "queues: pushes are not encrypted",
    file: "infra/intake/pushQueue.ts",
    find: "maxReceiveCount: RECEIVES }),\n      sqsManagedSseEnabled: true,",
    replace: "maxReceiveCount: RECEIVES }),",
    tests: ["test/infra/program.test.ts"],
  },
  {
    name: "queues: a push is given to a second invocation while the first one works",
    file: "infra/intake/fetch.ts",
    find: "FETCH_SECONDS + 60",
    replace: "FETCH_SECONDS - 60",
    tests: ["test/infra/program.test.ts"],
  },
  {
    name: "queues: pushes that failed are deleted",
    file: "infra/intake/fetch.ts",
    find: 'functionResponseTypes: ["ReportBatchItemFailures"],',
    replace: "",
    tests: ["test/infra/program.test.ts"],
  },
  {
    name: "logs: they are kept for ever",
    file: "infra/foundation/logGroup.ts",
    find: "{ retentionInDays }",
    replace: "{}",
    tests: ["test/infra/program.test.ts"],
  },
  {
    name: "protection: pulumi destroy deletes tables",
    file: "infra/protection.ts",
    find: '  "aws:dynamodb/table:Table",\n',
    replace: "",
    tests: ["test/infra/protection.test.ts"],
  },
  {
    name: "images: a commit's tag can be moved",
    file: "infra/workload/registry.ts",
    find: '"IMMUTABLE_WITH_EXCLUSION"',
    replace: '"MUTABLE"',
    tests: ["test/infra/programDelivery.test.ts"],
  },
  {
    name: "images: the image that runs is deleted when it is old",
    file: "infra/workload/registry.ts",
    find: "...[environment, ...promotesTo].map((tag) => ({",
    replace: "...promotesTo.map((tag) => ({",
    tests: ["test/infra/programDelivery.test.ts"],
  },
  {
    name: "secrets: pulumi up overwrites a rotated secret",
    file: "infra/foundation/generatedSecret.ts",
    find: 'ignoreChanges: ["secretString", "versionStages"]',
    replace: 'ignoreChanges: ["versionStages"]',
    tests: ["test/infra/program.test.ts"],
  },
  {
    name: "services: pulumi up takes them back to the program's task definition",
    file: "infra/workload/service.ts",
    find: '["taskDefinition", "desiredCount"]',
    replace: '["desiredCount"]',
    tests: ["test/infra/variants.test.ts"],
  },
  {
    name: "services: all tasks may stop before new ones run",
    file: "infra/workload/service.ts",
    find: "deploymentMinimumHealthyPercent: 100",
    replace: "deploymentMinimumHealthyPercent: 0",
    tests: ["test/infra/variants.test.ts"],
  },
];

const network: Mutant[] = [
  {
    name: "network: anybody reaches a service's tasks",
    file: "infra/ingress/target.ts",
    find: "{ ...tcp, securityGroupId, referencedSecurityGroupId: loadBalancer.securityGroupId }",
    replace: '{ ...tcp, securityGroupId, cidrIpv4: "0.0.0.0/0" }',
    tests: ["test/infra/variants.test.ts"],
  },
  {
    name: "network: anybody can send packets through the NAT instance",
    file: "infra/network/natInstance.ts",
    find: "{ ...EVERYTHING, securityGroupId, cidrIpv4: vpcCidr }",
    replace: '{ ...EVERYTHING, securityGroupId, cidrIpv4: "0.0.0.0/0" }',
    tests: ["test/infra/network/natInstance.test.ts"],
  },
  {
    name: "network: AWS drops the packets that the NAT instance forwards",
    file: "infra/network/natInstance.ts",
    find: "sourceDestCheck: false",
    replace: "sourceDestCheck: true",
    tests: ["test/infra/network/natInstance.test.ts"],
  },
  {
    name: "network: the NAT instance gives its credentials without a session",
    file: "infra/network/natInstance.ts",
    find: 'httpTokens: "required"',
    replace: 'httpTokens: "optional"',
    tests: ["test/infra/network/natInstance.test.ts"],
  },
  {
    name: "network: only the first zone has a route to GitHub",
    file: "infra/network/network.ts",
    find: "return routeTableIds.map(",
    replace: "return routeTableIds.slice(0, 1).map(",
    tests: ["test/infra/network/network.test.ts"],
  },
  {
    name: "China: fetch is outside of the VPC, where it does not reach GitHub",
    file: "infra/partition.ts",
    find: "functionsInVpc: true",
    replace: "functionsInVpc: false",
    tests: ["test/infra/partition.test.ts", "test/infra/programChina.test.ts"],
  },
  {
    name: "China: the endpoint of SQS has a name that does not exist",
    file: "infra/partition.ts",
    find: '["ecr.api", "ecr.dkr", "sqs"]',
    replace: '["ecr.api", "ecr.dkr"]',
    tests: ["test/infra/partition.test.ts"],
  },
  {
    name: "load balancer: a service without hosts takes the requests of all others",
    file: "infra/ingress/priorities.ts",
    find: "[40_001, 50_000]",
    replace: "[1, 10_000]",
    tests: ["test/infra/ingress/priorities.test.ts"],
  },
];

const pipeline: Mutant[] = [
  {
    name: "pipeline: prod is deployed without approval",
    file: "infra/pipeline/applicationPipeline.ts",
    find: "settings.approval ?",
    replace: "false ?",
    tests: ["test/infra/programProd.test.ts"],
  },
  {
    name: "pipeline: the image is built before the tests have passed",
    file: "infra/pipeline/stages.ts",
    find: "...(test ? { runOrder: 2 } : {}),",
    replace: "",
    tests: ["test/infra/programDelivery.test.ts"],
  },
  {
    name: "pipeline: services change before the migration",
    file: "infra/pipeline/applicationPipeline.ts",
    find: "        ...migrateStages(delivery),\n        deployStage(deployerOf(delivery), schedulesFunction(delivery)),\n",
    replace:
      "        deployStage(deployerOf(delivery), schedulesFunction(delivery)),\n        ...migrateStages(delivery),\n",
    tests: ["test/infra/programDelivery.test.ts"],
  },
];

const alarms: Mutant[] = [
  {
    name: "alarms: the first error goes unnoticed",
    file: "infra/foundation/alarm.ts",
    find: "args.threshold ?? 0",
    replace: "args.threshold ?? 1",
    tests: ["test/infra/operations.test.ts"],
  },
  {
    name: "alarms: tasks that are not counted go unnoticed",
    file: "infra/foundation/alarm.ts",
    find: 'args.tellsSilence === true ? "missing" : "notBreaching"',
    replace: '"notBreaching"',
    tests: ["test/infra/operations.test.ts"],
  },
  {
    name: "alarms: a push that waits is reported after two hours and a half",
    file: "infra/intake/pushQueue.ts",
    find: "const WAITING_MINUTES = 30;",
    replace: "const WAITING_MINUTES = 150;",
    tests: ["test/infra/operations.test.ts"],
  },
  {
    name: "notices: a delivery that somebody has stopped is not reported",
    file: "infra/observability/notices.ts",
    find: '["SUCCEEDED", "STOPPED", "SUPERSEDED"]',
    replace: '["SUCCEEDED", "SUPERSEDED"]',
    tests: ["test/infra/operations.test.ts"],
  },
];

export const infrastructure: Mutant[] = [...permissions, ...state, ...network, ...pipeline, ...alarms];
