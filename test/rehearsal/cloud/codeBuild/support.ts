import { createWriteStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { FilterLogEventsResponse } from "@aws-sdk/client-cloudwatch-logs";
import type { BatchGetBuildsOutput, Build, StartBuildInput, StartBuildOutput } from "@aws-sdk/client-codebuild";
import { ZipFile } from "yazl";
import { createCodeBuild } from "../../../../rehearsal/cloud/codeBuild";
import { unpack } from "../../../../rehearsal/cloud/codeBuild/source";
import { createCodePipeline } from "../../../../rehearsal/cloud/codePipeline";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createS3 } from "../../../../rehearsal/cloud/s3";
import type { GetObjectOutput } from "../../../../rehearsal/cloud/s3/shapes";
import { type Cloud, operation, type Service } from "../../../../rehearsal/cloud/service";
import { createTestCloud } from "../../support";

export const operator = { kind: "operator" } as const;

export type Content = string | { text: string; mode: number };

export const link = (target: string) => ({ text: target, mode: 0o120777 });

export async function zipOf(files: Record<string, Content>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) {
    const { text, mode } = typeof content === "string" ? { text: content, mode: 0o100644 } : content;
    zip.addBuffer(Buffer.from(text), name, { mode });
  }
  zip.end();
  return buffer(zip.outputStream.pipe(new PassThrough()));
}

/** The secrets that builds of these tests may read. */
const createSecrets = (): Service => ({
  name: "secretsmanager",
  resources: {},
  operations: {
    GetSecretValue: operation<{ SecretId: string }, { SecretString: string }>({
      permissions: ({ SecretId }) => [{ action: "secretsmanager:GetSecretValue", resource: SecretId }],
      perform: () => ({ SecretString: JSON.stringify({ token: "hush-1234", user: "builder" }) }),
    }),
  },
});

export const secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:npm-AbCdEf";
const logArn = "arn:aws:logs:us-east-1:123456789012:log-group:storefront-build";

/** What the build's role is allowed, one permission a statement. */
export const statements = {
  stream: { Effect: "Allow", Action: "logs:CreateLogStream", Resource: `${logArn}:*` },
  events: { Effect: "Allow", Action: "logs:PutLogEvents", Resource: `${logArn}:*` },
  head: { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::acme-artifacts/*" },
  version: { Effect: "Allow", Action: "s3:GetObjectVersion", Resource: "arn:aws:s3:::acme-artifacts/*" },
  upload: { Effect: "Allow", Action: "s3:PutObject", Resource: "arn:aws:s3:::acme-artifacts/*" },
  secret: { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secretArn },
};

export interface Declared {
  granted?: object[];
  environment?: object;
  [input: string]: unknown;
}

interface BuildCloudOptions {
  realMinute?: number;
  /** What the account has besides. */
  services?: ((cloud: Cloud) => Service)[];
}

/** An account in which a project of CodeBuild can be declared, and started without a pipeline. */
export async function createBuildCloud({ realMinute, services = [] }: BuildCloudOptions = {}) {
  const createBuilds = (cloud: Cloud) => createCodeBuild(cloud, realMinute);
  const cloud = await createTestCloud([
    createS3,
    createBuilds,
    createCodePipeline,
    createLogs,
    createSecrets,
    ...services,
  ]);
  await cloud.declare("aws:s3/bucket:Bucket", "artifacts", { bucket: "acme-artifacts" });
  await cloud.declare("aws:s3/bucketVersioning:BucketVersioning", "artifacts", {
    bucket: "acme-artifacts",
    versioningConfiguration: { status: "Enabled" },
  });
  await cloud.declare("aws:cloudwatch/logGroup:LogGroup", "build", { name: "storefront-build" });

  async function declare({ granted = Object.values(statements), environment = {}, ...more }: Declared = {}) {
    const serviceRole = await cloud.role("build", "codebuild.amazonaws.com", granted);
    return cloud.declare("aws:codebuild/project:Project", "storefront", {
      name: "storefront",
      serviceRole,
      source: { type: "CODEPIPELINE" },
      artifacts: { type: "CODEPIPELINE" },
      environment: { type: "LINUX_CONTAINER", computeType: "BUILD_GENERAL1_SMALL", image: "standard", ...environment },
      logsConfig: { cloudwatchLogs: { groupName: "storefront-build" } },
      ...more,
    });
  }

  async function begin(files: Record<string, Content>, input: Partial<StartBuildInput> = {}): Promise<string> {
    const source = { Bucket: "acme-artifacts", Key: "in", Body: await zipOf(files), Metadata: { commit: "c0ffee" } };
    await cloud.call(operator, "s3", "PutObject", source);
    const started = await cloud.call<StartBuildInput, StartBuildOutput>(operator, "codebuild", "StartBuild", {
      projectName: "storefront",
      sourceTypeOverride: "CODEPIPELINE",
      sourceLocationOverride: "acme-artifacts/in",
      sourceVersion: "version-1",
      artifactsOverride: { type: "CODEPIPELINE", location: "acme-artifacts", path: "out" },
      ...input,
    });
    return String(started.build?.id);
  }

  async function ended(id: string): Promise<Build> {
    type BuildEvent = CloudEvent & { kind: "build" };
    const accept = (event: CloudEvent): event is BuildEvent =>
      event.kind === "build" && event.buildId === id && event.status !== "IN_PROGRESS";
    if (!cloud.events.some(accept)) await cloud.until(accept);
    const { builds } = await cloud.call<object, BatchGetBuildsOutput>(operator, "codebuild", "BatchGetBuilds", {
      ids: [id],
    });
    return builds?.[0] ?? {};
  }

  const build = async (files: Record<string, Content>, input?: Partial<StartBuildInput>) =>
    ended(await begin(files, input));

  /** The lines that commands printed, without those of CodeBuild itself. */
  async function printed(): Promise<string[]> {
    const { events = [] } = await cloud.call<object, FilterLogEventsResponse>(operator, "logs", "FilterLogEvents", {
      logGroupName: "storefront-build",
    });
    return events.map((it) => String(it.message)).filter((it) => !it.startsWith("[Container]"));
  }

  async function artifact(): Promise<string[]> {
    const input = { Bucket: "acme-artifacts", Key: "out" };
    const { Body } = await cloud.call<object, GetObjectOutput>(operator, "s3", "GetObject", input);
    const folder = await mkdtemp(path.join(tmpdir(), "slipway-artifact-"));
    await pipeline(Body, createWriteStream(path.join(folder, "out.zip")));
    await unpack(path.join(folder, "out.zip"), path.join(folder, "out"));
    const files = await readdir(path.join(folder, "out"), { recursive: true, withFileTypes: true });
    await rm(folder, { recursive: true });
    return files
      .filter((it) => it.isFile())
      .map((it) => path.relative(path.join(folder, "out"), path.join(it.parentPath, it.name)))
      .sort();
  }

  return { cloud, declare, begin, ended, build, printed, artifact };
}

export type BuildCloud = Awaited<ReturnType<typeof createBuildCloud>>;

/** `BUILD: FAILED` of every phase that has a status. */
export const phases = ({ phases = [] }: Build) =>
  phases.filter((it) => it.phaseStatus !== undefined).map((it) => `${it.phaseType}: ${it.phaseStatus}`);

export const failure = ({ phases = [] }: Build) => phases.find((it) => it.phaseStatus === "FAILED")?.contexts?.[0];
