import { readFileSync } from "node:fs";
import path from "node:path";
import { CHAT_KINDS, type ChatKind } from "../../handlers/chat/shape";
import { GLOBAL, type IntakeKind, type Region } from "../partition";
import { application } from "./application";
import {
  boolean,
  type Check,
  eachOnce,
  fail,
  list,
  object,
  oneOf,
  optional,
  readField,
  required,
  ruled,
  withDefault,
} from "./check";
import * as formats from "./formats";
import type { AlertSettings, ForgeSettings, LoadBalancerSettings, Settings } from "./model";
import { DEFAULT_NETWORK, network, type ReadText } from "./network";
import * as networkRules from "./networkRules";
import { gitopsApplications, pullRequests } from "./pullRequests";
import * as rules from "./rules";

const NAMESPACE = "slipway:";

/** ECR allows at most five mutable tags in an immutable repository: the environment's, and these. */
const MOST_PROMOTIONS = 4;

export type Checked = { ok: true; settings: Settings } | { ok: false; mistakes: string[] };

/**
 * Checks a stack's configuration.
 * @param raw values by full key (`slipway:network`), parsed. Of other namespaces, only `aws:region` is read.
 * @param secretKeys full keys of Pulumi secrets
 * @param readText reads files that the configuration names
 * @returns the settings, or all mistakes, one line each
 */
export function checkSettings(
  raw: Record<string, unknown>,
  secretKeys: readonly string[] = [],
  readText: ReadText = besidePulumiYaml,
): Checked {
  const mistakes: string[] = [];
  const own = Object.keys(raw).filter((key) => key.startsWith(NAMESPACE));
  for (const key of own)
    if (secretKeys.includes(key))
      fail(
        mistakes,
        `${key}: contains a Pulumi secret; store it in Secrets Manager or SSM, and write its name or ARN here`,
      );
  const field = required(formats.region, "a region such as us-east-1");
  const region = readField(field, raw["aws:region"], "aws:region", mistakes);
  // Without a valid region, report the other mistakes as for this one.
  const check = stackSettings(region ?? { name: "us-east-1", partition: GLOBAL }, readText);
  const values = Object.fromEntries(own.map((key) => [key.slice(NAMESPACE.length), raw[key]]));
  const read = check(values, NAMESPACE, mistakes);
  if (region === undefined || read === undefined || mistakes.length > 0) return { ok: false, mistakes };
  return { ok: true, settings: { ...read, region, intake: read.intake ?? region.partition.intake } };
}

const besidePulumiYaml: ReadText = (file) => readFileSync(path.join(__dirname, "../..", file), "utf8");

/** `intake` stays optional here: the check for pushes applies only if the stack file sets it. */
type Stack = Omit<Settings, "region" | "intake"> & { intake?: IntakeKind | undefined };

const stackSettings = (region: Region, readText: ReadText): Check<Stack> =>
  ruled(
    stackObject(region, readText),
    rules.environments,
    rules.deployable,
    gitopsApplications,
    rules.usedByBuilds,
    networkRules.somethingToPoll,
    networkRules.usedForges,
    networkRules.wayToForges(region),
    networkRules.wayToGithub,
    networkRules.neededEndpoints(region),
  );

const stackObject = (region: Region, readText: ReadText): Check<Stack> =>
  object<Stack>({
    environment: required(formats.environmentName, "a name such as dev"),
    network: withDefault(network(region, readText), DEFAULT_NETWORK),
    loadBalancer: withDefault(loadBalancer(region), { scheme: "internet-facing" }),
    intake: optional(oneOf("a way to receive pushes", ["webhook", "poll"])),
    forges: withDefault(forges(region), {}),
    baseImageRegistry: optional(formats.imageRegistry(region)),
    npmRegistry: optional(formats.npmRegistry),
    protect: withDefault(boolean, true),
    logRetentionDays: withDefault(oneOf("a retention period that CloudWatch Logs supports", RETENTION_DAYS), 30),
    pipelineType: withDefault(oneOf("a pipeline type", ["V1", "V2"]), region.partition.pipelineType),
    alerts: withDefault(alerts(region), { emails: [], chat: {} }),
    promotesTo: withDefault(ruled(list("environments", formats.environmentName, 0, MOST_PROMOTIONS), eachOnce), []),
    deploymentApi: withDefault(boolean, false),
    pullRequests: optional(pullRequests(region)),
    applications: required(
      ruled(list("applications", application(region), 1), rules.serviceNames, rules.repositories, rules.routes),
      "a list of applications",
    ),
  });

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const loadBalancer = (region: Region): Check<LoadBalancerSettings> =>
  object<LoadBalancerSettings>({
    scheme: withDefault(oneOf("a scheme", ["internet-facing", "internal"]), "internet-facing"),
    certificate: optional(formats.certificateArn(region)),
  });

const alerts = (region: Region): Check<AlertSettings> => {
  const secret = optional(formats.functionSecret(region, "the webhook's address"));
  return object<AlertSettings>({
    emails: withDefault(ruled(list("e-mail addresses", formats.email, 0), eachOnce), []),
    chat: withDefault(
      object<AlertSettings["chat"]>(
        Object.fromEntries(CHAT_KINDS.map((kind) => [kind, secret])) as Record<ChatKind, typeof secret>,
      ),
      {},
    ),
  });
};

const forges = (region: Region): Check<Settings["forges"]> => {
  const token = optional(formats.functionSecret(region, "the token"));
  const own = optional(object<ForgeSettings>({ url: optional(formats.forgeUrl), token }));
  const cloud = optional(object<ForgeSettings>({ url: optional(cloudOnly), token }));
  return object<Settings["forges"]>({ github: own, gitlab: own, bitbucket: cloud, gitee: own });
};

const cloudOnly: Check<string> = (_, path, mistakes) =>
  fail(mistakes, `${path}: only Bitbucket Cloud is supported, which needs no address; remove it`);
