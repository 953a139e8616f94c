import * as pulumi from "@pulumi/pulumi";
import type { TaskOptions } from "../../handlers/pullRequests/start";
import { createPullRequestTasks, type PullRequestTasksOptions } from "../../handlers/pullRequestTasks";
import { githubApi } from "../../handlers/shared/forgeAccess";
import { portOf } from "../foundation/egress";
import type { Statement } from "../foundation/role";
import { forgeUrl } from "../intake/forges";
import { createRule } from "../lambda/eventRule";
import { type DeepInput, LambdaFunction } from "../lambda/lambdaFunction";
import type { Network } from "../network/network";
import type { PullRequestSettings, Settings } from "../settings";
import type { StackContext } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import { runningTask } from "../workload/oneOffTask";
import { createTaskDefinition, passingRoles, type TaskDefinition } from "../workload/taskDefinition";
import { type BuiltImage, buildImage } from "./image";
import { PullRequestTable } from "./table";

const CONTAINER = "gitops-pr";

export interface PullRequestTaskArgs {
  stack: StackContext;
  settings: PullRequestSettings;
  forges: Settings["forges"];
  /** Registries of the base image and npm packages for the image's build. */
  mirrors: Pick<Settings, "baseImageRegistry" | "npmRegistry">;
  network: Network;
  cluster: Cluster;
  table: PullRequestTable;
}

/** The task that opens one pull request: runs images/gitops-pr, which reads and updates the record. */
export class PullRequestTask extends pulumi.ComponentResource {
  /** How functions start the task. Available once stopped tasks are reported. */
  readonly options: DeepInput<TaskOptions>;
  /** Permissions to record a pull request and run its task, shared by the API and the pipelines' actions. */
  readonly starting: Statement[];
  readonly table: PullRequestTable;

  /** @returns `undefined` in a stack without pull requests */
  static from(
    name: string,
    { settings, ...args }: Pick<PullRequestTaskArgs, "stack" | "network" | "cluster"> & { settings: Settings },
  ): PullRequestTask | undefined {
    const { pullRequests, forges } = settings;
    return (
      pullRequests &&
      new PullRequestTask(name, {
        settings: pullRequests,
        forges,
        mirrors: settings,
        table: new PullRequestTable("slipway"),
        ...args,
      })
    );
  }

  constructor(name: string, args: PullRequestTaskArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:PullRequestTask", name, {}, opts);
    const { stack, mirrors, network, cluster, table } = args;
    const family = `${stack.environment}-${name}`;
    const taskDefinition = createPullRequestTaskDefinition(
      name,
      family,
      args,
      buildImage(name, mirrors, { parent: this }),
      this,
    );
    const rule = noteStoppedTasks(`${name}-stopped`, family, args, this);
    this.table = table;
    this.options = {
      cluster: cluster.clusterName,
      taskDefinition: pulumi.all([taskDefinition.taskDefinitionArn, rule]).apply(([arn]) => arn),
      container: CONTAINER,
      subnets: network.privateSubnetIds,
      securityGroup: taskDefinition.securityGroupId,
    };
    this.starting = [
      { actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], resources: [table.tableArn] },
      runningTask({ taskDefinition }, cluster),
      passingRoles([taskDefinition], stack.account),
    ];
    this.registerOutputs({ taskDefinitionArn: taskDefinition.taskDefinitionArn });
  }
}

function createPullRequestTaskDefinition(
  name: string,
  family: string,
  { stack, settings, forges, network, table }: PullRequestTaskArgs,
  { registry, uri }: BuiltImage,
  parent: pulumi.Resource,
): TaskDefinition {
  const { repository, branch, author, reviewers, teamReviewers, labels, token } = settings;
  const github = forgeUrl("github", forges);
  const api = githubApi(github);
  const gitops = { github, api, repository, branch, author, reviewers, teamReviewers, labels };
  return createTaskDefinition(
    name,
    {
      stack,
      family,
      settings: {
        cpu: 256,
        memory: 512,
        environment: { OPTIONS: pulumi.jsonStringify({ ...gitops, table: table.tableName }) },
        secrets: { GITHUB_TOKEN: token },
      },
      network,
      registry,
      container: { name: CONTAINER, image: uri },
      statements: [{ actions: ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources: [table.tableArn] }],
      ports: [443, portOf(github), portOf(api)],
      streamPrefix: CONTAINER,
      tags: { environment: stack.environment },
    },
    { parent },
  );
}

/** Handles tasks that died without updating their record. @returns the rule's name, available once it works */
function noteStoppedTasks(
  name: string,
  family: string,
  { stack, cluster, table }: PullRequestTaskArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const note = new LambdaFunction<PullRequestTasksOptions>(
    name,
    {
      stack,
      factory: createPullRequestTasks,
      options: { table: table.tableName },
      statements: [{ actions: ["dynamodb:UpdateItem"], resources: [table.tableArn] }],
      timeoutSeconds: 60,
      memory: 256,
    },
    { parent },
  );
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
  const eventPattern = pulumi.jsonStringify({
    source: ["aws.ecs"],
    "detail-type": ["ECS Task State Change"],
    detail: { clusterArn: [cluster.arn], group: [`family:${family}`], lastStatus: ["STOPPED"] },
  });
  return createRule(name, { stack, function: note, on: { eventPattern } }, { parent });
}
