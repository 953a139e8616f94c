import type { ContainerDefinition, RegisterTaskDefinitionCommandInput, Tag, TaskDefinition } from "@aws-sdk/client-ecs";
import { awsError, type Cloud } from "../service";

/** A revision as DescribeTaskDefinition returns it; tags are separate. */
export interface Revision {
  definition: TaskDefinition & {
    taskDefinitionArn: string;
    family: string;
    containerDefinitions: ContainerDefinition[];
  };
  tags: Tag[];
}

// Response fields that are not request fields. The AWS CLI rejects them before sending; the API itself ignores unknown
// members.
const READ_ONLY = [
  "taskDefinitionArn",
  "revision",
  "status",
  "requiresAttributes",
  "compatibilities",
  "registeredAt",
  "registeredBy",
  "deregisteredAt",
  "deleteRequestedAt",
];

// vCPU units to memory in MiB: from, to, step. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
const FARGATE_SIZES: Record<string, [from: number, to: number, step: number]> = {
  256: [512, 2048, 512],
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16384, 1024],
  4096: [8192, 30720, 1024],
  8192: [16384, 61440, 4096],
  16384: [32768, 122880, 8192],
};

/** The task definitions of the account, by family and revision. */
export function createTaskDefinitions(cloud: Cloud) {
  const families = new Map<string, Revision[]>();

  /**
   * @param registeredBy ARN of the caller
   * @throws AwsError ClientException as RegisterTaskDefinition does
   */
  function register(input: RegisterTaskDefinitionCommandInput, registeredBy: string): Revision {
    const { tags = [], ...request } = input;
    check(request);
    const family = request.family ?? "";
    const revisions = families.get(family) ?? [];
    const revision = revisions.length + 1;
    const registered: Revision = {
      definition: {
        ...request,
        family,
        revision,
        taskDefinitionArn: cloud.arn("ecs", `task-definition/${family}:${revision}`),
        containerDefinitions: (request.containerDefinitions ?? []).map(completed),
        volumes: request.volumes ?? [],
        placementConstraints: request.placementConstraints ?? [],
        status: "ACTIVE",
        compatibilities: ["EC2", "FARGATE"],
        requiresAttributes: [{ name: "ecs.capability.task-eni" }],
        registeredAt: new Date(cloud.clock.now()),
        registeredBy,
      },
      tags,
    };
    families.set(family, [...revisions, registered]);
    return registered;
  }

  /** @param reference ARN, `family:revision`, or `family` for its latest active revision */
  function known(reference: string): Revision | undefined {
    const [, family = "", revision] = /^(?:.*\/)?([^:/]+)(?::(\d+))?$/.exec(reference) ?? [];
    const revisions = families.get(family) ?? [];
    return revision === undefined
      ? revisions.findLast(({ definition }) => definition.status === "ACTIVE")
      : revisions[Number(revision) - 1];
  }

  /** @throws AwsError ClientException if none exists */
  function find(reference: string): Revision {
    const found = known(reference);
    if (found === undefined)
      throw awsError("ClientException", `Unable to describe task definition: ${reference} is not registered.`);
    return found;
  }

  function deregister(reference: string): Revision {
    const revision = find(reference);
    revision.definition.status = "INACTIVE";
    revision.definition.deregisteredAt = new Date(cloud.clock.now());
    return revision;
  }

  return { register, known, find, deregister };
}

export type TaskDefinitions = ReturnType<typeof createTaskDefinitions>;

/** ECS responds with defaults for what a container definition omits. */
function completed(container: ContainerDefinition): ContainerDefinition {
  return {
    ...container,
    cpu: container.cpu ?? 0,
    essential: container.essential ?? true,
    portMappings: (container.portMappings ?? []).map((it) => ({ hostPort: it.containerPort, protocol: "tcp", ...it })),
    environment: container.environment ?? [],
    mountPoints: container.mountPoints ?? [],
    volumesFrom: container.volumesFrom ?? [],
    systemControls: container.systemControls ?? [],
  };
}

