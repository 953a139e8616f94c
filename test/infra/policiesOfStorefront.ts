import { ARN, HERE, logging, named, on, type Policies, reporting } from "./policies";

export const TOPIC = named("sns", "slipway-alerts");
export const pipelineOf = (environment: string): string => `${ARN}:codepipeline:${HERE}:${environment}-storefront`;
export const PIPELINE = pipelineOf("dev");
export const ARTIFACTS = named("s3", "storefront-artifacts-bucket");
export const PUSHES = named("sqs", "slipway-pushes");
export const SOURCE = named("s3", "slipway-archives-bucket");
export const ARCHIVE = `${SOURCE}/storefront/source.zip`;
export const REQUESTS = named("sqs", "storefront-deploy-requests");
export const MIGRATIONS = named("sqs", "storefront-migrate-requests");
export const TABLE = named("dynamodb", "slipway-deployments");
/** As the stack names it that has the environment. */
export const deliveredImagesOf = (environment: string): string =>
  `${ARN}:dynamodb:${HERE}:slipway-${environment}-delivered-images`;

/** What a function may do that keeps records, and is called with the messages of its queue. */
export const recording = (queue: string, environment: string): string[] => [
  `codepipeline:GetPipelineExecution ${pipelineOf(environment)}`,
  ...on(TABLE, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
  ...on(queue, "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"),
  ...on(queue, "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"),
];
const holdingLock = on(TABLE, "dynamodb:GetItem", "dynamodb:UpdateItem");

const TASKS = `${ARN}:ecs:${HERE}:task/slipway-cluster-0000000/*`;
export const IN_CLUSTER = { ArnEquals: { "ecs:cluster": named("ecs", "slipway-cluster") } };

export const serviceOf = (name: string): string => named("ecs", `storefront-${name}-service`);
export const revisionsOf = (name: string): string => `${named("ecs", `task-definition/storefront-${name}-task`)}:*`;
export const passingRolesOf = (...names: string[]): string[] =>
  names
    .flatMap((name) => [`storefront-${name}-execution-role`, `storefront-${name}-task-role`])
    .map((role) => `iam:PassRole ${named("iam", role)}`);
export const passedTo = (service: string): object => ({
  StringEquals: { "iam:PassedToService": `${service}.amazonaws.com` },
});
export const ON_REGISTERING = { StringEquals: { "ecs:CreateAction": "RegisterTaskDefinition" } };

/** Of a function outside of the VPC. */
export const webhookGrants: string[] = [
  ...logging("slipway-webhook-logs"),
  `secretsmanager:GetSecretValue ${named("secretsmanager", "slipway-webhooks")}`,
  `sqs:SendMessage ${PUSHES}`,
];
export const pollGrants: string[] = [
  ...logging("slipway-poll-logs"),
  `s3:GetObject ${ARCHIVE}`,
  ...on(`${SOURCE}/poll/enqueued.json`, "s3:GetObject", "s3:PutObject"),
  `s3:ListBucket ${SOURCE}`,
  `sqs:SendMessage ${PUSHES}`,
];
export const fetchGrantsOf = (environment: string): string[] => [
  `codepipeline:StartPipelineExecution ${pipelineOf(environment)}`,
  ...logging("slipway-fetch-logs"),
  ...on(ARCHIVE, "s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"),
  `s3:ListBucket ${SOURCE}`,
  ...on(PUSHES, "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"),
  ...on(PUSHES, "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
  `sns:Publish ${TOPIC}`,
  `sqs:SendMessage ${PUSHES}`,
  `sqs:SendMessage ${named("sqs", "slipway-dead-letters")}`,
];

/** All that the roles of the storefront may do whose images are in the repository, but for pipeline and build. */
export const storefrontPolicies = (environment: string, repository: string): Policies => ({
  grants: {
    "slipway-deployments-role": [
      ...on(TABLE, "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
      `ecr:BatchGetImage ${repository}`,
      ...logging("slipway-deployments-logs"),
      `secretsmanager:GetSecretValue ${named("secretsmanager", "slipway-deployment-token")}`,
      `sqs:SendMessage ${REQUESTS}`,
    ],
    "slipway-notices-role": [
      `codepipeline:ListActionExecutions ${pipelineOf(environment)}`,
      ...logging("slipway-notices-logs"),
      `sns:Publish ${TOPIC}`,
    ],
    "slipway-service-check-role": [
      "cloudwatch:PutMetricData *",
      ...on(serviceOf("web"), "ecs:DescribeServices"),
      ...on(serviceOf("worker"), "ecs:DescribeServices"),
      `ecs:DescribeTasks ${TASKS}`,
      "ecs:ListTasks *",
      ...logging("slipway-service-check-logs"),
    ],
    "slipway-scheduled-tasks-role": [
      "cloudwatch:GetMetricData *",
      `ecs:DescribeTasks ${TASKS}`,
      "ecs:ListTasks *",
      "events:ListRules *",
      ...logging("slipway-scheduled-tasks-logs"),
      `sns:Publish ${TOPIC}`,
    ],
    "storefront-migrate-role": [
      ...reporting,
      ...recording(MIGRATIONS, environment),
      `ecr:BatchGetImage ${repository}`,
      "ecs:DescribeTaskDefinition *",
      `ecs:DescribeTasks ${TASKS}`,
      ...on(revisionsOf("task"), "ecs:RegisterTaskDefinition", "ecs:RunTask", "ecs:TagResource"),
      ...passingRolesOf("task"),
      ...logging("storefront-migrate-logs"),
      `logs:GetLogEvents ${named("cloudwatch", "storefront-task-logs")}:log-stream:task/*`,
    ],
    "storefront-deploy-role": [
      ...reporting,
      ...recording(REQUESTS, environment),
      `dynamodb:UpdateItem ${deliveredImagesOf(environment)}`,
      ...on(repository, "ecr:BatchGetImage", "ecr:PutImage"),
      ...on(serviceOf("web"), "ecs:DescribeServices", "ecs:UpdateService"),
      ...on(serviceOf("worker"), "ecs:DescribeServices", "ecs:UpdateService"),
      "ecs:DescribeTaskDefinition *",
      `ecs:DescribeTasks ${TASKS}`,
      "ecs:ListTasks *",
      ...on(revisionsOf("web"), "ecs:RegisterTaskDefinition", "ecs:TagResource"),
      ...on(revisionsOf("worker"), "ecs:RegisterTaskDefinition", "ecs:TagResource"),
      ...passingRolesOf("web", "worker"),
      ...logging("storefront-deploy-logs"),
      `sns:Publish ${TOPIC}`,
    ],
    "storefront-schedules-role": [
      ...reporting,
      ...holdingLock,
      ...on(repository, "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
      "ecs:DescribeTaskDefinition *",
      ...on(revisionsOf("task"), "ecs:RegisterTaskDefinition", "ecs:TagResource"),
      "events:ListRules *",
      ...on(
        `${ARN}:events:${HERE}:rule/${environment}-storefront--*`,
        "events:DeleteRule",
        "events:ListTagsForResource",
        "events:ListTargetsByRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
      ),
      ...passingRolesOf("task"),
      `iam:PassRole ${named("iam", "storefront-schedules-rules-role")}`,
      ...logging("storefront-schedules-logs"),
    ],
    "storefront-schedules-rules-role": [`ecs:RunTask ${revisionsOf("task")}`, ...passingRolesOf("task")],
    "storefront-tag-role": [
      ...reporting,
      ...holdingLock,
      `dynamodb:UpdateItem ${deliveredImagesOf(environment)}`,
      ...on(repository, "ecr:BatchGetImage", "ecr:PutImage"),
      ...logging("storefront-tag-logs"),
    ],
    ...Object.fromEntries(
      ["web", "worker", "task"].map((name) => [
        `storefront-${name}-execution-role`,
        [
          ...on(repository, "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
          "ecr:GetAuthorizationToken *",
          ...logging(`storefront-${name}-logs`),
        ],
      ]),
    ),
  },
  // What a resource cannot narrow: listed and started tasks, who roles are passed to, what is tagged.
  conditions: {
    "slipway-service-check-role": [
      ["ecs:ListTasks", IN_CLUSTER],
      ["cloudwatch:PutMetricData", { StringEquals: { "cloudwatch:namespace": "slipway" } }],
    ],
    "slipway-scheduled-tasks-role": [["ecs:ListTasks", IN_CLUSTER]],
    "storefront-deploy-role": [
      ["iam:PassRole", passedTo("ecs-tasks")],
      ["ecs:ListTasks", IN_CLUSTER],
    ],
    "storefront-migrate-role": [
      ["iam:PassRole", passedTo("ecs-tasks")],
      ["ecs:TagResource", ON_REGISTERING],
      ["ecs:RunTask", IN_CLUSTER],
    ],
    "storefront-schedules-role": [
      ["iam:PassRole", passedTo("ecs-tasks")],
      ["iam:PassRole", passedTo("events")],
    ],
    "storefront-schedules-rules-role": [
      ["ecs:RunTask", IN_CLUSTER],
      ["iam:PassRole", passedTo("ecs-tasks")],
    ],
  },
  trust: {
    "slipway-deployments-role": ["lambda.amazonaws.com", false],
    "slipway-notices-role": ["lambda.amazonaws.com", false],
    "slipway-scheduled-tasks-role": ["lambda.amazonaws.com", false],
    "slipway-service-check-role": ["lambda.amazonaws.com", false],
    "storefront-deploy-role": ["lambda.amazonaws.com", false],
    "storefront-migrate-role": ["lambda.amazonaws.com", false],
    "storefront-pipeline-role": ["codepipeline.amazonaws.com", false],
    "storefront-schedules-role": ["lambda.amazonaws.com", false],
    "storefront-schedules-rules-role": ["events.amazonaws.com", true],
    "storefront-tag-role": ["lambda.amazonaws.com", false],
    "storefront-task-execution-role": ["ecs-tasks.amazonaws.com", false],
    "storefront-task-task-role": ["ecs-tasks.amazonaws.com", true],
    "storefront-web-execution-role": ["ecs-tasks.amazonaws.com", false],
    "storefront-web-task-role": ["ecs-tasks.amazonaws.com", true],
    "storefront-worker-execution-role": ["ecs-tasks.amazonaws.com", false],
    "storefront-worker-task-role": ["ecs-tasks.amazonaws.com", true],
  },
});

/** What the pipeline's role may do with each stage but the first two. */
export const pipelineGrants = [
  ...["deploy", "migrate", "schedules", "tag"].map(
    (name) => `lambda:InvokeFunction ${named("lambda", `storefront-${name}-function`)}`,
  ),
  ...on(ARTIFACTS, "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
  ...on(`${ARTIFACTS}/*`, "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"),
];
