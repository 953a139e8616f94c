import type { Deployment, Service, TaskDefinition } from "@aws-sdk/client-ecs";
import { awsFault, type Endpoint } from "../../callbacks/endpoint";

export const CLUSTER = "dev";
export const DIGEST = `sha256:${"b".repeat(64)}`;
export const REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront";
export const IMAGE = `${REPOSITORY}@${DIGEST}`;

const arnOf = (name: string) => `arn:aws:ecs:us-east-1:123456789012:task-definition/${name}`;

/** An ECS with services, task definitions and stopped tasks, whose rollouts end when a test says so. */
export interface Ecs {
  services: Record<string, Service & { deployments: Deployment[] }>;
  definitions: Record<string, TaskDefinition & { tags: { key: string; value: string }[] }>;
  stopped: object[];
  /** Ends the rollout of the service's primary deployment. */
  complete(service: string): void;
  /** Fails it, and rolls it back as the circuit breaker does, if it does. */
  fail(service: string, reason: string, rollback?: "by ECS"): void;
}

/** @param delivered whether the services run a delivered image already */
export function createEcs(endpoint: Endpoint, names: string[], delivered = true): Ecs {
  let deployments = 0;
  const ecs: Ecs = {
    services: {},
    definitions: {},
    stopped: [],
    complete(service) {
      const [primary] = serviceOf(service).deployments;
      Object.assign(primary ?? {}, { rolloutState: "COMPLETED", runningCount: primary?.desiredCount, pendingCount: 0 });
      serviceOf(service).deployments.splice(1);
    },
    fail(name, reason, rollback) {
      const service = serviceOf(name);
      const [primary, before] = service.deployments;
      Object.assign(primary ?? {}, { rolloutState: "FAILED", rolloutStateReason: reason });
      if (rollback) {
        deploy(service, String(before?.taskDefinition), service.desiredCount ?? 0);
      }
    },
  };

  function serviceOf(name: unknown) {
    const service = ecs.services[String(name)];
    if (service === undefined) {
      throw awsFault("ServiceNotFoundException", "Service not found.");
    }
    return service;
  }

  function deploy(service: Service & { deployments: Deployment[] }, taskDefinition: string, desiredCount: number) {
    deployments += 1;
    for (const deployment of service.deployments) {
      deployment.status = "ACTIVE";
    }
    service.taskDefinition = taskDefinition;
    service.desiredCount = desiredCount;
    service.deployments.unshift({
      id: `ecs-svc/${deployments}`,
      status: "PRIMARY",
      taskDefinition,
      rolloutState: "IN_PROGRESS",
      desiredCount,
      runningCount: 0,
      pendingCount: desiredCount,
      failedTasks: 0,
    });
  }

  function define(definition: TaskDefinition & { tags?: { key: string; value: string }[] }) {
    const revision = Object.values(ecs.definitions).filter(({ family }) => family === definition.family).length + 1;
    const name = `${definition.family}:${revision}`;
    const taskDefinitionArn = arnOf(name);
    ecs.definitions[name] = { tags: [], ...definition, revision, status: "ACTIVE", taskDefinitionArn };
    return ecs.definitions[name];
  }

  const definitionOf = (name: unknown) => {
    const definition = ecs.definitions[String(name).replace(/^.*\//, "")];
    if (definition === undefined) {
      throw awsFault("ClientException", "Unable to describe task definition.");
    }
    return definition;
  };

  for (const name of names) {
    const image = delivered ? `${REPOSITORY}@sha256:${"a".repeat(64)}` : `${REPOSITORY}:none`;
    const definition = define({ family: name, containerDefinitions: [{ name: "app", image }] });
    const service = { serviceName: name, status: "ACTIVE", deployments: [], events: [] };
    ecs.services[name] = service;
    deploy(service, String(definition.taskDefinitionArn), delivered ? 2 : 0);
    ecs.complete(name);
  }

  Object.assign(endpoint.answers, {
    BatchGetImage: () => ({ images: [{ imageId: { imageDigest: DIGEST }, imageManifest: "{}" }], failures: [] }),
    DescribeServices: ({ services }) => ({
      services: (services as string[]).flatMap((name) => ecs.services[name] ?? []),
      failures: (services as string[])
        .filter((name) => ecs.services[name] === undefined)
        .map((arn) => ({ arn, reason: "MISSING" })),
    }),
    DescribeTaskDefinition: ({ taskDefinition }) => {
      const { tags, ...definition } = definitionOf(taskDefinition);
      return { taskDefinition: definition, tags };
    },
    RegisterTaskDefinition: (input) => ({ taskDefinition: define(input) }),
    TagResource: ({ resourceArn, tags }) => {
      definitionOf(resourceArn).tags.push(...(tags as { key: string; value: string }[]));
      return {};
    },
    UpdateService: ({ service: name, taskDefinition, desiredCount }) => {
      const service = serviceOf(name);
      const arn = String(definitionOf(taskDefinition).taskDefinitionArn);
      const count = Number(desiredCount ?? service.desiredCount);
      // Without a change there is no new deployment.
      if (arn !== service.taskDefinition) {
        deploy(service, arn, count);
      }
      service.desiredCount = count;
      const [primary] = service.deployments;
      Object.assign(primary ?? {}, { desiredCount: count, pendingCount: count - (primary?.runningCount ?? 0) });
      return { service };
    },
    ListTasks: () => ({ taskArns: ecs.stopped.map((_, index) => `arn:aws:ecs:task/${index}`) }),
    DescribeTasks: () => ({ tasks: ecs.stopped, failures: [] }),
  } satisfies Endpoint["answers"]);
  return ecs;
}
