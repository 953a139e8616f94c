import { cp, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import { loadingFirst } from "../confinement";
import type { Cloud } from "../service";
import { commandOf, type ProcessCommand } from "./command";
import { preloadSource } from "./preload";
import type { Resources } from "./startup";

export interface Launch {
  cloud: Cloud;
  /** The task's folder. */
  directory: string;
  agent: { port: number; token: string };
  /** Where the ports really are that the task's processes listen on. */
  ports: Record<string, number>;
  /** Where the task's role is had from; absent where it has none. */
  credentials?: string;
}

/** Lays out the container's files, and says what to run in them. */
export async function layOut(
  launch: Launch,
  definition: ContainerDefinition,
  resources: Resources,
): Promise<ProcessCommand> {
  const { cloud, credentials } = launch;
  const folder = path.join(launch.directory, definition.name ?? "");
  const root = path.join(folder, "root");
  await mkdir(folder, { recursive: true });
  await cp(resources.image.directory, root, { recursive: true, verbatimSymlinks: true });
  const injected = {
    HOME: folder,
    AWS_REGION: cloud.region,
    AWS_DEFAULT_REGION: cloud.region,
    AWS_EXECUTION_ENV: "AWS_ECS_FARGATE",
    AWS_ENDPOINT_URL: cloud.endpointUrl,
    ...(credentials === undefined ? {} : { AWS_CONTAINER_CREDENTIALS_FULL_URI: credentials }),
  };
  const command = commandOf(definition, resources.image.config, root, injected, resources.secrets);
  await mkdir(command.directory, { recursive: true });
  return { ...command, environment: await preloaded(launch, root, command.environment) };
}

/**
 * Beside what ECS itself sets, NODE_OPTIONS and AWS_ENDPOINT_URL are all that is in the environment and was not declared:
 * processes that a process starts need the preload too, so it cannot come by the command line.
 */
async function preloaded(launch: Launch, root: string, environment: Record<string, string>) {
  const { agent, ports } = launch;
  const file = path.join(path.dirname(root), "preload.js");
  await writeFile(file, preloadSource(root, { agent: agent.port, token: agent.token, ports }));
  return { ...environment, NODE_OPTIONS: loadingFirst(file, environment.NODE_OPTIONS) };
}
