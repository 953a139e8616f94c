import type { ContainerDefinition, Tag, TaskOverride, TaskStopCode } from "@aws-sdk/client-ecs";
import type { NetworkInterface } from "../network";
import type { ContainerProcess } from "./containerProcess";
import type { HealthStatus } from "./healthCheck";
import type { Resources } from "./startup";
import type { Revision } from "./taskDefinition";

export interface TaskOptions {
  /** With what is overridden for this task. */
  revision: Revision;
  clusterArn: string;
  /** Name of the service that it belongs to, if any. */
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
  /** Ports that its processes listen on, and where they really do. */
  readonly ports: Record<string, number>;
  startedAt?: number;
  stoppingAt?: number;
  stoppedAt?: number;
  stopCode?: TaskStopCode;
  stoppedReason?: string;
  /** Of all containers that have a health check; UNKNOWN where none has. */
  health(): HealthStatus;
  /** Tells that it is to stop, when its targets are drained. */
  deactivate(stopCode: TaskStopCode, reason: string): void;
  /** Has its processes end by themselves, and ends them when their stop timeout is over. */
  stop(stopCode: TaskStopCode, reason: string): void;
  /** Ends its processes at once. Resolves when the task has stopped. */
  kill(reason: string): Promise<void>;
}
