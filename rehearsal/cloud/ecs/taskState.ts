import type { ContainerDefinition, Tag, TaskOverride, TaskStopCode } from "@aws-sdk/client-ecs";
import type { NetworkInterface } from "../network";
import type { ContainerProcess } from "./containerProcess";
import type { HealthStatus } from "./healthCheck";
import type { Resources } from "./startup";
import type { Revision } from "./taskDefinition";

export interface TaskOptions {
  /** With this task's overrides. */
  revision: Revision;
  clusterArn: string;
  /** Name of its service, if any. */
  service?: string;
  startedBy?: string;
  group?: string;
  overrides?: TaskOverride;
  tags?: Tag[];
  subnetId: string;
  securityGroups: string[];
  assignPublicIp: boolean;
  /** Called after each change of the task's status or health. */
  onChange(): void;
}

export interface ContainerState {
  definition: ContainerDefinition;
  resources?: Resources;
  process?: ContainerProcess;
  lastStatus: "PENDING" | "RUNNING" | "STOPPED";
  exitCode?: number;
  health: HealthStatus;
}

/** A Fargate task. Times are in milliseconds since the epoch. */
export interface Task {
  readonly id: string;
  readonly arn: string;
  readonly options: TaskOptions;
  readonly containers: ContainerState[];
  readonly createdAt: number;
  lastStatus: "PENDING" | "RUNNING" | "DEACTIVATING" | "STOPPING" | "STOPPED";
  desiredStatus: "RUNNING" | "STOPPED";
  networkInterface?: NetworkInterface;
  /** Ports that its processes listen on, and the actual ones. */
  readonly ports: Record<string, number>;
  startedAt?: number;
  stoppingAt?: number;
  stoppedAt?: number;
  stopCode?: TaskStopCode;
  stoppedReason?: string;
  /** Of all containers with a health check; UNKNOWN without any. */
  health(): HealthStatus;
  /** Marks it as stopping once its targets are drained. */
  deactivate(stopCode: TaskStopCode, reason: string): void;
  /** Signals its processes to end, and kills them after their stop timeout. */
  stop(stopCode: TaskStopCode, reason: string): void;
  /** Kills its processes at once. Resolves when the task has stopped. */
  kill(reason: string): Promise<void>;
}
