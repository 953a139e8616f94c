import {
  CodePipelineClient,
  GetPipelineStateCommand,
  ListActionExecutionsCommand,
  PutApprovalResultCommand,
  PutJobFailureResultCommand,
  PutJobSuccessResultCommand,
  type PutJobSuccessResultCommandInput,
  StartPipelineExecutionCommand,
  type StartPipelineExecutionCommandInput,
} from "@aws-sdk/client-codepipeline";
import type { InvocationRequest } from "@aws-sdk/client-lambda";
import type { CodePipelineEvent } from "aws-lambda";
import { expect } from "chai";
import { createCodePipeline } from "../../../../rehearsal/cloud/codePipeline";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { createS3 } from "../../../../rehearsal/cloud/s3";
import { type Cloud, operation, type Service } from "../../../../rehearsal/cloud/service";
import { createTestCloud } from "../../support";

const operator = { kind: "operator" } as const;
export type Job = CodePipelineEvent["CodePipeline.job"];

/** A Lambda whose invocations the test itself answers. */
function createInbox() {
  const jobs: Job[] = [];
  const readers: ((job: Job) => void)[] = [];
  const receive = (job: Job) => {
    const reader = readers.shift();
    if (reader === undefined) jobs.push(job);
    else reader(job);
  };
  const create = (cloud: Cloud): Service => ({
    name: "lambda",
    resources: {},
    operations: {
      Invoke: operation<InvocationRequest, object>({
        permissions: ({ FunctionName }) => [
          { action: "lambda:InvokeFunction", resource: cloud.arn("lambda", `function:${FunctionName}`) },
        ],
        perform({ Payload, InvocationType }) {
          expect(InvocationType).to.equal("Event");
          receive(JSON.parse(Buffer.from(Payload ?? "").toString())["CodePipeline.job"]);
          return { StatusCode: 202 };
        },
      }),
    },
  });
  const next = async (): Promise<Job> => jobs.shift() ?? new Promise((resolve) => readers.push(resolve));
  return { create, next, jobs };
}

export const aws = (category: string, provider: string) => ({ category, owner: "AWS", provider, version: "1" });

export const source = {
  ...aws("Source", "S3"),
  name: "Source",
  namespace: "Source",
  outputArtifacts: ["Source"],
  configuration: { S3Bucket: "acme-source", S3ObjectKey: "storefront/source.zip", PollForSourceChanges: "false" },
};

export const invoke = (name: string, more: object = {}) => ({
  ...aws("Invoke", "Lambda"),
  name,
  configuration: { FunctionName: "deploy", UserParameters: '{"version":"#{Source.VersionId}"}' },
  ...more,
});

export const stage = (name: string, ...actions: object[]) => ({ name, actions });

export const deliver = [stage("Source", source), stage("Deploy", invoke("Deploy"))];

const buckets = ["arn:aws:s3:::acme-source", "arn:aws:s3:::acme-artifacts"];

