import { expect } from "chai";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createTestCloud, type TestCloud } from "../../support";
import { pushImage } from "../ecs/containerSupport";
import { declareFunction } from "../lambda/support";

/** Reads the labels of an image by its tag: from its manifest to its configuration, which is a blob like its layers. */
const reader = `
const { ECRClient, BatchGetImageCommand, GetDownloadUrlForLayerCommand } = require("@aws-sdk/client-ecr");
exports.handler = async ({ repositoryName, imageTag }) => {
  const ecr = new ECRClient({});
  const { images } = await ecr.send(new BatchGetImageCommand({
    repositoryName,
    imageIds: [{ imageTag }],
    acceptedMediaTypes: ["application/vnd.docker.distribution.manifest.v2+json"],
  }));
  const layerDigest = JSON.parse(images[0].imageManifest).config.digest;
  const { downloadUrl } = await ecr.send(new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest }));
  const { config } = await (await fetch(downloadUrl)).json();
  return config.Labels;
};`;

describe("an image's configuration", () => {
  let cloud: TestCloud;

  beforeEach(async () => {
    cloud = await createTestCloud([createEcr, createLambda, createLogs]);
    await cloud.declare("aws:ecr/repository:Repository", "shop", { name: "shop" });
    await pushImage(cloud, "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:v1", {
      Dockerfile: "FROM node\nLABEL slipway.schedules=c2NoZWR1bGVzOiBbXQ==\n",
    });
  });

  afterEach(() => cloud.close());

  const repository = "arn:aws:ecr:us-east-1:123456789012:repository/shop";
  const grant = (...actions: string[]) => ({ Effect: "Allow", Action: actions, Resource: repository });

  it("is read by a function, with global fetch", async () => {
    const granted = [grant("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")];
    const { invoke } = await declareFunction(cloud, "reader", reader, {}, granted);
    expect(await invoke({ repositoryName: "shop", imageTag: "v1" })).to.deep.equal({
      value: { "slipway.schedules": "c2NoZWR1bGVzOiBbXQ==" },
      error: undefined,
    });
  });

  it("is not read without ecr:GetDownloadUrlForLayer", async () => {
    const { invoke } = await declareFunction(cloud, "reader", reader, {}, [grant("ecr:BatchGetImage")]);
    const { value, error } = await invoke({ repositoryName: "shop", imageTag: "v1" });
    expect(error).to.equal("Unhandled");
    expect(value)
      .to.have.property("errorMessage")
      .that.includes(`ecr:GetDownloadUrlForLayer on resource: ${repository}`);
  });
});
