import type { RegisterTaskDefinitionCommandInput, Tag, TaskDefinition } from "@aws-sdk/client-ecs";
import { failure } from "../shared/failure";
import { COUNT } from "./desiredCount";

/**
 * Fields of a registered task definition that ECS rejects in a registration. A list of fields to remove: a list of
 * fields to keep would silently lose those that ECS adds later.
 */
export const READ_ONLY = [
  "taskDefinitionArn",
  "revision",
  "status",
  "requiresAttributes",
  "compatibilities",
  "registeredAt",
  "registeredBy",
  "deregisteredAt",
  "deleteRequestedAt",
] as const satisfies (keyof TaskDefinition)[];

/** A task definition without {@link READ_ONLY}. A test ensures that it matches RegisterTaskDefinition's input. */
export type Registrable = Omit<TaskDefinition, (typeof READ_ONLY)[number]>;

export interface DescribedRevision {
  definition: TaskDefinition;
  /** ECS returns them separately. */
  tags: Tag[];
}

/**
 * The registration of a service's revision: the program's, with a different image, and the configured count as
 * {@link COUNT}.
 * @throws Failure if the revision has no such container
 */
export function registrationOf(
  described: DescribedRevision,
  container: string,
  image: string,
  count: number,
): RegisterTaskDefinitionCommandInput {
  const { tags = [], ...registration } = imageRegistration(described, container, image);
  // Keys must be unique.
  return { ...registration, tags: [...tags.filter(({ key }) => key !== COUNT), { key: COUNT, value: String(count) }] };
}

/**
 * The registration of a revision that differs only in one container's image. Empty values are kept: an environment
 * variable may be `""`.
 * @throws Failure if the revision has no such container
 */
export function imageRegistration(
  { definition, tags }: DescribedRevision,
  container: string,
  image: string,
): RegisterTaskDefinitionCommandInput {
  const containers = definition.containerDefinitions ?? [];
  if (!containers.some(({ name }) => name === container)) {
    const names = containers.map(({ name }) => name).join(", ") || "none";
    const what = `task definition ${nameOf(definition.taskDefinitionArn)} has no container ${container}`;
    throw failure("ConfigurationError", `${what}: its containers are ${names}`);
  }
  const readOnly: readonly string[] = READ_ONLY;
  // AWS's own tags, such as CloudFormation's, cannot be set.
  const ownTags = tags.filter(({ key }) => !key?.startsWith("aws:"));
  const kept = Object.fromEntries(Object.entries(definition).filter(([field]) => !readOnly.includes(field)));
  return {
    ...(kept as Registrable),
    family: definition.family,
    containerDefinitions: containers.map((each) => (each.name === container ? { ...each, image } : each)),
    // ECS rejects an empty list.
    ...(ownTags.length > 0 && { tags: ownTags }),
  };
}

/**
 * Whether the container runs a delivered image. Deliveries refer to it by digest. The program's initial revision, which
 * lets a service exist before its first delivery, uses a tag.
 */
export function isDelivered(definition: TaskDefinition, container: string): boolean {
  const image = definition.containerDefinitions?.find(({ name }) => name === container)?.image;
  return image?.includes("@sha256:") ?? false;
}

/** `family:revision`, which ECS accepts instead of the ARN. */
export function nameOf(arn: string | undefined): string {
  return arn?.slice(arn.lastIndexOf("/") + 1) ?? "unknown";
}
