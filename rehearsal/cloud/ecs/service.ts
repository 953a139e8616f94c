import type { Deployment, LoadBalancer, NetworkConfiguration, Service, ServiceEvent, Tag } from "@aws-sdk/client-ecs";
import type { Cloud } from "../service";
import type { Revision } from "./taskDefinition";
import type { Task } from "./taskState";

export interface ServiceDeployment {
  id: string;
  status: "PRIMARY" | "ACTIVE";
  revision: Revision;
  rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  rolloutStateReason: string;
  /** Consecutive: a healthy task resets it. */
  failedTasks: number;
  /** When it may start tasks again after a failure. */
  retryAt: number;
  createdAt: number;
  updatedAt: number;
}

/** A task of a service, with the scheduler's state. */
export interface ServiceTask {
  task: Task;
  deployment: ServiceDeployment;
  registered: boolean;
  /** State of its targets; `undefined` before registration. */
  targets: "initial" | "healthy" | "unhealthy" | "gone" | undefined;
  /** The load balancer's reason for its unhealthy targets. */
  targetReason?: string;
  wasHealthy: boolean;
  /** Whether it was counted as a failure of its deployment. */
  counted: boolean;
}

export interface ServiceSettings {
  arn: string;
  name: string;
  clusterArn: string;
  loadBalancers: { targetGroupArn: string; containerName: string; containerPort: number }[];
  subnets: string[];
  securityGroups: string[];
  assignPublicIp: boolean;
  maximumPercent: number;
  minimumHealthyPercent: number;
  circuitBreaker: { enable: boolean; rollback: boolean };
  /** Seconds. */
  healthCheckGracePeriodSeconds: number;
  tags: Tag[];
}

export interface EcsService {
  settings: ServiceSettings;
  desiredCount: number;
  /** PRIMARY first. */
  deployments: ServiceDeployment[];
  /** The deployment that the circuit breaker may roll back to. */
  completed?: ServiceDeployment;
  tasks: Set<ServiceTask>;
  /** Latest first. */
  events: ServiceEvent[];
  createdAt: number;
}

export function primaryOf({ deployments }: EcsService): ServiceDeployment {
  const [primary] = deployments;
  if (primary === undefined) throw new Error("A service has no deployment: the rehearsal lost it.");
  return primary;
}

/** DescribeServices returns the latest hundred. */
export function addEvent(cloud: Cloud, { settings, events }: EcsService, text: string): void {
  const message = `(service ${settings.name}) ${text}`;
  events.unshift({ id: cloud.id(32), createdAt: new Date(cloud.clock.now()), message });
  events.splice(100);
}

export function describeService(service: EcsService, withTags: boolean): Service {
  const { settings } = service;
  const primary = primaryOf(service);
  return {
    serviceArn: settings.arn,
    serviceName: settings.name,
    clusterArn: settings.clusterArn,
    status: "ACTIVE",
    desiredCount: service.desiredCount,
    ...countsOf([...service.tasks]),
    launchType: "FARGATE",
    platformVersion: "LATEST",
    platformFamily: "Linux",
    schedulingStrategy: "REPLICA",
    deploymentController: { type: "ECS" },
    taskDefinition: primary.revision.definition.taskDefinitionArn,
    deploymentConfiguration: {
      deploymentCircuitBreaker: settings.circuitBreaker,
      maximumPercent: settings.maximumPercent,
      minimumHealthyPercent: settings.minimumHealthyPercent,
    },
    deployments: service.deployments.map((it) => describeDeployment(service, it)),
    loadBalancers: settings.loadBalancers satisfies LoadBalancer[],
    serviceRegistries: [],
    networkConfiguration: networkConfigurationOf(settings),
    healthCheckGracePeriodSeconds: settings.healthCheckGracePeriodSeconds,
    events: [...service.events],
    createdAt: new Date(service.createdAt),
    placementConstraints: [],
    placementStrategy: [],
    enableECSManagedTags: false,
    enableExecuteCommand: false,
    propagateTags: "NONE",
    ...(withTags ? { tags: settings.tags } : {}),
  };
}

function describeDeployment(service: EcsService, deployment: ServiceDeployment): Deployment {
  const tasks = [...service.tasks].filter((it) => it.deployment === deployment);
  return {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.revision.definition.taskDefinitionArn,
    desiredCount: deployment.status === "PRIMARY" ? service.desiredCount : 0,
    ...countsOf(tasks),
    failedTasks: deployment.failedTasks,
    createdAt: new Date(deployment.createdAt),
    updatedAt: new Date(deployment.updatedAt),
    launchType: "FARGATE",
    platformVersion: "1.4.0",
    platformFamily: "Linux",
    networkConfiguration: networkConfigurationOf(service.settings),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  };
}

function countsOf(tasks: ServiceTask[]): { runningCount: number; pendingCount: number } {
  return {
    runningCount: tasks.filter(({ task }) => task.lastStatus === "RUNNING").length,
    pendingCount: tasks.filter(({ task }) => task.lastStatus === "PENDING").length,
  };
}

function networkConfigurationOf({ subnets, securityGroups, assignPublicIp }: ServiceSettings): NetworkConfiguration {
  return {
    awsvpcConfiguration: { subnets, securityGroups, assignPublicIp: assignPublicIp ? "ENABLED" : "DISABLED" },
  };
}
