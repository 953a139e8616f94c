import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import type { DescribeImagesCommandOutput } from "@aws-sdk/client-ecr";
import { expect } from "chai";
import { unpack } from "../../../../rehearsal/cloud/codeBuild/source";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { createEventBridge } from "../../../../rehearsal/cloud/eventBridge";
import type { GetObjectOutput } from "../../../../rehearsal/cloud/s3/shapes";
import { pushImage } from "../ecs/containerSupport";
import { aws, createPipelineCloud, invoke, type PipelineCloud, stage } from "./support";

const operator = { kind: "operator" } as const;
const registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const artifacts = "arn:aws:s3:::acme-artifacts";

/** What the role of a pipeline with an image source is allowed, one permission a statement. */
const statements = {
  describe: {
    Effect: "Allow",
    Action: "ecr:DescribeImages",
    Resource: "arn:aws:ecr:us-east-1:123456789012:repository/storefront",
  },
  acl: { Effect: "Allow", Action: "s3:GetBucketAcl", Resource: artifacts },
  location: { Effect: "Allow", Action: "s3:GetBucketLocation", Resource: artifacts },
  versioning: { Effect: "Allow", Action: "s3:GetBucketVersioning", Resource: artifacts },
  put: { Effect: "Allow", Action: "s3:PutObject", Resource: `${artifacts}/*` },
  stored: { Effect: "Allow", Action: "s3:GetObject", Resource: `${artifacts}/*` },
  invoke: {
    Effect: "Allow",
    Action: "lambda:InvokeFunction",
    Resource: "arn:aws:lambda:us-east-1:123456789012:function:deploy",
  },
};

const image = {
  ...aws("Source", "ECR"),
  name: "Source",
  namespace: "Source",
  outputArtifacts: ["Image"],
  configuration: { RepositoryName: "storefront", ImageTag: "dev" },
};

const stagesOf = (source: object) => [
  stage("Source", source),
  stage(
    "Deploy",
    invoke("Deploy", {
      inputArtifacts: ["Image"],
      configuration: { FunctionName: "deploy", UserParameters: "#{Source.ImageURI} #{Source.ImageTag}" },
    }),
  ),
];

