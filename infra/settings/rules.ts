import { fargateMemory } from "../../handlers/shared/fargate";
import { distinct, fail, type Rule } from "./check";
import type { ApplicationSettings, BuildSettings, ServiceSettings, Settings, TaskSettings } from "./model";

/** Fargate only supports certain pairs of CPU and memory. */
export const fargateSize: Rule<TaskSettings> = ({ cpu, memory }, path, mistakes) => {
  const allowed = fargateMemory(cpu);
  if (!allowed.includes(memory))
    fail(mistakes, `${path}.memory: ${memory} is not a Fargate size with cpu ${cpu}; allowed: ${allowed.join(", ")}`);
};

/** Only a web service has a port, health check and hosts; a worker has a command instead. */
export const webOrWorker: Rule<ServiceSettings> = ({ port, command, healthCheck, hosts }, path, mistakes) => {
  if (port !== undefined) return;
  if (command === undefined)
    fail(mistakes, `${path}.port: is missing; expected a port for a web service, or a command for a worker`);
  for (const [key, value] of Object.entries({ healthCheck, hosts }))
    if (value !== undefined)
      fail(mistakes, `${path}.${key}: is for web services; give the service a port, or remove it`);
};

/** ECS rejects a task definition in which a variable is set twice. */
export const oneSourceForEachVariable: Rule<TaskSettings> = ({ environment, secrets }, path, mistakes) => {
  for (const name of Object.keys(secrets))
    if (Object.hasOwn(environment, name))
      fail(mistakes, `${path}.secrets.${name}: is in environment too; keep one of them`);
};

// Variables of slipway's buildspec (handlers/build/buildspec.ts), of CodeBuild and of the shell.
const RESERVED =
  /^(name|arguments|AWS_.*|CODEBUILD_.*|SOURCE_.*|IMAGE_.*|DOCKERFILE|CONTEXT|BUILD_ARGUMENTS|TEST_COMMAND|SCHEDULES|BASE_IMAGE_REGISTRY|NPM_CONFIG_REGISTRY|PATH|HOME)$/;

/** Build arguments are passed as environment variables of the build. */
export const freeArgumentNames: Rule<BuildSettings> = (build, path, mistakes) => {
  for (const name of Object.keys(build.arguments))
    if (RESERVED.test(name))
      fail(mistakes, `${path}.arguments.${name}: is a variable of the build itself; give the argument another name`);
};

// Target group names are limited to 32 characters; Pulumi's suffix (a hyphen and seven digits) takes eight.
const LONGEST = 24;

/** Base of resource names: `<application>-<service>`, and `<application>-task` for one-off tasks. */
export const serviceNames: Rule<ApplicationSettings[]> = (applications, path, mistakes) => {
  distinct(
    applications.map(({ name }, index) => ({ path: `${path}[${index}].name`, value: name })),
    mistakes,
  );
  for (const [index, { name }] of applications.entries())
    if (/^slipway(-|$)/.test(name))
      fail(
        mistakes,
        `${path}[${index}].name: "${name}" is reserved for slipway's own resources; allowed: another name`,
      );
  const names = everyService(applications, path).map((it) => ({ path: `${it.path}.name`, value: it.fullName }));
  const tasks = applications.flatMap((application, index) =>
    hasTasks(application) ? [{ path: `${path}[${index}].task`, value: `${application.name}-task` }] : [],
  );
  distinct([...tasks, ...names], mistakes);
  for (const { path, value } of names)
    if (value.length > LONGEST)
      fail(
        mistakes,
        `${path}: "${value}" has ${value.length} characters; allowed: ${LONGEST} for <application>-<service>`,
      );
};

/** A delivery tags its image with the environment's name, and only one image of a repository can have a tag. */
export const repositories: Rule<ApplicationSettings[]> = (applications, path, mistakes) => {
  const taken = new Map(applications.flatMap(({ name, source }, index) => ("push" in source ? [[name, index]] : [])));
  for (const [index, { source }] of applications.entries()) {
    if ("push" in source) continue;
    const { repository } = source.image;
    const other = taken.get(repository);
    if (other === undefined) taken.set(repository, index);
    else
      fail(
        mistakes,
        `${path}[${index}].source.image.repository: "${repository}" is also the repository of ${path}[${other}], and only one of its images can have the environment's tag; allowed: a repository for each application`,
      );
  }
};

