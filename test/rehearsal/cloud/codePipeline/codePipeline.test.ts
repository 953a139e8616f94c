import { GetPipelineExecutionCommand, GetPipelineStateCommand } from "@aws-sdk/client-codepipeline";
import { expect } from "chai";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { namedRefusal } from "../../../refusal";
import { createPipelineCloud, deliver, invoke, type PipelineCloud, source, stage, statements } from "./support";

describe("rehearsed CodePipeline", () => {
  let account: PipelineCloud;

  beforeEach(async () => {
    account = await createPipelineCloud();
  });

  afterEach(() => account.close());

  it("carries a revision from the source to the function that is invoked", async () => {
    const { outputs } = await account.declare();
    expect(outputs.arn).to.equal("arn:aws:codepipeline:us-east-1:123456789012:storefront");
    const id = await account.start();
    const job = await account.inbox.next();
    expect(job.accountId).to.equal("123456789012");
    expect(job.data.actionConfiguration.configuration).to.deep.equal({
      FunctionName: "deploy",
      UserParameters: `{"version":"${account.version}"}`,
    });
    expect(job.data).to.deep.include({ inputArtifacts: [], outputArtifacts: [] });
    expect(job.data).to.not.have.property("continuationToken");
    expect(job.data.artifactCredentials).to.have.all.keys("accessKeyId", "secretAccessKey", "sessionToken");
    await account.succeed(job, { executionDetails: { summary: "done", externalExecutionId: "deployment-1" } });
    expect(await account.finished(id)).to.deep.equal({ status: "Succeeded", reason: undefined });

    const { pipelineExecution } = await account.client.send(
      new GetPipelineExecutionCommand({ pipelineName: "storefront", pipelineExecutionId: id }),
    );
    expect(pipelineExecution).to.deep.include({
      status: "Succeeded",
      artifactRevisions: [{ name: "Source", revisionId: account.version, revisionSummary: "Add a cart" }],
    });
    const [sourced, deployed] = await account.actions(id);
    expect(sourced?.output?.outputVariables).to.deep.equal({
      BucketName: "acme-source",
      ObjectKey: "storefront/source.zip",
      VersionId: account.version,
      ETag: "f97c5d29941bfb1b2fdab0874906ab82",
    });
    const [artifact] = sourced?.output?.outputArtifacts ?? [];
    expect(artifact?.s3location?.key).to.match(/^storefront\/Source\/[0-9a-f]{7}$/);
    expect(deployed?.output?.executionResult).to.deep.include({
      externalExecutionSummary: "done",
      externalExecutionId: "deployment-1",
    });
  });

  it("starts once for each client request token", async () => {
    await account.declare();
    const id = await account.start({ clientRequestToken: "commit-1" });
    expect(await account.start({ clientRequestToken: "commit-1" })).to.equal(id);
    await account.succeed(await account.inbox.next());
    await account.finished(id);
    expect(await account.start({ clientRequestToken: "commit-1" })).to.equal(id);
    expect(await account.start({ clientRequestToken: "commit-2" })).to.not.equal(id);
  });

  describe("a source revision override", () => {
    const override = (revisionValue: string) => ({
      sourceRevisions: [{ actionName: "Source", revisionType: "S3_OBJECT_VERSION_ID" as const, revisionValue }],
    });

    it("reads that version, not the newest, and needs no s3:GetObject", async () => {
      await account.upload("two");
      const { head, ...rest } = statements;
      await account.declare(deliver, { granted: Object.values(rest) });
      await account.start(override(account.version));
      const { configuration } = (await account.inbox.next()).data.actionConfiguration;
      expect(configuration.UserParameters).to.equal(`{"version":"${account.version}"}`);
    });

    it("is refused by a V1 pipeline", async () => {
      await account.declare(deliver, { pipelineType: "V1" });
      expect(await namedRefusal(account.start(override(account.version)))).to.equal(
        "ValidationException: Source revision overrides are only supported for pipelines of type V2.",
      );
    });

    it("is refused with the revision type of another source", async () => {
      await account.declare();
      const sourceRevisions = [
        { actionName: "Source", revisionType: "IMAGE_DIGEST" as const, revisionValue: "sha256:0" },
      ];
      expect(await namedRefusal(account.start({ sourceRevisions }))).to.equal(
        "ValidationException: The revision type of Source is IMAGE_DIGEST; its source takes S3_OBJECT_VERSION_ID.",
      );
    });

    it("fails the source where there is no such version", async () => {
      await account.declare();
      expect(await account.finished(await account.start(override("nothing")))).to.deep.equal({
        status: "Failed",
        reason: "Source/Source: The specified version does not exist: nothing of storefront/source.zip.",
      });
    });
  });

  describe("without a permission of its role", () => {
    const needed: [keyof typeof statements, string][] = [
      ["acl", "Source/Source: .* s3:GetBucketAcl on resource: arn:aws:s3:::acme-source\\."],
      ["location", "Source/Source: .* s3:GetBucketLocation on resource: arn:aws:s3:::acme-source\\."],
      ["stored", "Source/Source: .* s3:GetObject on resource: arn:aws:s3:::acme-artifacts/storefront/Source/"],
      ["versioning", "Source/Source: .* s3:GetBucketVersioning on resource: arn:aws:s3:::acme-source\\."],
      ["head", "Source/Source: .* s3:GetObject on resource: arn:aws:s3:::acme-source/storefront/source.zip"],
      ["version", "Source/Source: .* s3:GetObjectVersion on resource: arn:aws:s3:::acme-source/storefront/source.zip"],
      ["artifacts", "Source/Source: .* s3:PutObject on resource: arn:aws:s3:::acme-artifacts/storefront/Source/"],
      ["invoke", "Deploy/Deploy: .* lambda:InvokeFunction on resource: arn:aws:lambda:.*:function:deploy"],
    ];
    for (const [missing, reason] of needed)
      it(`(${missing}) the action fails with the denial`, async () => {
        const { [missing]: _, ...rest } = statements;
        await account.declare(deliver, { granted: Object.values(rest) });
        const end = await account.finished(await account.start());
        expect(end.status).to.equal("Failed");
        expect(end.reason).to.match(new RegExp(`^${reason}`));
      });
  });

  it("fails the source of a bucket that is not versioned", async () => {
    await account.cloud.declare("aws:s3/bucketVersioning:BucketVersioning", "suspended", {
      bucket: "acme-source",
      versioningConfiguration: { status: "Suspended" },
    });
    await account.declare();
    const { reason } = await account.finished(await account.start());
    expect(reason).to.equal(
      "Source/Source: The bucket acme-source is a pipeline's source and must have versioning enabled; it is Suspended.",
    );
  });

  it("fails an action whose UserParameters are too long once their variables are in", async () => {
    const UserParameters = `${"x".repeat(980)}#{Source.VersionId}`;
    await account.declare([
      stage("Source", source),
      stage("Deploy", invoke("Deploy", { configuration: { FunctionName: "deploy", UserParameters } })),
    ]);
    expect((await account.finished(await account.start())).reason).to.equal(
      "Deploy/Deploy: UserParameters with its variables resolved has 1012 characters; at most 1000 are allowed.",
    );
  });

  it("fails an action whose variable has no value", async () => {
    await account.declare([
      stage("Source", source),
      stage(
        "Deploy",
        invoke("Deploy", { configuration: { FunctionName: "deploy", UserParameters: "#{Source.Commit}" } }),
      ),
    ]);
    expect((await account.finished(await account.start())).reason).to.equal(
      "Deploy/Deploy: The variable #{Source.Commit} in UserParameters has no value: the namespace Source has " +
        "BucketName, ObjectKey, VersionId, ETag.",
    );
  });

  it("lets one execution into a stage, and the newest of those that wait", async () => {
    await account.declare();
    const first = await account.start();
    const job = await account.inbox.next();
    const second = await account.start();
    await account.cloud.until(
      (event): event is CloudEvent =>
        event.kind === "action" && event.executionId === second && event.status === "Succeeded",
    );
    const third = await account.start();
    expect(await account.finished(second)).to.deep.equal({
      status: "Superseded",
      reason: "A newer execution waits for stage Deploy.",
    });
    const { stageStates = [] } = await account.client.send(new GetPipelineStateCommand({ name: "storefront" }));
    expect(stageStates[1]?.latestExecution).to.deep.include({ pipelineExecutionId: first, status: "InProgress" });
    expect(stageStates[1]?.inboundExecution).to.deep.include({ pipelineExecutionId: third });
    await account.fail(job, "no");
    expect((await account.finished(first)).status).to.equal("Failed");
    await account.succeed(await account.inbox.next());
    expect((await account.finished(third)).status).to.equal("Succeeded");
  });
});
