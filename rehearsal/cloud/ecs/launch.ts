import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import { loadingFirst } from "../confinement";
import { copyFolder } from "../copyFolder";
import type { Cloud } from "../service";
import { commandOf, type ProcessCommand } from "./command";
import { preloadSource } from "./preload";
import type { Resources } from "./startup";

export interface Launch {
  cloud: Cloud;
  /** The task's folder. */
  directory: string;
  agent: { port: number; token: string };
  /** Path of the program that confines the connections of Node.js processes. */
  network: string;
  /** The proxy for other programs of the task, and the CA that certifies the hosts behind it. */
  forwarder: { port: number; certificate: string };
  /** The actual ports of the task's processes. */
  ports: Record<string, number>;
  /** Address of the task role's credentials; absent without a role. */
  credentials?: string;
}

/** Creates the container's files and returns its command. */
export async function layOut(
  launch: Launch,
  definition: ContainerDefinition,
  resources: Resources,
): Promise<ProcessCommand> {
  const { cloud, credentials } = launch;
  const programs = path.join(cloud.directory, "ecs", "programs");
  const folder = path.join(launch.directory, definition.name ?? "");
  const root = path.join(folder, "root");
  const temporary = path.join(folder, "tmp");
  await mkdir(temporary, { recursive: true });
  await copyFolder(resources.image.directory, root);
  await writeGitConfiguration(folder, launch.forwarder);
  const injected = {
    HOME: folder,
    TMPDIR: temporary,
    AWS_REGION: cloud.region,
    AWS_DEFAULT_REGION: cloud.region,
    AWS_EXECUTION_ENV: "AWS_ECS_FARGATE",
    AWS_ENDPOINT_URL: cloud.endpointUrl,
    ...(credentials === undefined ? {} : { AWS_CONTAINER_CREDENTIALS_FULL_URI: credentials }),
  };
  const command = commandOf(definition, resources.image.config, root, injected, resources.secrets, programs);
  await mkdir(command.directory, { recursive: true });
  return { ...command, environment: await preloaded(launch, root, command.environment) };
}

/**
 * git is not Node.js: it finds the forwarder through its configuration in the home folder. A credential helper
 * configured on this machine would store the credentials under the forge's name; an empty entry disables it.
 */
async function writeGitConfiguration(home: string, { port, certificate }: Launch["forwarder"]): Promise<void> {
  const authority = path.join(home, "authority.pem");
  await writeFile(authority, certificate);
  await writeFile(
    path.join(home, ".gitconfig"),
    `[http]\n\tproxy = http://127.0.0.1:${port}\n\tsslCAInfo = ${JSON.stringify(authority)}\n[credential]\n\thelper =\n`,
  );
}

/**
 * Apart from ECS's own variables, only TMPDIR (each container has its own /tmp), NODE_OPTIONS and AWS_ENDPOINT_URL are
 * set without being declared. Child processes need the preload too, so it cannot be passed on the command line.
 */
async function preloaded(launch: Launch, root: string, environment: Record<string, string>) {
  const { agent, ports, cloud } = launch;
  const file = path.join(path.dirname(root), "preload.js");
  const clockOffset = Math.round(cloud.clock.now() - Date.now());
  const options = { agent: agent.port, token: agent.token, ports, clockOffset };
  await writeFile(file, preloadSource(root, launch.network, options));
  return { ...environment, NODE_OPTIONS: loadingFirst(file, environment.NODE_OPTIONS) };
}
