import type * as sqs from "@pulumi/aws/sqs";
import * as pulumi from "@pulumi/pulumi";
import { applicationContainer } from "../../handlers/build/buildspec";
import { createDeploy } from "../../handlers/deploy";
import type { DeployOptions } from "../../handlers/deploy/options";
import type { Statement } from "../foundation/role";
import { createRule } from "../lambda/eventRule";
import { type DeepInput, LambdaFunction } from "../lambda/lambdaFunction";
import { JOB_EVENT_AGE_SECONDS, reportingToPipeline } from "../lambda/pipelineJob";
import type { StackContext } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import { tasksOf } from "../workload/cluster";
import type { ImageRepository } from "../workload/registry";
import type { Service } from "../workload/service";
import { registering, revisionsOf } from "../workload/taskDefinition";
import type { DeliveredImageTable } from "./deliveredImages";
import { createRecords, RECORD_SECONDS, type Records, type RecordTable, takeRecords } from "./records";

export interface DeploymentArgs {
  stack: StackContext;
  application: string;
  cluster: Cluster;
  registry: ImageRepository;
  services: Service[];
  /** Table of deployments and of the applications' locks. */
  table: RecordTable;
  /** Whether versions can be deployed by HTTP. */
  byHttp: boolean;
  /** Where delivered images are recorded. */
  deliveredImages: DeliveredImageTable;
}

/** What rolls out a new image to an application's services. */
export interface Deployment {
  function: LambdaFunction<DeployOptions>;
  /** Queue with a message for each deployment, both by the pipeline and by HTTP. */
  requestQueue: sqs.Queue;
}

/** Time limit in minutes of a rollout, and also of its rollback. */
export const DEADLINE_MINUTES = 30;

/** The function that deploys, invoked by an action of the pipeline and by messages on its own queue. */
export function createDeployment(name: string, args: DeploymentArgs, opts: { parent: pulumi.Resource }): Deployment {
  const { stack, registry, byHttp } = args;
  const records = createRecords(`${name}-requests`, args, opts);
  const requests = {
    repository: registry.repositoryName,
    tag: stack.environment,
    deliveredImages: args.deliveredImages.tableName,
    topicArn: stack.topicArn,
  };
  const deploy = createDeployFunction(name, args, records, byHttp ? { requests } : {}, opts);
  takeRecords(`${name}-requests`, records, deploy, opts);
  createRule(`${name}-rollouts`, { stack, function: deploy, on: { eventPattern: rolloutsOf(args.services) } }, opts);
  return { function: deploy, requestQueue: records.queue };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
const rolloutsOf = (services: Service[]): pulumi.Output<string> =>
  pulumi.jsonStringify({
    source: ["aws.ecs"],
    "detail-type": ["ECS Deployment State Change"],
    resources: services.map(({ arn }) => arn),
    detail: { eventName: ["SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED"] },
  });

const createDeployFunction = (
  name: string,
  args: DeploymentArgs,
  records: Records,
  moreOptions: { requests?: DeepInput<NonNullable<DeployOptions["requests"]>> },
  opts: pulumi.ComponentResourceOptions,
) =>
  new LambdaFunction<DeployOptions>(
    name,
    {
      stack: args.stack,
      factory: createDeploy,
      options: {
        application: args.application,
        cluster: args.cluster.clusterName,
        services: args.services.map(({ serviceName, taskDefinition, settings }) => ({
          service: serviceName,
          container: applicationContainer,
          taskDefinition: taskDefinition.taskDefinitionArn,
          count: settings.count,
        })),
        deadlineMinutes: DEADLINE_MINUTES,
        records: records.options,
        ...moreOptions,
      },
      statements: [
        ...deploying(args),
        reportingToPipeline,
        ...records.statements,
        ...(args.byHttp ? takingRequests(args) : []),
      ],
      timeoutSeconds: RECORD_SECONDS,
      memory: 256,
      maximumEventAgeSeconds: JOB_EVENT_AGE_SECONDS,
    },
    opts,
  );

function deploying({ stack, cluster, registry, services }: DeploymentArgs): Statement[] {
  const taskDefinitions = services.map(({ taskDefinition }) => taskDefinition);
  return [
    { actions: ["ecr:BatchGetImage"], resources: [registry.arn] },
    { actions: ["ecs:DescribeServices", "ecs:UpdateService"], resources: services.map(({ arn }) => arn) },
    ...registering(taskDefinitions, stack.account),
    // A new revision copies the tags of the program's revision, and gets another one when its rollout starts.
    { actions: ["ecs:TagResource"], resources: revisionsOf(taskDefinitions) },
    {
      // AWS supports no other restriction of this list than the cluster key.
      actions: ["ecs:ListTasks"],
      resources: ["*"],
      conditions: { ArnEquals: { "ecs:cluster": cluster.arn } },
    },
    { actions: ["ecs:DescribeTasks"], resources: [tasksOf(cluster, stack)] },
  ];
}

const takingRequests = ({ stack, registry, deliveredImages }: DeploymentArgs): Statement[] => [
  { actions: ["ecr:PutImage"], resources: [registry.arn] },
  { actions: ["dynamodb:UpdateItem"], resources: [deliveredImages.tableArn] },
  { actions: ["sns:Publish"], resources: [stack.topicArn] },
];
