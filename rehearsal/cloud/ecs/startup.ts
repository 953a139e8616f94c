import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import type { Network, NetworkInterface } from "../network";
import { serviceHost } from "../network/hosts";
import type { Cloud, Credentials, Origin, Principal } from "../service";
import type { Agent } from "./agent";
import type { CertificateAuthority } from "./certificates";
import { type LogStream, openLog } from "./logDriver";
import type { Pull, PulledImage } from "./pull";
import { readSecrets } from "./secrets";
import type { Revision } from "./taskDefinition";

/** Shared by the tasks of an account. */
export interface TaskHost {
  cloud: Cloud;
  network: Network;
  agent: Agent;
  pull: Pull;
  /** Certifies outside hosts, only for the tasks. */
  authority: CertificateAuthority;
  /** Path of the program that confines the connections of a Node.js process. */
  networkProgram(): Promise<string>;
}

/** What a container needs before its process starts. */
export interface Resources {
  image: PulledImage;
  log: LogStream;
  secrets: Record<string, string>;
}

const NO_AUTH =
  "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed";

/**
 * Gets what the task's containers need, under its execution role: secrets, images and log streams.
 * @throws with ECS's stop reason for the task
 */
export async function acquire(
  { cloud, network, pull }: TaskHost,
  { definition }: Revision,
  networkInterface: NetworkInterface,
  taskId: string,
): Promise<Resources[]> {
  const connect = createConnect(network, networkInterface);
  const { region, dnsSuffix, accountId } = cloud;
  const role = await executionRole(cloud, definition.executionRoleArn);
  const secrets: Record<string, string>[] = [];
  for (const container of definition.containerDefinitions) {
    for (const service of secretServices(container))
      connect(`${NO_AUTH}: unable to retrieve secrets from ${service}`, serviceHost(cloud, service));
    secrets.push(await failingWith(NO_AUTH, () => readSecrets(cloud, role, container.secrets ?? [])));
  }
  connect(`${NO_AUTH}: unable to retrieve ecr registry auth`, serviceHost(cloud, "ecr"));
  await failingWith(`${NO_AUTH}: unable to retrieve ecr registry auth: service call has been retried 1 time(s)`, () =>
    cloud.call(role, "ecr", "GetAuthorizationToken", {}),
  );
  const images = [
    `${accountId}.dkr.ecr.${region}.${dnsSuffix}`,
    // Where ECR stores layers: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    `prod-${region}-starport-layer-bucket.s3.${region}.${dnsSuffix}`,
  ];
  const open = ({ name = "", logConfiguration }: ContainerDefinition) => {
    if (logConfiguration !== undefined)
      connect("ResourceInitializationError: failed to validate logger args: create stream", serviceHost(cloud, "logs"));
    return failingWith("ResourceInitializationError", () => openLog(cloud, role, logConfiguration, name, taskId));
  };
  return Promise.all(
    definition.containerDefinitions.map(async (container, index) => {
      for (const host of images) connect("CannotPullContainerError: pull image manifest", host);
      return {
        image: await failingWith("CannotPullContainerError", () => pull(role, container.image ?? "")),
        log: await open(container),
        secrets: secrets[index] ?? {},
      };
    }),
  );
}

/** Fails with ECS's message if the task cannot reach a host. */
const createConnect = (network: Network, from: NetworkInterface) => (what: string, host: string) => {
  const way = network.reach(from, host, 443);
  if (!way.open)
    throw new Error(
      `${what}: service call has been retried 3 time(s): RequestError: send request failed caused by: dial tcp: i/o timeout: ${way.reason}. Please check your task network configuration.`,
    );
};

const secretServices = ({ secrets = [] }: ContainerDefinition): string[] => [
  ...new Set(secrets.map(({ valueFrom = "" }) => (valueFrom.includes(":secretsmanager:") ? "secretsmanager" : "ssm"))),
];

async function executionRole(cloud: Cloud, roleArn: string | undefined): Promise<Principal> {
  if (roleArn === undefined) throw new Error(`${NO_AUTH}: the task definition has no execution role`);
  await assume(cloud, roleArn);
  return { kind: "role", arn: roleArn };
}

/** @throws with ECS's message if the role's trust policy does not let tasks assume it */
export function assume(cloud: Cloud, roleArn: string, origin?: Origin): Promise<Credentials> {
  return failingWith(
    `ECS was unable to assume the role '${roleArn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions`,
    () => cloud.assumeRole("ecs-tasks.amazonaws.com", roleArn, origin),
  );
}

async function failingWith<T>(words: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const cause = error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
    throw new Error(`${words}: ${cause}`, { cause: error });
  }
}