describe("a pipeline whose source is an image", () => {
  let account: PipelineCloud;

  beforeEach(async () => {
    account = await createPipelineCloud([createEcr, createEventBridge]);
    await account.cloud.declare("aws:ecr/repository:Repository", "storefront", { name: "storefront" });
  });

  afterEach(() => account.close());

  /** @returns the image's digest */
  async function push(tag: string, file: string): Promise<string> {
    const files = { Dockerfile: "FROM scratch\nCOPY file /file\n", file };
    const name = await pushImage(account.cloud, `${registry}/storefront:${tag}`, files);
    return name.slice(name.indexOf("@") + 1);
  }

  const declare = (source: object = image, granted: object[] = Object.values(statements), more: object = {}) =>
    account.declare(stagesOf(source), { granted, ...more });

  /** The file in an artifact of which a job tells. */
  async function fileIn(bucketName: string, objectKey: string): Promise<unknown> {
    const folder = await mkdtemp(path.join(tmpdir(), "slipway-artifact-"));
    const input = { Bucket: bucketName, Key: objectKey };
    const { Body } = await account.cloud.call<object, GetObjectOutput>(operator, "s3", "GetObject", input);
    await writeFile(path.join(folder, "image.zip"), await buffer(Body));
    await unpack(path.join(folder, "image.zip"), path.join(folder, "image"));
    const text = await readFile(path.join(folder, "image", "imageDetail.json"), "utf8");
    await rm(folder, { recursive: true });
    return JSON.parse(text);
  }

  it("puts the image out by digest, with imageDetail.json", async () => {
    const commit = "0123456789abcdef0123456789abcdef01234567";
    await push(commit, "one");
    const digest = await push("dev", "one");
    await declare();
    const id = await account.start();
    const job = await account.inbox.next();
    const uri = `${registry}/storefront@${digest}`;
    expect(job.data.actionConfiguration.configuration.UserParameters).to.equal(`${uri} dev`);
    const [artifact] = job.data.inputArtifacts;
    expect(artifact).to.deep.include({ name: "Image", revision: digest });
    const { bucketName = "", objectKey = "" } = artifact?.location.s3Location ?? {};
    const { imageDetails } = await account.cloud.call<object, DescribeImagesCommandOutput>(
      operator,
      "ecr",
      "DescribeImages",
      { repositoryName: "storefront" },
    );
    expect(await fileIn(bucketName, objectKey)).to.deep.equal({
      ImageSizeInBytes: String(imageDetails?.[0]?.imageSizeInBytes),
      ImageDigest: digest,
      Version: "1.0",
      ImagePushedAt: "Mon Jan 05 09:00:00 UTC 2026",
      RegistryId: "123456789012",
      RepositoryName: "storefront",
      ImageURI: uri,
      ImageTags: [commit, "dev"],
    });
    const [sourced] = await account.actions(id);
    expect(sourced?.output?.outputVariables).to.deep.equal({
      RegistryId: "123456789012",
      RepositoryName: "storefront",
      ImageTag: "dev",
      ImageDigest: digest,
      ImageURI: uri,
    });
  });

  it("takes the digest that the tag has when the source runs, and keeps it though the tag moves", async () => {
    await push("dev", "one");
    await declare();
    const second = await push("dev", "two");
    await account.start();
    await push("dev", "three");
    const { configuration } = (await account.inbox.next()).data.actionConfiguration;
    expect(configuration.UserParameters).to.equal(`${registry}/storefront@${second} dev`);
  });

  it("reads the tag latest unless told another", async () => {
    const digest = await push("latest", "one");
    await declare({ ...image, configuration: { RepositoryName: "storefront" } });
    await account.start();
    const { configuration } = (await account.inbox.next()).data.actionConfiguration;
    expect(configuration.UserParameters).to.equal(`${registry}/storefront@${digest} latest`);
  });

  it("takes the digest that it was started with", async () => {
    const first = await push("dev", "one");
    await push("dev", "two");
    await declare();
    const sourceRevisions = [{ actionName: "Source", revisionType: "IMAGE_DIGEST" as const, revisionValue: first }];
    await account.start({ sourceRevisions });
    const { configuration } = (await account.inbox.next()).data.actionConfiguration;
    expect(configuration.UserParameters).to.equal(`${registry}/storefront@${first} dev`);
  });

  it("is started by the push of its tag alone, under the rule's role", async () => {
    const { outputs } = await declare();
    const roleArn = await account.cloud.role("rule", "events.amazonaws.com", [
      { Effect: "Allow", Action: "codepipeline:StartPipelineExecution", Resource: outputs.arn },
    ]);
    await account.cloud.declare("aws:cloudwatch/eventRule:EventRule", "pushed", {
      name: "pushed",
      eventPattern: JSON.stringify({
        source: ["aws.ecr"],
        "detail-type": ["ECR Image Action"],
        detail: {
          "action-type": ["PUSH"],
          result: ["SUCCESS"],
          "repository-name": ["storefront"],
          "image-tag": ["dev"],
        },
      }),
    });
    await account.cloud.declare("aws:cloudwatch/eventTarget:EventTarget", "pushed", {
      rule: "pushed",
      arn: outputs.arn,
      roleArn,
    });
    await push("v1", "one");
    const digest = await push("dev", "one");
    const { configuration } = (await account.inbox.next()).data.actionConfiguration;
    expect(configuration.UserParameters).to.equal(`${registry}/storefront@${digest} dev`);
    const started = account.cloud.trail.filter((it) => it.operation === "StartPipelineExecution");
    expect(started.map((it) => [it.principal, it.outcome])).to.deep.equal([[roleArn, "succeeded"]]);
  });

  const missing: [string, object, string][] = [
    [
      "the tag",
      { RepositoryName: "storefront", ImageTag: "prod" },
      "The image with imageId {imageDigest:'null', imageTag:'prod'} does not exist within the repository with name 'storefront'",
    ],
    [
      "the repository",
      { RepositoryName: "none", ImageTag: "dev" },
      "The repository with name 'none' does not exist in the registry",
    ],
  ];
  for (const [what, configuration, why] of missing)
    it(`fails where ${what} is not there`, async () => {
      const everywhere = { ...statements.describe, Resource: "*" };
      await declare({ ...image, configuration }, [...Object.values(statements), everywhere]);
      const end = await account.finished(await account.start());
      expect(end.status).to.equal("Failed");
      expect(end.reason).to.include(`Source/Source: ${why}`);
    });

  const needed: [keyof typeof statements, string][] = [
    ["describe", "ecr:DescribeImages on resource: arn:aws:ecr:us-east-1:123456789012:repository/storefront"],
    ["acl", "s3:GetBucketAcl on resource: arn:aws:s3:::acme-artifacts"],
    ["location", "s3:GetBucketLocation on resource: arn:aws:s3:::acme-artifacts"],
    ["versioning", "s3:GetBucketVersioning on resource: arn:aws:s3:::acme-artifacts"],
    ["put", "s3:PutObject on resource: arn:aws:s3:::acme-artifacts/storefront/Image/"],
    ["stored", "s3:GetObject on resource: arn:aws:s3:::acme-artifacts/storefront/Image/"],
  ];
  for (const [statement, why] of needed)
    it(`fails without (${statement})`, async () => {
      await push("dev", "one");
      const { [statement]: _, ...rest } = statements;
      await declare(image, Object.values(rest));
      const end = await account.finished(await account.start());
      expect(end.status).to.equal("Failed");
      expect(end.reason).to.include("Source/Source: User: ").and.include(why);
    });
});
