import { FARGATE_CPU } from "../../handlers/shared/fargate";
import { FORGES, type Forge } from "../../handlers/shared/forge";
import type { Region } from "../partition";
import {
  boolean,
  type Check,
  type Fields,
  fail,
  integer,
  isObject,
  list,
  map,
  object,
  oneOf,
  optional,
  required,
  ruled,
  text,
  withDefault,
} from "./check";
import * as formats from "./formats";
import type {
  ApplicationSettings,
  BuildSettings,
  GitopsSettings,
  ImageSource,
  MigrateSettings,
  PushSource,
  ServiceSettings,
  SourceSettings,
  TaskSettings,
} from "./model";
import * as rules from "./rules";

/**
 * While it deploys, the function keeps each service's name and two of its task definitions in CodePipeline's
 * continuation token of 2,048 characters (handlers/deploy/state.ts). With the longest names, six services fit:
 * `<application>-<service>` of 24 characters, the environment's of 16, and revisions of up to seven digits.
 */
const MOST_SERVICES = 6;

const DEFAULT_BUILD: BuildSettings = { dockerfile: "Dockerfile", context: ".", arguments: {} };
const DEFAULT_TASK: TaskSettings = { cpu: 256, memory: 512, environment: {}, secrets: {} };

export const application =
  (region: Region): Check<ApplicationSettings> =>
  (value, path, mistakes) => {
    const { name, deploy } = isObject(value) ? value : {};
    const runs = deploy === "gitops" ? elsewhere(typeof name === "string" ? name : "") : onEcs(region);
    const parts = object<ApplicationSettings>({
      name: required(formats.name, "a name such as storefront"),
      source: required(source, EXPECTED_SOURCE),
      build: withDefault(build, DEFAULT_BUILD),
      ...runs,
      approval: withDefault(boolean, false),
      deploy: withDefault(oneOf("a way to deploy", ["callback", "ecs", "gitops"]), "callback"),
    });
    return ruled(parts, rules.usedParts({ build: DEFAULT_BUILD, task: DEFAULT_TASK }))(value, path, mistakes);
  };

type Runs = Pick<ApplicationSettings, "services" | "task" | "migrate" | "schedules" | "gitops">;

/** What an application runs in this stack's cluster. */
const onEcs = (region: Region): Fields<Runs> => ({
  services: required(list("services", service(region), 1, MOST_SERVICES), "a list of services"),
  task: withDefault(ruled(object<TaskSettings>(task(region)), ...TASK_RULES), DEFAULT_TASK),
  migrate: optional(object<MigrateSettings>({ command: required(command, "a command such as [node, migrate.js]") })),
  schedules: optional(formats.repositoryPath),
  gitops: optional((_, path, mistakes) =>
    fail(mistakes, `${path}: is only for deploy: gitops; remove it, or set deploy: gitops`),
  ),
});

/** An application that runs where the gitops repository defines. @param name the application's name */
const elsewhere = (name: string): Fields<Runs> => ({
  services: withDefault(ofEcs, []),
  task: withDefault(ofEcs, DEFAULT_TASK),
  migrate: optional(ofEcs),
  schedules: optional(ofEcs),
  gitops: withDefault(
    object<GitopsSettings>({
      service: withDefault(formats.serviceFolder, name),
      image: withDefault(formats.manifestImage, name),
    }),
    { service: name, image: name },
  ),
});

const ofEcs: Check<never> = (_, path, mistakes) =>
  fail(
    mistakes,
    `${path}: is only for ECS, and with deploy: gitops the gitops repository defines what runs; remove it`,
  );

const EXPECTED_SOURCE =
  "push: { repository: acme/storefront, branch: main } or image: { repository: storefront, tag: dev }";

const source: Check<SourceSettings> = (value, path, mistakes) => {
  // A mistaken attempt to use CodePipeline's own sources of GitHub, GitLab and Bitbucket.
  const connection = Object.keys(isObject(value) ? value : {}).find((key) => /connection/i.test(key));
  if (connection !== undefined)
    return fail(
      mistakes,
      `${path}.${connection}: CodeConnections is not available in China, and slipway receives pushes itself; allowed: push, image`,
    );
  const read = sources(value, path, mistakes);
  if (read === undefined) return undefined;
  const { push, image } = read;
  if (push !== undefined && image !== undefined)
    return fail(mistakes, `${path}: has both push and image; keep one of them`);
  if (push !== undefined) return { push };
  if (image !== undefined) return { image };
  return fail(mistakes, `${path}: is empty; expected ${EXPECTED_SOURCE}`);
};

const sources = object<{ push: PushSource | undefined; image: ImageSource | undefined }>({
  push: optional((value, path, mistakes) => push(isObject(value) ? value.forge : undefined)(value, path, mistakes)),
  image: optional(
    object<ImageSource>({
      repository: required(formats.ecrRepository, "an ECR repository such as storefront"),
      tag: required(formats.imageTag, "a tag such as dev"),
    }),
  ),
});

/** Repository names differ between forges. */
const push = (forge: unknown): Check<PushSource> => {
  const known = forge === undefined ? DEFAULT_FORGE : FORGES.find((candidate) => candidate === forge);
  return object<PushSource>({
    forge: withDefault(oneOf("a forge", FORGES), DEFAULT_FORGE),
    repository: required(
      known === undefined ? formats.anyText : formats.repositories[known],
      "a repository such as acme/storefront",
    ),
    branch: required(formats.branch, "a branch such as main"),
  });
};

const DEFAULT_FORGE: Forge = "github";

const build: Check<BuildSettings> = ruled(
  object<BuildSettings>({
    dockerfile: withDefault(formats.repositoryPath, "Dockerfile"),
    context: withDefault(formats.repositoryPath, "."),
    arguments: withDefault(map(formats.variableName, formats.anyText), {}),
    test: optional(text("a shell command", "a command such as npm test", /\S/)),
  }),
  rules.freeArgumentNames,
);

const command = list("arguments", formats.anyText, 1);

const task = (region: Region) => ({
  cpu: withDefault(oneOf("a Fargate size", FARGATE_CPU), DEFAULT_TASK.cpu),
  memory: withDefault(integer("an amount of memory in MiB", 512, 122880), DEFAULT_TASK.memory),
  environment: withDefault(map(formats.variableName, formats.anyText), {}),
  secrets: withDefault(map(formats.variableName, formats.secretReference(region)), {}),
});

const TASK_RULES = [rules.fargateSize, rules.oneSourceForEachVariable];

const service = (region: Region): Check<ServiceSettings> =>
  ruled(
    object<ServiceSettings>({
      name: required(formats.name, "a name such as web"),
      port: optional(integer("a port", 1, 65535)),
      command: optional(command),
      count: withDefault(integer("a number of tasks", 0, 5000), 1),
      healthCheck: optional(formats.urlPath),
      // A listener rule is limited to five values in all its conditions.
      hosts: optional(list("hosts", formats.hostName, 1, 5)),
      ...task(region),
    }),
    rules.webOrWorker,
    ...TASK_RULES,
  );
