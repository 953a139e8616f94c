import path from "node:path";
import type {
  DescribeServicesCommandInput,
  DescribeServicesCommandOutput,
  Service as ServiceDescription,
  Task as TaskDescription,
  UpdateServiceCommandInput,
  UpdateServiceCommandOutput,
} from "@aws-sdk/client-ecs";
import type { ClusterArgs } from "@pulumi/aws/ecs/cluster";
import type { ClusterCapacityProvidersArgs } from "@pulumi/aws/ecs/clusterCapacityProviders";
import type { Unwrap } from "@pulumi/pulumi";
import { createStaleViews } from "./consistency";
import { inputsOf } from "./declared";
import { createAgent } from "./ecs/agent";
import { createAuthority } from "./ecs/certificates";
import { createClusters } from "./ecs/clusters";
import { checkContainers, checkTargetGroups, declaredService, registrationOf } from "./ecs/declare";
import { createPuller } from "./ecs/pull";
import { createRunTask } from "./ecs/runTask";
import { createScheduler } from "./ecs/scheduler";
import { describeService, type EcsService, primaryOf } from "./ecs/service";
import type { TaskHost } from "./ecs/startup";
import { createTaskDefinitions } from "./ecs/taskDefinition";
import { arnOf, taskDefinitionOperations } from "./ecs/taskDefinitionOperations";
import { shown, taskOperations } from "./ecs/taskOperations";
import type { Task } from "./ecs/taskState";
import { writeRuntimeFile } from "./lambda/runtimeFiles";
import { networkOf } from "./network";
import { awsError, type Cloud, type Created, type Declaration, operation, type Service } from "./service";

type Answer<T> = Omit<T, "$metadata">;

/** Shared by all tasks of the account. */
function createHost(cloud: Cloud): TaskHost {
  let program: Promise<string> | undefined;
  return {
    cloud,
    agent: createAgent(cloud),
    network: networkOf(cloud),
    pull: createPuller(cloud),
    authority: createAuthority(),
    networkProgram() {
      program ??= writeRuntimeFile(path.join(cloud.directory, "ecs", "runtime"), "network.ts");
      return program;
    },
  };
}

/**
 * Amazon ECS on Fargate: clusters, task definitions, services with rollouts and rollbacks, and standalone tasks. A
 * container is a process of this machine. The task's CPU and memory are validated as in AWS, but not enforced.
 */
export function createEcs(cloud: Cloud): Service {
  const clusters = createClusters(cloud);
  const services = new Map<string, EcsService>();
  const tasks = new Map<string, Task>();
  const staleServices = createStaleViews<ServiceDescription>(cloud);
  const staleTasks = createStaleViews<TaskDescription>(cloud);
  const taskDefinitions = createTaskDefinitions(cloud);
  const host = createHost(cloud);
  const onTask = (task: Task) => tasks.set(task.arn, task);
  const scheduler = createScheduler(host, onTask);

  function createCluster(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<ClusterArgs>>(declaration, ["name", "settings", "tags", "region"]);
    const name = cloud.physicalName(declaration, args.name);
    const arn = clusters.add(name);
    return { id: arn, outputs: { arn, name } };
  }

  function createCapacityProviders(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<ClusterCapacityProvidersArgs>>(declaration, [
      "clusterName",
      "capacityProviders",
      "defaultCapacityProviderStrategies",
      "region",
    ]);
    return { id: clusters.find(args.clusterName).name };
  }

  function createTaskDefinition(declaration: Declaration): Created {
    const { definition } = taskDefinitions.register(registrationOf(declaration), arnOf(cloud, { kind: "operator" }));
    const { taskDefinitionArn: arn, family, revision } = definition;
    return { id: family, outputs: { arn, arnWithoutRevision: arn.replace(/:\d+$/, ""), revision } };
  }

  async function createService(declaration: Declaration): Promise<Created> {
    const { settings, taskDefinition, desiredCount } = declaredService(cloud, declaration);
    clusters.find(settings.clusterArn);
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
    permissions: ({ cluster, service = "" }) => [
      {
        action: "ecs:UpdateService",
        resource: clusters.member("service", cluster, service),
        context: clusters.context(cluster),
      },
    ],
    perform: ({ cluster, service: reference = "", desiredCount, taskDefinition, forceNewDeployment, ...others }) => {
      const [other] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
      if (other !== undefined)
        throw awsError(
          "NotSimulated",
          `ecs:UpdateService with ${other} is not simulated: add it in rehearsal/cloud/ecs.ts.`,
          501,
        );
      clusters.find(cluster);
      const service = services.get(clusters.member("service", cluster, reference));
      if (service === undefined) throw awsError("ServiceNotFoundException", "Service not found.");
      const current = primaryOf(service).revision;
      const revision = taskDefinition === undefined ? current : taskDefinitions.find(taskDefinition);
      if (revision.definition.status !== "ACTIVE" && revision !== current)
        throw awsError("ClientException", "TaskDefinition is inactive");
      checkContainers(service.settings, revision);
      staleServices.keep(service.settings.arn, describeService(service, true));
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
        resource: clusters.member("service", cluster, reference),
        context: clusters.context(cluster),
      })),
    perform: ({ cluster, services: references = [], include = [] }) => {
      clusters.find(cluster);
      if (references.length === 0) throw awsError("InvalidParameterException", "Services cannot be empty.");
      if (references.length > 10)
        throw awsError("InvalidParameterException", "Services cannot contain more than 10 elements.");
      const arns = references.map((reference) => clusters.member("service", cluster, reference));
      return {
        services: arns
          .flatMap((arn) => services.get(arn) ?? [])
          .map((it) => shown(staleServices.of(it.settings.arn)?.view ?? describeService(it, true), include)),
        failures: arns.filter((arn) => !services.has(arn)).map((arn) => ({ arn, reason: "MISSING" })),
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
      ...taskOperations(cloud, { clusters, tasks, stale: staleTasks }),
      RunTask: createRunTask({
        host,
        clusters,
        taskDefinitions,
        onTask(task) {
          staleTasks.keep(task.arn, undefined);
          onTask(task);
        },
      }),
    },
    start: scheduler.start,
    stop: async () => {
      await scheduler.stop();
      const left = [...tasks.values()].filter(({ lastStatus }) => lastStatus !== "STOPPED");
      await Promise.all(left.map((task) => task.kill("The account was closed")));
      await host.agent.close();
    },
  };
}
