import type {
  DescribeServicesCommandInput,
  DescribeServicesCommandOutput,
  DescribeTasksCommandInput,
  DescribeTasksCommandOutput,
  ListTasksCommandInput,
  ListTasksCommandOutput,
  UpdateServiceCommandInput,
  UpdateServiceCommandOutput,
} from "@aws-sdk/client-ecs";
import type { ClusterArgs } from "@pulumi/aws/ecs/cluster";
import type { ClusterCapacityProvidersArgs } from "@pulumi/aws/ecs/clusterCapacityProviders";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { createAgent } from "./ecs/agent";
import { checkContainers, checkTargetGroups, declaredService, registrationOf } from "./ecs/declare";
import { describeTask } from "./ecs/describeTask";
import { createPuller } from "./ecs/pull";
import { createScheduler } from "./ecs/scheduler";
import { describeService, type EcsService, primaryOf } from "./ecs/service";
import type { Task } from "./ecs/task";
import { createTaskDefinitions } from "./ecs/taskDefinition";
import { arnOf, taskDefinitionOperations } from "./ecs/taskDefinitionOperations";
import { networkOf } from "./network";
import { awsError, type Cloud, type Created, type Declaration, operation, type Service } from "./service";

type Answer<T> = Omit<T, "$metadata">;

/** Stopped tasks are shown for an hour. */
const STOPPED_TASKS = 60 * 60_000;

const LIST_LIMIT = 100;

/**
 * Amazon ECS on Fargate: clusters, task definitions, and services that roll out and back. A container is a process of this
 * computer: the task's CPU and memory are checked as AWS checks them, and then not enforced.
 */
