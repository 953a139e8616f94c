import { GLOBAL, type Place } from "../partition";
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
import * as forms from "./forms";
import type { AlertSettings, LoadBalancerSettings, NetworkSettings, Settings } from "./model";
import * as rules from "./rules";

const NAMESPACE = "slipway:";

export type Checked = { ok: true; settings: Settings } | { ok: false; mistakes: string[] };

/**
 * Checks a stack's configuration.
 * @param raw by full key (`slipway:network`), structured values parsed. Of other namespaces only `aws:region` is read.
 * @param secretKeys full keys that hold Pulumi secrets
 * @returns the settings, or all mistakes, one line each
 */
export function checkSettings(raw: Record<string, unknown>, secretKeys: readonly string[] = []): Checked {
  const mistakes: string[] = [];
  const own = Object.keys(raw).filter((key) => key.startsWith(NAMESPACE));
  for (const key of own)
    if (secretKeys.includes(key))
      fail(
        mistakes,
        `${key}: holds a Pulumi secret; keep it in Secrets Manager or SSM, and name it in services[].secrets`,
      );
  const region = required(forms.place, "a region such as us-east-1");
  const place = readField(region, raw["aws:region"], "aws:region", mistakes);
  // Without a region, the other mistakes are told as for this one.
  const check = stackSettings(place ?? { region: "us-east-1", partition: GLOBAL });
  const values = Object.fromEntries(own.map((key) => [key.slice(NAMESPACE.length), raw[key]]));
  const read = check(values, NAMESPACE, mistakes);
  if (place === undefined || read === undefined || mistakes.length > 0) return { ok: false, mistakes };
  return { ok: true, settings: { ...read, place } };
}

type Stack = Omit<Settings, "place">;

/** A key that has one value in this version, and tells the program nothing. */
interface OnlyChoice {
  intake: "webhook";
}

const stackSettings = (place: Place): Check<Stack> => ruled(stackObject(place), rules.environments, rules.deployable);

const stackObject = (place: Place): Check<Stack> =>
  object<Stack & OnlyChoice>({
    environment: required(forms.environmentName, "a name such as dev"),
    network: withDefault(network(place), DEFAULT_NETWORK),
    loadBalancer: withDefault(object<LoadBalancerSettings>({ certificate: optional(forms.certificateArn(place)) }), {}),
    intake: withDefault(oneOf("a way in for pushes", ["webhook"], ["poll"]), "webhook"),
    logRetentionDays: withDefault(oneOf("a retention that CloudWatch Logs takes", RETENTION_DAYS), 30),
    pipelineType: withDefault(oneOf("a pipeline type", ["V1", "V2"]), place.partition.pipelineType),
    alerts: withDefault(alerts(place), { emails: [], chat: {} }),
    promotesTo: withDefault(ruled(list("environments", forms.environmentName, 0), eachOnce), []),
    deploymentApi: withDefault(boolean, false),
    applications: required(
      ruled(list("applications", application(place), 1), rules.serviceNames, rules.repositories, rules.routes),
      "a list of applications",
    ),
  });

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const alerts = (place: Place): Check<AlertSettings> => {
  const secret = optional(forms.chatSecret(place));
  return object<AlertSettings>({
    emails: withDefault(ruled(list("e-mail addresses", forms.email, 0), eachOnce), []),
    chat: withDefault(
      object<AlertSettings["chat"]>({ slack: secret, feishu: secret, dingtalk: secret, wecom: secret }),
      {},
    ),
  });
};

const DEFAULT_NETWORK: NetworkSettings = { cidr: "10.20.0.0/16", availabilityZones: 2, egress: "nat-gateway" };

const network = (place: Place): Check<NetworkSettings> =>
  object({
    cidr: withDefault(forms.vpcCidr, DEFAULT_NETWORK.cidr),
    availabilityZones: withDefault(forms.availabilityZones(place), DEFAULT_NETWORK.availabilityZones),
    egress: withDefault(
      oneOf("a way out of private subnets", ["nat-gateway", "nat-gateway-per-zone"], ["nat-instance"]),
      DEFAULT_NETWORK.egress,
    ),
  });
