import type * as pulumi from "@pulumi/pulumi";
import { createSchedules } from "../../handlers/schedules";
import type { SchedulesOptions } from "../../handlers/schedules/options";
import { createRole, type Statement } from "../foundation/role";
import { LambdaFunction } from "../lambda/lambdaFunction";
import { JOB_EVENT_AGE_SECONDS, reportingToPipeline } from "../lambda/pipelineJob";
import type { Network } from "../network/network";
import type { StackContext } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import { type OneOffTask, runningTask } from "../workload/oneOffTask";
import type { ImageRepository } from "../workload/registry";
import { passingRoles, registering, revisionsOf } from "../workload/taskDefinition";
import type { HeldLock } from "./records";

export interface SchedulesArgs {
  stack: StackContext;
  application: string;
  network: Network;
  cluster: Cluster;
  registry: ImageRepository;
  task: OneOffTask;
  /** Undefined if CodePipeline's own action deploys. */
  lock: HeldLock | undefined;
}

/** The function that creates EventBridge rules for an application's schedules. */
export function createSchedulesFunction(
  name: string,
  args: SchedulesArgs,
  opts: pulumi.ComponentResourceOptions & { parent: pulumi.Resource },
): LambdaFunction<SchedulesOptions> {
  const rulesRoleArn = createRulesRole(`${name}-rules`, args, opts.parent);
  return new LambdaFunction<SchedulesOptions>(
    name,
    {
      stack: args.stack,
      factory: createSchedules,
      options: {
        application: args.application,
        environment: args.stack.environment,
        cluster: args.cluster.arn,
        taskDefinition: args.task.taskDefinition.taskDefinitionArn,
        container: args.task.container,
        subnets: args.network.privateSubnetIds,
        securityGroup: args.task.taskDefinition.securityGroupId,
        roleArn: rulesRoleArn,
        ...(args.lock && { lock: args.lock.options }),
      },
      statements: [...scheduling(args, rulesRoleArn), reportingToPipeline, ...(args.lock ? [args.lock.statement] : [])],
      // EventBridge allows few calls per second, and each rule needs several.
      timeoutSeconds: 300,
      memory: 256,
      packages: ["yaml"],
      maximumEventAgeSeconds: JOB_EVENT_AGE_SECONDS,
    },
    opts,
  );
}

/** Role with which the rules run tasks, because EventBridge has no permissions of its own. */
const createRulesRole = (name: string, { stack, cluster, task }: SchedulesArgs, parent: pulumi.Resource) =>
  createRole(
    `${name}-role`,
    {
      account: stack.account,
      service: "events",
      ownAccountOnly: true,
      statements: [runningTask(task, cluster), passingRoles([task.taskDefinition], stack.account)],
    },
    { parent },
  );

function scheduling(
  { stack: { account, environment }, application, registry, task }: SchedulesArgs,
  rulesRoleArn: pulumi.Output<string>,
): Statement[] {
  return [
    { actions: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], resources: [registry.arn] },
    ...registering([task.taskDefinition], account),
    // A new revision copies the tags of the program's revision, and gets another one when its update has ended.
    { actions: ["ecs:TagResource"], resources: revisionsOf([task.taskDefinition]) },
    {
      actions: ["iam:PassRole"],
      resources: [rulesRoleArn],
      conditions: { StringEquals: { "iam:PassedToService": account.servicePrincipal("events") } },
    },
    // AWS supports no resource for this action.
    { actions: ["events:ListRules"], resources: ["*"] },
    {
      actions: [
        "events:DeleteRule",
        "events:ListTagsForResource",
        "events:ListTargetsByRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
      ],
      // Unambiguous, because names of environments and applications contain no two hyphens in a row.
      resources: [account.arn("events", `rule/${environment}-${application}--*`)],
    },
  ];
}
