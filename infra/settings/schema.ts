import { GLOBAL, type Place } from "../partition";
import {
  type Check,
  eachOnce,
  fail,
  integer,
  list,
  map,
  notYet,
  object,
  oneOf,
  optional,
  readField,
  required,
  ruled,
  text,
  withDefault,
} from "./check";
import { FARGATE_CPU } from "./fargate";
import * as forms from "./forms";
import type {
  AlertSettings,
  ApplicationSettings,
  BuildSettings,
  LoadBalancerSettings,
  NetworkSettings,
  ServiceSettings,
  Settings,
  SourceSettings,
} from "./model";
import * as rules from "./rules";

const NAMESPACE = "slipway:";

/** Keys of slipway's design that no code reads yet. */
type Planned<K extends string> = { [P in K]?: undefined };

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

/** Keys that have one value in this version, and tell the program nothing. */
interface OnlyChoices {
  stack: { intake: "webhook" };
  application: { deploy: "callback" };
}

const stackSettings = (place: Place): Check<Omit<Settings, "place">> =>
  object<Omit<Settings, "place"> & OnlyChoices["stack"]>({
    environment: required(forms.environmentName, "a name such as dev"),
    network: withDefault(network(place), DEFAULT_NETWORK),
    loadBalancer: withDefault(object<LoadBalancerSettings>({ certificate: optional(forms.certificateArn(place)) }), {}),
    intake: withDefault(oneOf("a way in for pushes", ["webhook"], ["poll"]), "webhook"),
    logRetentionDays: withDefault(oneOf("a retention that CloudWatch Logs takes", RETENTION_DAYS), 30),
    pipelineType: withDefault(oneOf("a pipeline type", ["V1", "V2"]), place.partition.pipelineType),
    alerts: withDefault(alerts, { emails: [] }),
    applications: required(
      ruled(list("applications", application(place), 1), rules.serviceNames, rules.routes),
      "a list of applications",
    ),
  });

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const alerts: Check<AlertSettings> = object({
  emails: withDefault(ruled(list("e-mail addresses", forms.email, 0), eachOnce), []),
});

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

/**
 * While it deploys, the function keeps each service's name and two of its task definitions in CodePipeline's
 * continuation token of 2,048 characters (handlers/deploy/state.ts). With names of full length, it holds six:
 * `<application>-<service>` of 24 characters, the environment's of 16, and revisions of up to seven digits.
 */
const MOST_SERVICES = 6;

const application = (place: Place): Check<ApplicationSettings> =>
  object<ApplicationSettings & OnlyChoices["application"] & Planned<"migrate" | "schedules" | "approval">>({
    name: required(forms.name, "a name such as storefront"),
    source: required(source, "push: { repository: acme/storefront, branch: main }"),
    build: withDefault(build, { dockerfile: "Dockerfile", context: ".", arguments: {} }),
    services: required(list("services", service(place), 1, MOST_SERVICES), "a list of services"),
    deploy: withDefault(oneOf("a way to deploy", ["callback"], ["ecs", "gitops"]), "callback"),
    migrate: notYet,
    schedules: notYet,
    approval: notYet,
  });

const source: Check<SourceSettings> = object<SourceSettings & Planned<"image">>({
  push: required(
    object({
      repository: required(forms.gitHubRepository, "a GitHub repository such as acme/storefront"),
      branch: required(forms.branch, "a branch such as main"),
    }),
    "{ repository: acme/storefront, branch: main }",
  ),
  image: notYet,
});

const build: Check<BuildSettings> = ruled(
  object<BuildSettings>({
    dockerfile: withDefault(forms.repositoryPath, "Dockerfile"),
    context: withDefault(forms.repositoryPath, "."),
    arguments: withDefault(map(forms.variableName, forms.anyText), {}),
    test: optional(text("a shell command", "a command such as npm test", /\S/)),
  }),
  rules.freeArgumentNames,
);

const service = (place: Place): Check<ServiceSettings> =>
  ruled(
    object<ServiceSettings>({
      name: required(forms.name, "a name such as web"),
      port: optional(integer("a port", 1, 65535)),
      command: optional(list("arguments", forms.anyText, 1)),
      cpu: withDefault(oneOf("a Fargate size", FARGATE_CPU), 256),
      memory: withDefault(integer("an amount of memory in MiB", 512, 122880), 512),
      count: withDefault(integer("a number of tasks", 0, 5000), 1),
      healthCheck: optional(forms.urlPath),
      // A listener rule takes five values in all its conditions.
      hosts: optional(list("hosts", forms.hostName, 1, 5)),
      environment: withDefault(map(forms.variableName, forms.anyText), {}),
      secrets: withDefault(map(forms.variableName, forms.secretReference(place)), {}),
    }),
    rules.fargateSize,
    rules.webOrWorker,
    rules.oneSourceForEachVariable,
  );