/** What the pipeline's role is allowed, one permission a statement. */
export const statements = {
  acl: { Effect: "Allow", Action: "s3:GetBucketAcl", Resource: buckets },
  location: { Effect: "Allow", Action: "s3:GetBucketLocation", Resource: buckets },
  versioning: { Effect: "Allow", Action: "s3:GetBucketVersioning", Resource: buckets },
  head: { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::acme-source/storefront/source.zip" },
  version: {
    Effect: "Allow",
    Action: "s3:GetObjectVersion",
    Resource: "arn:aws:s3:::acme-source/storefront/source.zip",
  },
  artifacts: { Effect: "Allow", Action: "s3:PutObject", Resource: "arn:aws:s3:::acme-artifacts/*" },
  stored: { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::acme-artifacts/*" },
  invoke: {
    Effect: "Allow",
    Action: "lambda:InvokeFunction",
    Resource: "arn:aws:lambda:us-east-1:123456789012:function:deploy",
  },
};

/**
 * An account with a versioned source of one version, an artifact bucket, and a Lambda that the test answers for.
 * @param more services beside them
 */
export async function createPipelineCloud(more: ((cloud: Cloud) => Service)[] = [], { speed = 0 } = {}) {
  const inbox = createInbox();
  const cloud = await createTestCloud([createS3, createCodePipeline, inbox.create, ...more], { speed });
  await cloud.declare("aws:s3/bucket:Bucket", "source", { bucket: "acme-source" });
  await cloud.declare("aws:s3/bucketVersioning:BucketVersioning", "source", {
    bucket: "acme-source",
    versioningConfiguration: { status: "Enabled" },
  });
  await cloud.declare("aws:s3/bucket:Bucket", "artifacts", { bucket: "acme-artifacts" });
  const role = await cloud.role("caller", "lambda.amazonaws.com", [
    { Effect: "Allow", Action: "codepipeline:*", Resource: "*" },
  ]);
  const client = new CodePipelineClient(await cloud.clientOptions("lambda.amazonaws.com", role));

  async function upload(body: string | Buffer, Metadata = {}): Promise<string> {
    const input = { Bucket: "acme-source", Key: "storefront/source.zip", Body: body, Metadata };
    return (await cloud.call<object, { VersionId: string }>(operator, "s3", "PutObject", input)).VersionId;
  }

  async function declare(
    stages: object[] = deliver,
    { granted = Object.values(statements), ...more }: { granted?: object[]; [input: string]: unknown } = {},
  ) {
    const roleArn = await cloud.role("pipeline", "codepipeline.amazonaws.com", granted);
    return cloud.declare("aws:codepipeline/pipeline:Pipeline", "storefront", {
      name: "storefront",
      roleArn,
      pipelineType: "V2",
      artifactStores: [{ location: "acme-artifacts", type: "S3" }],
      stages,
      ...more,
    });
  }

  async function start(input: Partial<StartPipelineExecutionCommandInput> = {}): Promise<string> {
    const started = await client.send(new StartPipelineExecutionCommand({ name: "storefront", ...input }));
    return String(started.pipelineExecutionId);
  }

  async function finished(executionId: string) {
    type PipelineEvent = CloudEvent & { kind: "pipeline" };
    const accept = (event: CloudEvent): event is PipelineEvent =>
      event.kind === "pipeline" && event.executionId === executionId && event.status !== "InProgress";
    const { status, reason } = cloud.events.find(accept) ?? (await cloud.until(accept));
    return { status, reason };
  }

  const succeed = (job: Job, more: Partial<PutJobSuccessResultCommandInput> = {}) =>
    client.send(new PutJobSuccessResultCommand({ jobId: job.id, ...more }));

  const fail = (job: Job, message: string) =>
    client.send(
      new PutJobFailureResultCommand({ jobId: job.id, failureDetails: { type: "ConfigurationError", message } }),
    );

  /** Decides the approval that the action waits for. */
  async function decide(stageName: string, actionName: string, status: "Approved" | "Rejected", summary: string) {
    const { stageStates = [] } = await client.send(new GetPipelineStateCommand({ name: "storefront" }));
    const states = stageStates.find((it) => it.stageName === stageName)?.actionStates;
    const token = states?.find((it) => it.actionName === actionName)?.latestExecution?.token;
    const where = { pipelineName: "storefront", stageName, actionName };
    const result = { status, summary };
    await client.send(new PutApprovalResultCommand({ ...where, token, result }));
    return token;
  }

  /** Resolves when the action of the execution has begun, or come to the status. */
  async function action(executionId: string, name: string, status = "InProgress"): Promise<void> {
    const accept = (event: CloudEvent): event is CloudEvent =>
      event.kind === "action" && event.executionId === executionId && event.action === name && event.status === status;
    if (!cloud.events.some(accept)) await cloud.until(accept);
  }

  async function actions(pipelineExecutionId: string) {
    const command = new ListActionExecutionsCommand({ pipelineName: "storefront", filter: { pipelineExecutionId } });
    const { actionExecutionDetails = [] } = await client.send(command);
    return actionExecutionDetails.reverse();
  }

  const version = await upload("one", { "codepipeline-artifact-revision-summary": "Add a cart" });
  const close = () => {
    client.destroy();
    return cloud.close();
  };
  const of = { upload, declare, start, finished, succeed, fail, decide, action, actions, close };
  return { cloud, client, inbox, version, ...of };
}

export type PipelineCloud = Awaited<ReturnType<typeof createPipelineCloud>>;