function check(input: RegisterTaskDefinitionCommandInput): void {
  const readOnly = READ_ONLY.filter((name) => name in input);
  if (readOnly.length > 0)
    throw refused(
      `Unknown parameter in input: "${readOnly.join('", "')}": a task definition that was described must be stripped of them.`,
    );
  const containers = input.containerDefinitions ?? [];
  if (!/^[\w-]{1,255}$/.test(input.family ?? "")) throw refused("Family contains invalid characters.");
  if (containers.length === 0) throw refused("Container list cannot be empty.");
  if (!containers.some(({ essential = true }) => essential))
    throw refused("A task definition must have at least one essential container.");
  if (new Set(containers.map(({ name }) => name)).size < containers.length)
    throw refused("Container names should be unique.");
  for (const container of containers) {
    checkContainer(container);
    checkSecrets(container, input.executionRoleArn);
    // Message from pulumi-awsx#1220.
    if (input.memory !== undefined && (container.memory ?? container.memoryReservation ?? 0) > Number(input.memory))
      throw refused(`The 'memory' setting for container '${container.name}' is greater than for the task.`);
  }
  if (input.requiresCompatibilities?.includes("FARGATE")) checkFargate(input);
}

function checkContainer({ name, image, dependsOn, logConfiguration, mountPoints }: ContainerDefinition): void {
  if (!/^[\w-]{1,255}$/.test(name ?? "")) throw refused("Container.name contains invalid characters.");
  if (image === undefined || image === "") throw refused("Container.image should not be null or empty.");
  const driver = logConfiguration?.logDriver;
  const missing =
    driver !== undefined && driver !== "awslogs"
      ? `the log driver ${driver}`
      : dependsOn?.length
        ? "dependsOn"
        : mountPoints?.length
          ? "mountPoints"
          : undefined;
  if (missing !== undefined)
    throw awsError(
      "NotSimulated",
      `Container ${name}: ${missing} is not simulated: add it in rehearsal/cloud/ecs.`,
      501,
    );
  for (const option of driver === "awslogs" ? ["awslogs-group", "awslogs-region", "awslogs-stream-prefix"] : [])
    if (logConfiguration?.options?.[option] === undefined)
      throw refused(`Log driver awslogs requires options: ${option}, for container ${name} on Fargate.`);
}

/** Messages: dagster#11622, CircleCI-Public/aws-ecs-orb#210. */
function checkSecrets({ environment = [], secrets = [] }: ContainerDefinition, executionRole?: string): void {
  const names = secrets.map(({ name = "" }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refused(`Duplicate secret names found: ${twice}. Each secret name must be unique.`);
  const shared = names.find((name) => environment.some((it) => it.name === name));
  if (shared !== undefined)
    throw refused(
      `The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '${shared}'.`,
    );
  if (names.length > 0 && executionRole === undefined)
    throw refused("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.");
}

type Fargate = Pick<
  RegisterTaskDefinitionCommandInput,
  "cpu" | "memory" | "networkMode" | "executionRoleArn" | "containerDefinitions"
>;

/** @throws AwsError ClientException for a task that Fargate cannot run */
export function checkFargate({ cpu, memory, networkMode, executionRoleArn, containerDefinitions = [] }: Fargate): void {
  if (networkMode !== "awsvpc") throw refused("Fargate only supports network mode 'awsvpc'.");
  if (cpu === undefined || memory === undefined)
    throw refused(`Fargate requires that '${cpu === undefined ? "cpu" : "memory"}' be defined at the task level.`);
  const [from = 0, to = 0, step = 1] = FARGATE_SIZES[cpu] ?? [];
  const size = Number(memory);
  if (!(from <= size && size <= to && size % step === 0))
    throw refused(
      `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory. See the Amazon ECS documentation for the valid values.`,
    );
  const needs = containerDefinitions.some(({ image }) => image?.includes(".dkr.ecr."))
    ? "ECR images"
    : containerDefinitions.some(({ logConfiguration }) => logConfiguration)
      ? "log driver awslogs"
      : undefined;
  if (executionRoleArn === undefined && needs !== undefined)
    throw refused(`Fargate requires task definition to have execution role ARN to support ${needs}.`);
}

const refused = (message: string) => awsError("ClientException", message);