export function createEcs(cloud: Cloud): Service {
  const clusters = new Map<string, string>();
  const services = new Map<string, EcsService>();
  const tasks = new Map<string, Task>();
  const taskDefinitions = createTaskDefinitions(cloud);
  const agent = createAgent(cloud);
  const host = { cloud, agent, network: networkOf(cloud), pull: createPuller(cloud) };
  const scheduler = createScheduler(host, (task) => tasks.set(task.arn, task));

  function clusterOf(reference = "default"): { arn: string; name: string } {
    const name = reference.split("/").at(-1) ?? "";
    const arn = clusters.get(name);
    if (arn === undefined) throw awsError("ClusterNotFoundException", "Cluster not found.");
    return { arn, name };
  }

  // Permissions are asked for before anything is looked up: the name is all there is to go by.
  const inCluster = (kind: string, cluster: string | undefined, reference = "") =>
    cloud.arn("ecs", `${kind}/${cluster?.split("/").at(-1) ?? "default"}/${reference.split("/").at(-1)}`);
  const clusterContext = (cluster: string | undefined) => ({
    "ecs:cluster": cloud.arn("ecs", `cluster/${cluster?.split("/").at(-1) ?? "default"}`),
  });

  function createCluster(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<ClusterArgs>>(declaration, ["name", "settings", "tags", "region"]);
    const name = cloud.physicalName(declaration, args.name);
    const arn = cloud.arn("ecs", `cluster/${name}`);
    clusters.set(name, arn);
    return { id: arn, outputs: { arn, name } };
  }

  function createCapacityProviders(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<ClusterCapacityProvidersArgs>>(declaration, [
      "clusterName",
      "capacityProviders",
      "defaultCapacityProviderStrategies",
      "region",
    ]);
    return { id: clusterOf(args.clusterName).name };
  }

  function createTaskDefinition(declaration: Declaration): Created {
    const { definition } = taskDefinitions.register(registrationOf(declaration), arnOf(cloud, { kind: "operator" }));
    const { taskDefinitionArn: arn, family, revision } = definition;
    return { id: family, outputs: { arn, arnWithoutRevision: arn.replace(/:\d+$/, ""), revision } };
  }

  async function createService(declaration: Declaration): Promise<Created> {
    const { settings, taskDefinition, desiredCount } = declaredService(cloud, declaration);
    clusterOf(settings.clusterArn);
    const revision = taskDefinitions.find(taskDefinition);
    checkContainers(settings, revision);
    await checkTargetGroups(cloud, settings);
    const { arn, name } = settings;
    const service: EcsService = {
      settings,
      desiredCount,
      deployments: [],
      tasks: new Set(),
      events: [],
      createdAt: cloud.clock.now(),
    };
    services.set(arn, service);
    scheduler.deploy(service, revision);
    return { id: arn, outputs: { arn, name } };
  }

  const updateService = operation<UpdateServiceCommandInput, Answer<UpdateServiceCommandOutput>>({
    permissions: ({ cluster, service }) => [
      {
        action: "ecs:UpdateService",
        resource: inCluster("service", cluster, service),
        context: clusterContext(cluster),
      },
    ],
    perform: ({ cluster, service: reference, desiredCount, taskDefinition, forceNewDeployment, ...others }) => {
      const [other] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
      if (other !== undefined)
        throw awsError(
          "NotSimulated",
          `ecs:UpdateService with ${other} is not simulated: add it in rehearsal/cloud/ecs.ts.`,
          501,
        );
      clusterOf(cluster);
      const service = services.get(inCluster("service", cluster, reference));
      if (service === undefined) throw awsError("ServiceNotFoundException", "Service not found.");
      const current = primaryOf(service).revision;
      const revision = taskDefinition === undefined ? current : taskDefinitions.find(taskDefinition);
      if (revision.definition.status !== "ACTIVE" && revision !== current)
        throw awsError("ClientException", "TaskDefinition is inactive");
      checkContainers(service.settings, revision);
      service.desiredCount = desiredCount ?? service.desiredCount;
      if (revision !== current || forceNewDeployment) scheduler.deploy(service, revision);
      else scheduler.reconcile(service);
      return { service: describeService(service, false) };
    },
  });

  const describeServices = operation<DescribeServicesCommandInput, Answer<DescribeServicesCommandOutput>>({
    permissions: ({ cluster, services: references = [] }) =>
      references.map((reference) => ({
        action: "ecs:DescribeServices",
        resource: inCluster("service", cluster, reference),
        context: clusterContext(cluster),
      })),
    perform: ({ cluster, services: references = [], include = [] }) => {
      clusterOf(cluster);
      if (references.length === 0) throw awsError("InvalidParameterException", "Services cannot be empty.");
      if (references.length > 10)
        throw awsError("InvalidParameterException", "Services cannot contain more than 10 elements.");
      const arns = references.map((reference) => inCluster("service", cluster, reference));
      return {
        services: arns
          .flatMap((arn) => services.get(arn) ?? [])
          .map((it) => describeService(it, include.includes("TAGS"))),
        failures: arns.filter((arn) => !services.has(arn)).map((arn) => ({ arn, reason: "MISSING" })),
      };
    },
  });

  const visible = (): Task[] =>
    [...tasks.values()].filter(
      ({ stoppedAt }) => stoppedAt === undefined || stoppedAt > cloud.clock.now() - STOPPED_TASKS,
    );

  const listTasks = operation<ListTasksCommandInput, Answer<ListTasksCommandOutput>>({
    permissions: ({ cluster }) => [
      {
        action: "ecs:ListTasks",
        resource: inCluster("container-instance", cluster, "*"),
        context: clusterContext(cluster),
      },
    ],
    perform: ({
      cluster,
      serviceName,
      family,
      startedBy,
      desiredStatus = "RUNNING",
      maxResults = LIST_LIMIT,
      nextToken = "0",
    }) => {
      const { arn } = clusterOf(cluster);
      const arns = visible()
        .filter(({ options }) => options.clusterArn === arn)
        .filter((task) => task.desiredStatus === desiredStatus)
        .filter(({ options }) => serviceName === undefined || options.service === serviceName.split("/").at(-1))
        .filter(({ options }) => family === undefined || options.revision.definition.family === family)
        .filter(({ options }) => startedBy === undefined || options.startedBy === startedBy)
        .map((task) => task.arn);
      const next = Number(nextToken) + maxResults;
      return {
        taskArns: arns.slice(Number(nextToken), next),
        ...(next < arns.length ? { nextToken: String(next) } : {}),
      };
    },
  });

  const describeTasks = operation<DescribeTasksCommandInput, Answer<DescribeTasksCommandOutput>>({
    permissions: ({ cluster, tasks: references = [] }) =>
      references.map((reference) => ({
        action: "ecs:DescribeTasks",
        resource: inCluster("task", cluster, reference),
        context: clusterContext(cluster),
      })),
    perform: ({ cluster, tasks: references = [] }) => {
      clusterOf(cluster);
      if (references.length > 100)
        throw awsError("InvalidParameterException", "Tasks cannot contain more than 100 elements.");
      const found = visible();
      const arns = references.map((reference) => inCluster("task", cluster, reference));
      return {
        tasks: found.filter(({ arn }) => arns.includes(arn)).map(describeTask),
        failures: arns
          .filter((arn) => !found.some((task) => task.arn === arn))
          .map((arn) => ({ arn, reason: "MISSING" })),
      };
    },
  });

  return {
    name: "ecs",
    resources: {
      "aws:ecs/cluster:Cluster": createCluster,
      "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": createCapacityProviders,
      "aws:ecs/taskDefinition:TaskDefinition": createTaskDefinition,
      "aws:ecs/service:Service": createService,
    },
    operations: {
      ...taskDefinitionOperations(cloud, taskDefinitions),
      UpdateService: updateService,
      DescribeServices: describeServices,
      ListTasks: listTasks,
      DescribeTasks: describeTasks,
    },
    start: scheduler.start,
    stop: async () => {
      await scheduler.stop();
      await agent.close();
    },
  };
}
