import * as lambda from "@pulumi/aws/lambda";
import * as sqs from "@pulumi/aws/sqs";
import * as pulumi from "@pulumi/pulumi";
import { applicationContainer } from "../handlers/buildspec";
import { createDeploy, type DeployOptions } from "../handlers/deploy";
import { createTag } from "../handlers/tag";
import { Callback, type DeepInput } from "./callback";
import type { Cluster } from "./cluster";
import type { Operations } from "./operations";
import type { ImageRepository } from "./registry";
import type { Statement } from "./role";
import type { Service } from "./service";
import { registering, revisionsOf } from "./template";

/** Reporting an action's result. AWS knows jobs by their ids alone, and restricts neither call to a resource. */
export const reportingToPipeline: Statement = {
  actions: ["codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"],
  resources: ["*"],
};

/** How a cluster's tasks are called in policies. */
export const tasksOf = ({ clusterName }: Cluster, { account }: Operations): pulumi.Output<string> =>
  account.arn("ecs", pulumi.interpolate`task/${clusterName}/*`);

/** The DynamoDB table of the deployments that were asked for by HTTP. */
export interface RequestTable {
  tableName: pulumi.Output<string>;
  tableArn: pulumi.Output<string>;
}

export interface DeploymentArgs {
  operations: Operations;
  application: string;
  cluster: Cluster;
  registry: ImageRepository;
  services: Service[];
  /** Given where versions can be deployed by HTTP. */
  requests?: RequestTable | undefined;
}

/** What gives an application's services a new image. */
export interface Deployment {
  function: Callback<DeployOptions>;
  /** Takes a message for each deployment that is asked for by HTTP. None where that cannot be asked. */
  requestQueue?: sqs.Queue | undefined;
}

/** The function that deploys for an action of the pipeline, and for the messages on a queue of its own. */
export function createDeployment(name: string, args: DeploymentArgs, opts: { parent: pulumi.Resource }): Deployment {
  if (args.requests === undefined) return { function: createDeployFunction(name, args, [], {}, opts) };
  const { operations, registry } = args;
  const requestQueue = createRequestQueue(name, opts);
  const requests = {
    table: args.requests.tableName,
    repository: registry.repositoryName,
    tag: operations.environment,
    topicArn: operations.topicArn,
    queueUrl: requestQueue.url,
  };
  const statements = takingRequests(args, args.requests, requestQueue);
  const deploy = createDeployFunction(name, args, statements, { requests }, opts);
  new lambda.EventSourceMapping(
    `${name}-requests`,
    {
      eventSourceArn: requestQueue.arn,
      functionName: deploy.arn,
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
    },
    opts,
  );
  return { function: deploy, requestQueue };
}

/** Minutes that a rollout may take, and its rollback as many again. */
export const DEADLINE_MINUTES = 30;

/** Seconds. One look at the rollout takes a few; an ECS that throttles is asked again for longer. */
const DEPLOY_SECONDS = 300;
const HOUR = 60 * 60;

const createRequestQueue = (name: string, opts: pulumi.CustomResourceOptions) =>
  new sqs.Queue(
    `${name}-requests`,
    {
      visibilityTimeoutSeconds: DEPLOY_SECONDS + 60,
      // A message comes again for as long as its deployment is under way: rollout and rollback are over long before.
      messageRetentionSeconds: 6 * HOUR,
      sqsManagedSseEnabled: true,
    },
    opts,
  );

const createDeployFunction = (
  name: string,
  args: DeploymentArgs,
  moreStatements: Statement[],
  moreOptions: { requests?: DeepInput<NonNullable<DeployOptions["requests"]>> },
  opts: pulumi.ComponentResourceOptions,
) =>
  new Callback<DeployOptions>(
    name,
    {
      operations: args.operations,
      factory: createDeploy,
      options: {
        application: args.application,
        cluster: args.cluster.clusterName,
        services: args.services.map(({ serviceName, template, settings }) => ({
          service: serviceName,
          container: applicationContainer,
          taskDefinition: template.taskDefinitionArn,
          count: settings.count,
        })),
        deadlineMinutes: DEADLINE_MINUTES,
        ...moreOptions,
      },
      statements: [...deploying(args), reportingToPipeline, ...moreStatements],
      timeoutSeconds: DEPLOY_SECONDS,
      memory: 256,
    },
    opts,
  );

function deploying({ operations, cluster, registry, services }: DeploymentArgs): Statement[] {
  const templates = services.map(({ template }) => template);
  return [
    { actions: ["ecr:BatchGetImage"], resources: [registry.arn] },
    { actions: ["ecs:DescribeServices", "ecs:UpdateService"], resources: services.map(({ arn }) => arn) },
    ...registering(templates, operations.account),
    // A revision takes over its template's tags, and gets one more when its rollout starts.
    { actions: ["ecs:TagResource"], resources: revisionsOf(templates) },
    {
      // Of a cluster's tasks, AWS restricts the list by this key alone.
      actions: ["ecs:ListTasks"],
      resources: ["*"],
      conditions: { ArnEquals: { "ecs:cluster": cluster.arn } },
    },
    { actions: ["ecs:DescribeTasks"], resources: [tasksOf(cluster, operations)] },
  ];
}

const takingRequests = (
  { operations, registry }: DeploymentArgs,
  { tableArn }: RequestTable,
  queue: sqs.Queue,
): Statement[] => [
  {
    actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
    resources: [tableArn],
  },
  {
    // Lambda's poller receives under the function's role.
    actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"],
    resources: [queue.arn],
  },
  { actions: ["ecr:PutImage"], resources: [registry.arn] },
  { actions: ["sns:Publish"], resources: [operations.topicArn] },
];

export interface TagArgs {
  operations: Operations;
  registry: ImageRepository;
}

/** The function that gives a delivered image the environment's name. */
export const createTagFunction = (name: string, args: TagArgs, opts: pulumi.ComponentResourceOptions) =>
  new Callback(
    name,
    {
      operations: args.operations,
      factory: createTag,
      options: { repository: args.registry.repositoryName, tag: args.operations.environment },
      statements: [
        { actions: ["ecr:BatchGetImage", "ecr:PutImage"], resources: [args.registry.arn] },
        reportingToPipeline,
      ],
      timeoutSeconds: 60,
      memory: 256,
    },
    opts,
  );
