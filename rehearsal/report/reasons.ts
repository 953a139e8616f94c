import type { Grant } from "../cloud/policies";

interface Reason {
  /** If set, only these stacks' usual scenarios do not need it. */
  stacks?: string[];
  /** Roles by name; Pulumi appends a hyphen and seven digits. */
  role: RegExp;
  actions: string[];
  resource: RegExp;
  /** When the permission is needed. */
  reason: string;
}

/** Permissions that the usual scenarios do not need, each with the case that needs it. */
export const reasons: Reason[] = [
  {
    role: /-fetch-role-/,
    actions: ["s3:AbortMultipartUpload"],
    resource: /\/source\.zip$/,
    reason: "aborts an interrupted upload: npm start -- --scenario lost",
  },
  {
    role: /-fetch-role-/,
    actions: ["sqs:SendMessage", "sns:Publish"],
    resource: /-pushes-\w+\.fifo$|:sns:/,
    reason: "drops a commit that its branch does not contain: npm start -- --scenario foreign",
  },
  {
    role: /-poll-role-/,
    actions: ["s3:GetObject"],
    resource: /\/source\.zip$/,
    reason: "reads which commit was stored last, if the branch has a head: npm start -- --scenario missed",
  },
  {
    role: /-poll-role-/,
    actions: ["secretsmanager:GetSecretValue"],
    resource: /:secret:/,
    reason: "compares a private branch every few minutes: npm start -- --stack cn-north-1 --scenario polledPrivately",
  },
  {
    stacks: ["dev", "prod", "cn-northwest-1"],
    role: /-poll-role-/,
    actions: ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "sqs:SendMessage"],
    resource: /:s3:::slipway-archives-bucket-\w+$|\/poll\/enqueued\.json$|\.fifo$/,
    reason:
      "compares branch heads every few minutes, and enqueues a push that no webhook announced: npm start -- --scenario missed",
  },
  {
    role: /-tag-role-/,
    actions: ["codepipeline:PutJobFailureResult"],
    resource: /^\*$/,
    reason: "reports that the registry refused the tag: npm start -- --scenario refused",
  },
  {
    role: /-pipeline-role-/,
    actions: ["s3:GetObject"],
    resource: /\/source\.zip$/,
    reason: "reads the newest archive when somebody releases the pipeline by hand: npm start -- --scenario refused",
  },
  {
    role: /-pipeline-role-/,
    actions: ["s3:PutObjectAcl"],
    resource: /-artifacts-bucket-\w+\/\*$/,
    reason: "is in AWS's documented minimum for artifact buckets, for uploads that set an ACL: the rehearsal sets none",
  },
  {
    role: /-migrate-role-/,
    actions: ["codepipeline:PutJobFailureResult", "logs:GetLogEvents"],
    resource: /^\*$|:log-stream:task\/\*$/,
    reason: "reports that the migration failed, with the end of its log: npm start -- --scenario migrationFails",
  },
  {
    role: /-schedules-role-/,
    actions: ["codepipeline:PutJobFailureResult"],
    resource: /^\*$/,
    reason: "reports that schedules.yaml has mistakes: npm start -- --scenario badSchedules",
  },
  {
    role: /-schedules-role-/,
    actions: ["events:RemoveTargets", "events:DeleteRule"],
    resource: /:rule\//,
    reason: "removes a schedule that is no longer in schedules.yaml: npm start -- --scenario schedules",
  },
  {
    role: /-schedules-rules-role-/,
    actions: ["ecs:RunTask", "iam:PassRole"],
    resource: /:task-definition\/|:role\//,
    reason: "runs the task of a schedule when it is due: npm start -- --scenario schedules",
  },
  {
    role: /-scheduled-tasks-role-/,
    actions: [
      "cloudwatch:GetMetricData",
      "ecs:DescribeTasks",
      "ecs:ListTasks",
      "events:ListRules",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "sns:Publish",
    ],
    resource: /^\*$|:task\/|:slipway-alerts-|:slipway-scheduled-tasks-logs-/,
    reason:
      "checks every ten minutes that scheduled tasks started, and reports one that failed: npm start -- --scenario alarms",
  },
  {
    role: /-service-check-role-/,
    actions: [
      "cloudwatch:PutMetricData",
      "ecs:DescribeServices",
      "ecs:DescribeTasks",
      "ecs:ListTasks",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ],
    resource: /^\*$|:task\/|:service\/|:slipway-service-check-logs-/,
    reason: "counts missing tasks every two minutes: npm start -- --scenario alarms",
  },
  {
    stacks: ["dev"],
    role: /-service-check-role-/,
    actions: ["ecs:DescribeTaskDefinition"],
    resource: /^\*$/,
    reason: "checks whether a service without tasks has an image yet: npm start -- --scenario ecsAction",
  },
  {
    role: /-deployments-role-/,
    actions: ["dynamodb:DeleteItem", "dynamodb:UpdateItem"],
    resource: /:table\//,
    reason: "undoes record and lock if DynamoDB does not accept both: test/callbacks/deployments.test.ts",
  },
  {
    role: /-(schedules|tag)-role-/,
    actions: ["dynamodb:UpdateItem"],
    resource: /:table\//,
    reason: "acquires the lock again when its stage is retried: test/handlers/shared/deliveryLock.test.ts",
  },
  {
    role: /-(deploy|migrate)-role-/,
    actions: ["codepipeline:GetPipelineExecution", "sqs:ChangeMessageVisibility"],
    resource: /^arn:/,
    reason: "checks every minute what no event has completed: test/handlers/deploy/recorded.test.ts",
  },
  {
    role: /-fetch-role-/,
    actions: ["sqs:ChangeMessageVisibility"],
    resource: /\.fifo$/,
    reason: "backs off while GitHub is unreachable: npm start -- --stack cn-north-1 --scenario natInstanceLost",
  },
  {
    role: /-fetch-role-/,
    actions: ["sqs:SendMessage"],
    resource: /-dead-letters-\w+\.fifo$/,
    reason:
      "moves a push that cannot be fetched to the dead-letter queue: npm start -- --stack cn-northwest-1 --scenario outage",
  },
  {
    stacks: ["cn-north-1", "cn-northwest-1"],
    role: /-test-role-/,
    actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    resource: /:repository\/mirror\//,
    reason: "pulls base images of containers that tests start; the storefront's tests start none",
  },
  {
    stacks: ["cn-north-1", "cn-northwest-1"],
    role: /-nat-role-/,
    actions: ["autoscaling:SetInstanceHealth"],
    resource: /:autoScalingGroup:/,
    reason:
      "replaces an instance that does not reach GitHub: infra/network/natInstance/probe.sh, which runs on the host",
  },
  {
    stacks: ["cn-north-1", "cn-northwest-1"],
    role: /-nat-role-/,
    actions: [
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ],
    resource: /^\*$/,
    reason: "lets Session Manager open a shell: Amazon Linux's agent, which runs on the host",
  },
  {
    stacks: ["dev"],
    role: /^(?!storefront-).+-deploy-role-/,
    actions: ["codepipeline:PutJobFailureResult", "ecs:DescribeTasks", "ecs:ListTasks"],
    resource: /^\*$|:task\//,
    reason: "reports why a version did not start, as for the storefront: npm start -- --scenario rollback",
  },
  // Needed by the usual scenarios of dev.
  {
    stacks: ["prod", "cn-north-1", "cn-northwest-1"],
    role: /-deploy-role-/,
    actions: ["codepipeline:PutJobFailureResult", "ecs:DescribeTasks", "ecs:ListTasks"],
    resource: /^\*$|:task\//,
    reason: "reports why a version did not start: npm start -- --scenario rollback",
  },
  {
    stacks: ["dev", "prod"],
    role: /-deploy-role-/,
    actions: ["ecr:PutImage", "sns:Publish"],
    resource: /^arn:/,
    reason: "deploys a version by HTTP: npm start -- --scenario deploymentByHttp",
  },
  {
    stacks: ["dev", "prod"],
    role: /-deploy-role-/,
    actions: ["dynamodb:UpdateItem"],
    resource: /-delivered-images$/,
    reason: "records a deployment by HTTP: npm start -- --scenario deploymentByHttp",
  },
  {
    stacks: ["dev", "prod"],
    role: /-deployments-role-/,
    actions: [
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "ecr:BatchGetImage",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "secretsmanager:GetSecretValue",
      "sqs:SendMessage",
    ],
    resource: /^arn:/,
    reason: "answers requests for deployments by HTTP: npm start -- --scenario deploymentByHttp",
  },
];

/** Why a permission is granted although no call in a stack needed it; undefined if no reason is listed. */
export function reasonFor({ role, action, resource }: Grant, stack: string): string | undefined {
  const found = reasons.find(
    (it) =>
      (it.stacks?.includes(stack) ?? true) &&
      it.role.test(role) &&
      it.actions.includes(action) &&
      it.resource.test(resource),
  );
  return found?.reason;
}
