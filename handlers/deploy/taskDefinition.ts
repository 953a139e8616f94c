import type { RegisterTaskDefinitionCommandInput, Tag, TaskDefinition } from "@aws-sdk/client-ecs";
import { failure } from "../shared/failure";
import { COUNT } from "./desiredCount";

/**
 * What ECS says of a registered task definition and refuses in a registration. Taken away by name: a list of what may stay
 * loses, silently, whatever ECS adds after it was written.
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

/** A task definition without {@link READ_ONLY}. Pinned by a test to what RegisterTaskDefinition takes. */
export type Registrable = Omit<TaskDefinition, (typeof READ_ONLY)[number]>;

export interface DescribedRevision {
  definition: TaskDefinition;
  /** They come beside the definition. */
  tags: Tag[];
}

/**
 * The registration of a service's revision: the program's, with another image, and with the count that the configuration
 * wants, for {@link COUNT}.
 * @throws Failure if the revision has no such container
 */
export function registrationOf(
  described: DescribedRevision,
  container: string,
  image: string,
  count: number,
): RegisterTaskDefinitionCommandInput {
  const { tags = [], ...registration } = imageRegistration(described, container, image);
  // No key twice.
  return { ...registration, tags: [...tags.filter(({ key }) => key !== COUNT), { key: COUNT, value: String(count) }] };
}

/**
 * The registration of a revision that differs from the described one in one container's image. Empty values stay: an environment
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
  // AWS's own, such as CloudFormation's, cannot be given again.
  const ownTags = tags.filter(({ key }) => !key?.startsWith("aws:"));
  const kept = Object.fromEntries(Object.entries(definition).filter(([field]) => !readOnly.includes(field)));
  return {
    ...(kept as Registrable),
    family: definition.family,
    containerDefinitions: containers.map((each) => (each.name === container ? { ...each, image } : each)),
    // ECS refuses an empty list.
    ...(ownTags.length > 0 && { tags: ownTags }),
  };
}

/**
 * Whether the container runs a delivered image. Deliveries name theirs by digest; what the program registers, so that a
 * service can exist before its first delivery, has a tag.
 */
export function isDelivered(definition: TaskDefinition, container: string): boolean {
  const image = definition.containerDefinitions?.find(({ name }) => name === container)?.image;
  return image?.includes("@sha256:") ?? false;
}

/** `family:revision`, which ECS takes wherever it takes the ARN that ends in it. */
export function nameOf(arn: string | undefined): string {
  return arn?.slice(arn.lastIndexOf("/") + 1) ?? "unknown";
}
