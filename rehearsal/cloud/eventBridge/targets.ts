import type {
  ListTargetsByRuleRequest,
  ListTargetsByRuleResponse,
  PutTargetsRequest,
  PutTargetsResponse,
  RemoveTargetsRequest,
  RemoveTargetsResponse,
  Target,
} from "@aws-sdk/client-eventbridge";
import { awsError } from "../service";
import { invalid, limitExceeded, MAXIMUM_TARGETS, pageOf, type Rule } from "./bus";

const LARGEST_BATCH = 10;

// EventBridge calls targets of these services under a role; the others allow it in their own policies.
const UNDER_ROLE = ["codepipeline", "ecs"];
const BY_POLICY = ["lambda", "sns"];

const SIMULATED: string[] = ["Id", "Arn", "RoleArn", "Input", "EcsParameters"] satisfies (keyof Target)[];

/**
 * Adds targets to a rule, or replaces those with the same id. If one is invalid, adds none; if only its ARN is invalid,
 * skips only that one. The target's task definition need not exist.
 * @throws ValidationException, LimitExceededException
 */
export function putTargets(rule: Rule, { Targets = [] }: PutTargetsRequest): PutTargetsResponse {
  checkBatch("targets", Targets.length);
  for (const target of Targets) checkTarget(target);
  const { accepted, failed } = separate(Targets);
  const next = new Map([...rule.targets, ...accepted.map((it) => [it.Id ?? "", it] as const)]);
  if (next.size > MAXIMUM_TARGETS) throw limitExceeded();
  rule.targets = next;
  return { FailedEntryCount: failed.length, FailedEntries: failed };
}

/** Removes targets; an unknown id fails only its own entry. */
export function removeTargets(rule: Rule, { Ids = [] }: RemoveTargetsRequest): RemoveTargetsResponse {
  checkBatch("ids", Ids.length);
  const failed = Ids.filter((id) => !rule.targets.delete(id)).map((TargetId) => ({
    TargetId,
    ErrorCode: "ResourceNotFoundException",
    ErrorMessage: `Rule ${rule.name} does not have a target with the Id ${TargetId}.`,
  }));
  return { FailedEntryCount: failed.length, FailedEntries: failed };
}

export function listTargets(rule: Rule, request: ListTargetsByRuleRequest): ListTargetsByRuleResponse {
  const { page, NextToken } = pageOf([...rule.targets.values()], ({ Id = "" }) => Id, request);
  return { Targets: page, NextToken };
}

/** The quota, which is below the model's 100. */
function checkBatch(field: string, size: number): void {
  if (size > LARGEST_BATCH)
    throw invalid(
      `1 validation error detected: Value at '${field}' failed to satisfy constraint: Member must have length less than or equal to ${LARGEST_BATCH}`,
    );
}

function checkTarget(target: Target): void {
  const other = Object.entries(target).find(([field, value]) => value !== undefined && !SIMULATED.includes(field));
  if (other !== undefined) throw notSimulated(target, other[0]);
  const { RoleArn, EcsParameters, Input } = target;
  const service = serviceOf(target);
  if (service === undefined) return;
  if (!UNDER_ROLE.includes(service) && !BY_POLICY.includes(service)) throw notSimulated(target, "Arn");
  if (UNDER_ROLE.includes(service) && RoleArn === undefined)
    throw invalid(`RoleArn is required for target ${target.Arn}.`);
  if (BY_POLICY.includes(service) && RoleArn !== undefined) throw notSimulated(target, "RoleArn");
  if (service === "ecs" && EcsParameters === undefined)
    throw invalid(`Parameter(s) EcsParameters must be specified for target: ${target.Id}.`);
  if (service === "codepipeline" && Input !== undefined) throw notSimulated(target, "Input");
  if (Input !== undefined && !isJson(Input))
    throw invalid(`JSON syntax error in input for target ${target.Id} at char: 1, line: 1`);
}

function separate(targets: Target[]) {
  const accepted = targets.filter((it) => serviceOf(it) !== undefined);
  const failed = targets
    .filter((it) => serviceOf(it) === undefined)
    .map(({ Id, Arn }) => ({
      TargetId: Id,
      ErrorCode: "ValidationException",
      ErrorMessage: `Parameter ${Arn} is not valid. Reason: Provided Arn is not in correct format.`,
    }));
  return { accepted, failed };
}

/** `lambda`; undefined if the target's ARN is invalid. */
export const serviceOf = ({ Arn = "" }: Target): string | undefined =>
  /^arn:[\w-]+:([\w-]+):[\w-]*:\d*:.+$/.exec(Arn)?.[1];

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const notSimulated = ({ Id, Arn }: Target, field: string) =>
  awsError("NotSimulated", `events:PutTargets: ${field} of the target ${Id} (${Arn}) is not simulated.`, 501);
