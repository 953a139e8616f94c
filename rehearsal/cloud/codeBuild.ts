import { randomUUID } from "node:crypto";
import path from "node:path";
import type {
  BatchGetBuildsInput,
  BatchGetBuildsOutput,
  StartBuildInput,
  StartBuildOutput,
} from "@aws-sdk/client-codebuild";
import { type BuildRequest, type RunningBuild, servicePrincipal, startBuild } from "./codeBuild/build";
import type { BuildFacts } from "./codeBuild/environment";
import { type Project, readProject } from "./codeBuild/project";
import { installStandIns, type StandIns } from "./codeBuild/standIns";
import {
  awsError,
  type Cloud,
  type Created,
  type Declaration,
  type Operation,
  operation,
  type Service,
} from "./service";

/**
 * CodeBuild: runs a project's buildspec in a shell on this machine, under the project's role, with stand-ins for the
 * programs of AWS's build image (codeBuild/standIns.ts). Commands and the declared timeout use real time.
 * @param realMinute real milliseconds per minute of the timeout
 */
export function createCodeBuild(cloud: Cloud, realMinute = 60_000): Service {
  const projects = new Map<string, Project>();
  const builds = new Map<string, RunningBuild>();
  const folder = path.join(cloud.directory, "codeBuild");
  let standIns: Promise<StandIns> | undefined;

  async function createProject(declaration: Declaration): Promise<Created> {
    const name = cloud.physicalName(declaration, declaration.inputs.name);
    const arn = cloud.arn("codebuild", `project/${name}`);
    const project = readProject(declaration, name, arn);
    await cloud.assumeRole(servicePrincipal, project.serviceRole);
    projects.set(name, project);
    return { id: arn, outputs: { arn, name } };
  }

  function projectOf(name: string | undefined): Project {
    const project = projects.get(name ?? "");
    if (project === undefined) throw awsError("ResourceNotFoundException", `Project cannot be found: ${name}.`);
    return project;
  }

  function newBuild(project: Project, input: StartBuildInput): BuildFacts {
    const uuid = randomUUID();
    const own = path.join(folder, uuid);
    project.builds++;
    const { streamPrefix } = project.logs;
    return {
      id: `${project.name}:${uuid}`,
      arn: cloud.arn("codebuild", `build/${project.name}:${uuid}`),
      number: project.builds,
      startTime: cloud.clock.now(),
      folders: {
        source: path.join(own, "src"),
        home: path.join(own, "home"),
        temporary: path.join(own, "tmp"),
        scratch: path.join(own, "scratch"),
      },
      sourceLocation: input.sourceLocationOverride ?? "",
      revision: input.sourceVersion,
      logStream: streamPrefix === undefined ? uuid : `${streamPrefix}/${uuid}`,
    };
  }

  const startBuildOperation: Operation<StartBuildInput, StartBuildOutput> = {
    permissions: ({ projectName }) => [
      { action: "codebuild:StartBuild", resource: cloud.arn("codebuild", `project/${projectName}`) },
    ],
    async perform(input) {
      const project = projectOf(input.projectName);
      if (input.sourceTypeOverride !== "CODEPIPELINE")
        throw awsError(
          "InvalidInputException",
          `${project.name} builds what CodePipeline gives it: start the pipeline.`,
        );
      standIns ??= installStandIns(path.join(folder, "programs"));
      const facts = newBuild(project, input);
      const request: BuildRequest = {
        project,
        facts,
        variables: input.environmentVariablesOverride ?? [],
        target: targetOf(input),
        programs: (await standIns)[project.privileged ? "privileged" : "unprivileged"],
        timeout: project.timeout * realMinute,
      };
      const build = startBuild(cloud, request);
      builds.set(facts.id, build);
      void cloud.clock.during(build.ended);
      return { build: build.describe() };
    },
  };

  const batchGetBuilds: Operation<BatchGetBuildsInput, BatchGetBuildsOutput> = {
    // A build's id contains its project, which is what AWS authorises.
    permissions: ({ ids = [] }) =>
      ids.map((id) => ({
        action: "codebuild:BatchGetBuilds",
        resource: cloud.arn("codebuild", `project/${id.split(":")[0]}`),
      })),
    perform: ({ ids = [] }) => ({
      builds: ids.flatMap((id) => builds.get(id)?.describe() ?? []),
      buildsNotFound: ids.filter((id) => !builds.has(id)),
    }),
  };

  return {
    name: "codebuild",
    resources: { "aws:codebuild/project:Project": createProject },
    operations: { StartBuild: operation(startBuildOperation), BatchGetBuilds: operation(batchGetBuilds) },
    async stop() {
      for (const build of builds.values()) build.stop();
      await Promise.all([...builds.values()].map((it) => it.ended));
      await (await standIns)?.close();
    },
  };
}

function targetOf({ artifactsOverride }: StartBuildInput): BuildRequest["target"] {
  const { location, path: key } = artifactsOverride ?? {};
  return location === undefined || key === undefined ? undefined : { bucket: location, key };
}
