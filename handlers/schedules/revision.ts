import type { ECSClient, RegisterTaskDefinitionCommandInput } from "@aws-sdk/client-ecs";
import { describeTaskDefinition, registerTaskDefinition } from "../deploy/services";
import { type DescribedRevision, imageRegistration } from "../deploy/taskDefinition";
import { canonical } from "../shared/canonical";
import { isException } from "../shared/failure";
import type { ObservedRule } from "./rule";

/** A revision's tag with the id of the schedules update that ended with it. */
const SETTLED = "slipway:scheduled-by";

/** The latest revision of a family that rules use; 0 if none. ECS counts revisions up and never reuses a number. */
export function latestRevision(family: string, rules: ObservedRule[]): number {
  const revisions = rules
    .flatMap(({ targets }) => targets)
    .map(({ EcsParameters }) => /\/([^/:]+):(\d+)$/.exec(EcsParameters?.TaskDefinitionArn ?? ""))
    .map((match) => (match?.[1] === family ? Number(match[2]) : 0));
  return Math.max(0, ...revisions);
}

/**
 * The described revision with the image: the revision that rules already use, if it matches, otherwise a new revision.
 * @param latest revision that rules use
 * @returns `family:revision`
 */
export async function revisionFor(
  ecs: ECSClient,
  described: DescribedRevision,
  container: string,
  image: string,
  latest: number,
): Promise<string> {
  const registration = imageRegistration(described, container, image);
  const name = `${registration.family}:${latest}`;
  const current = latest === 0 ? undefined : await find(ecs, name);
  return current !== undefined && isSame(registration, current, container)
    ? name
    : registerTaskDefinition(ecs, registration);
}

/** @returns `undefined` if the revision was deleted */
async function find(ecs: ECSClient, name: string): Promise<DescribedRevision | undefined> {
  try {
    return await describeTaskDefinition(ecs, name);
  } catch (error) {
    if (isException(error, "ClientException")) {
      return undefined;
    }
    throw error;
  }
}

function isSame(
  registration: RegisterTaskDefinitionCommandInput,
  { definition, tags }: DescribedRevision,
  container: string,
) {
  const image = definition.containerDefinitions?.find(({ name }) => name === container)?.image;
  if (definition.status !== "ACTIVE" || image === undefined) {
    return false;
  }
  const own = { definition, tags: tags.filter(({ key }) => key !== SETTLED) };
  return comparable(registration) === comparable(imageRegistration(own, container, image));
}

function comparable({ tags, ...registration }: RegisterTaskDefinitionCommandInput): string {
  const byKey = [...(tags ?? [])].sort((one, other) => ((one.key ?? "") < (other.key ?? "") ? -1 : 1));
  return canonical({ ...registration, tags: byKey });
}

/** Whether the update with this id has already ended with the revision. */
export function isSettled({ tags }: DescribedRevision, id: string): boolean {
  return tags.some(({ key, value }) => key === SETTLED && value === id);
}

export function settledTag(id: string): { key: string; value: string } {
  return { key: SETTLED, value: id };
}