/** The load balancer is shared: hosts must be unique, and only one service can receive all other requests. */
export const routes: Rule<ApplicationSettings[]> = (applications, path, mistakes) => {
  const web = everyService(applications, path).filter(({ service }) => service.port !== undefined);
  distinct(
    web.flatMap(({ path, service }) =>
      (service.hosts ?? []).map((value, index) => ({ path: `${path}.hosts[${index}]`, value })),
    ),
    mistakes,
  );
  const [first, ...others] = web.filter(({ service }) => service.hosts === undefined);
  for (const { path } of others)
    fail(
      mistakes,
      `${path}.hosts: is missing; expected host names, because ${first?.path} already receives all other requests`,
    );
};

/** An environment's own tag would start its pipeline in a loop. Promotion requires the stack to own the repository. */
export const environments: Rule<Pick<Settings, "environment" | "promotesTo" | "applications">> = (
  settings,
  path,
  mistakes,
) => {
  const { environment, promotesTo, applications } = settings;
  if (promotesTo.includes(environment))
    fail(mistakes, `${path}promotesTo: "${environment}" is the stack's own environment; allowed: others`);
  if (promotesTo.length > 0 && !applications.some(({ source }) => "push" in source))
    fail(
      mistakes,
      `${path}promotesTo: is only for stacks that build images; move it to the stack whose source is a push`,
    );
  for (const [index, { source }] of applications.entries())
    if ("image" in source && source.image.tag === environment)
      fail(
        mistakes,
        `${path}applications[${index}].source.image.tag: "${environment}" is the tag of this environment's own deliveries, so that each would start the next one; allowed: the tag of the previous environment`,
      );
};

/** Base images and npm packages are only used by builds: of applications, and of the pull request task's image. */
export const usedByBuilds: Rule<
  Pick<Settings, "baseImageRegistry" | "npmRegistry" | "pullRequests" | "applications">
> = ({ baseImageRegistry, npmRegistry, pullRequests, applications }, path, mistakes) => {
  if (pullRequests !== undefined || applications.some(({ source }) => "push" in source)) return;
  for (const [key, value] of Object.entries({ baseImageRegistry, npmRegistry }))
    if (value !== undefined)
      fail(mistakes, `${path}${key}: is for builds, and no application has source: push; remove it`);
};

/** Deployment by HTTP requires slipway's deploy function. */
export const deployable: Rule<Pick<Settings, "deploymentApi" | "applications">> = (
  { deploymentApi, applications },
  path,
  mistakes,
) => {
  if (deploymentApi && !applications.some(({ deploy }) => deploy === "callback"))
    fail(
      mistakes,
      `${path}deploymentApi: no application has deploy: callback; set it for one, or remove deploymentApi`,
    );
};

const hasTasks = ({ migrate, schedules }: ApplicationSettings) => migrate !== undefined || schedules !== undefined;

/** Unused settings are mistakes: CodeBuild only builds pushes, and one-off tasks are only migrations and schedules. */
export const usedParts =
  (defaults: { build: BuildSettings; task: TaskSettings }): Rule<ApplicationSettings> =>
  (application, path, mistakes) => {
    const { source, build, task } = application;
    if ("image" in source && build !== defaults.build)
      fail(
        mistakes,
        `${path}.build: is only for applications whose source is a push; remove it, because the image is already built`,
      );
    if (task !== defaults.task && !hasTasks(application))
      fail(
        mistakes,
        `${path}.task: is for migrate and schedules, and the application has neither; add one, or remove it`,
      );
  };

function everyService(applications: ApplicationSettings[], path: string) {
  return applications.flatMap((application, index) =>
    application.services.map((service, position) => ({
      path: `${path}[${index}].services[${position}]`,
      fullName: `${application.name}-${service.name}`,
      service,
    })),
  );
}
