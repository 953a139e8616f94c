import { expect } from "chai";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { type BuildCloud, createBuildCloud, operator, zipOf } from "./support";

describe("a build in a pipeline", () => {
  let account: BuildCloud;

  beforeEach(async () => {
    account = await createBuildCloud();
  });

  afterEach(() => account.cloud.close());

  async function deliver(commands: string[]) {
    await account.declare();
    await account.cloud.declare("aws:s3/bucket:Bucket", "source", { bucket: "acme-source" });
    await account.cloud.declare("aws:s3/bucketVersioning:BucketVersioning", "source", {
      bucket: "acme-source",
      versioningConfiguration: { status: "Enabled" },
    });
    const roleArn = await account.cloud.role("pipeline", "codepipeline.amazonaws.com", [
      {
        Effect: "Allow",
        Action: ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
        Resource: ["arn:aws:s3:::acme-source", "arn:aws:s3:::acme-artifacts"],
      },
      { Effect: "Allow", Action: ["s3:GetObject", "s3:GetObjectVersion"], Resource: "arn:aws:s3:::acme-source/*" },
      {
        Effect: "Allow",
        Action: ["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"],
        Resource: "arn:aws:s3:::acme-artifacts/*",
      },
      {
        Effect: "Allow",
        Action: ["codebuild:StartBuild", "codebuild:BatchGetBuilds"],
        Resource: "arn:aws:codebuild:us-east-1:123456789012:project/storefront",
      },
    ]);
    const type = { owner: "AWS", version: "1" };
    const variables = [{ name: "SOURCE_VERSION_ID", value: "#{Source.VersionId}" }];
    await account.cloud.declare("aws:codepipeline/pipeline:Pipeline", "storefront", {
      name: "storefront",
      roleArn,
      artifactStores: [{ location: "acme-artifacts", type: "S3" }],
      stages: [
        {
          name: "Source",
          actions: [
            {
              ...{ ...type, category: "Source", provider: "S3", name: "Source", namespace: "Source" },
              outputArtifacts: ["Source"],
              configuration: { S3Bucket: "acme-source", S3ObjectKey: "a.zip", PollForSourceChanges: "false" },
            },
          ],
        },
        {
          name: "Build",
          actions: [
            {
              ...{ ...type, category: "Build", provider: "CodeBuild", name: "Build", namespace: "Build" },
              inputArtifacts: ["Source"],
              outputArtifacts: ["Build"],
              configuration: { ProjectName: "storefront", EnvironmentVariables: JSON.stringify(variables) },
            },
          ],
        },
      ],
    });
    const buildspec = {
      version: 0.2,
      env: { "exported-variables": ["TAG"] },
      phases: { build: { commands } },
      artifacts: { files: ["imagedefinitions.json"] },
    };
    const Body = await zipOf({ "buildspec.yml": JSON.stringify(buildspec) });
    const put = { Bucket: "acme-source", Key: "a.zip", Body };
    const { VersionId } = await account.cloud.call<object, { VersionId: string }>(operator, "s3", "PutObject", put);
    type PipelineEvent = CloudEvent & { kind: "pipeline" };
    const end = account.cloud.until(
      (event): event is PipelineEvent => event.kind === "pipeline" && event.status !== "InProgress",
    );
    await account.cloud.call(operator, "codepipeline", "StartPipelineExecution", { name: "storefront" });
    return { end: await end, VersionId };
  }

  it("takes the action's variables, and gives those that it exports", async () => {
    const { end, VersionId } = await deliver([
      'export TAG="$SOURCE_VERSION_ID/$CODEBUILD_RESOLVED_SOURCE_VERSION"',
      "touch imagedefinitions.json",
    ]);
    expect(end).to.deep.include({ status: "Succeeded", reason: undefined });
    type Output = { actionExecutionDetails: { output: { outputVariables: object } }[] };
    const { actionExecutionDetails } = await account.cloud.call<object, Output>(
      operator,
      "codepipeline",
      "ListActionExecutions",
      {
        pipelineName: "storefront",
      },
    );
    expect(actionExecutionDetails[0]?.output.outputVariables).to.deep.equal({ TAG: `${VersionId}/${VersionId}` });
  });

  it("fails the action with the phase and command that failed", async () => {
    const { end } = await deliver(["npm-of-nobody test"]);
    expect(end).to.deep.include({
      status: "Failed",
      reason:
        "Build/Build: Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: " +
        "Error while executing command: npm-of-nobody test. Reason: exit status 127",
    });
  });
});
