import {
  BatchCheckLayerAvailabilityCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  DescribeImagesCommand,
  GetDownloadUrlForLayerCommand,
  InitiateLayerUploadCommand,
  UploadLayerPartCommand,
} from "@aws-sdk/client-ecr";
import { expect } from "chai";
import { sha256 } from "../../../../rehearsal/cloud/ecr/digest";
import { createRegistryCloud, DOCKER, nameOfRefusal, type RegistryCloud } from "./support";

const OCI = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

describe("ECR: layers and images", () => {
  let account: RegistryCloud;
  beforeEach(async () => {
    account = await createRegistryCloud();
  });
  afterEach(() => account.cloud.close());

  it("takes layers in parts and an image, by the digest of its exact bytes, and gives both back", async () => {
    await account.declareShop();
    const text = await account.manifest("files");
    const { image } = await account.put(text, "v1");
    expect(image?.imageId).to.deep.equal({ imageDigest: sha256(text), imageTag: "v1" });

    const { images, failures } = await account.client.send(
      new BatchGetImageCommand({
        repositoryName: "shop",
        imageIds: [{ imageDigest: sha256(text) }, { imageTag: "v1" }, { imageTag: "v2" }],
        acceptedMediaTypes: [DOCKER],
      }),
    );
    expect(images?.map((it) => [it.imageManifest, it.imageManifestMediaType, it.imageId?.imageTag])).to.deep.equal([
      [text, DOCKER, undefined],
      [text, DOCKER, "v1"],
    ]);
    expect(failures).to.deep.equal([
      { imageId: { imageTag: "v2" }, failureCode: "ImageNotFound", failureReason: "Requested image not found" },
    ]);

    const layerDigest = sha256("files");
    const { downloadUrl } = await account.client.send(
      new GetDownloadUrlForLayerCommand({ repositoryName: "shop", layerDigest }),
    );
    expect(await (await fetch(downloadUrl ?? "")).text()).to.equal("files");
    const { layers } = await account.client.send(
      new BatchCheckLayerAvailabilityCommand({ repositoryName: "shop", layerDigests: [layerDigest, sha256("other")] }),
    );
    expect(layers?.map((it) => [it.layerAvailability, it.layerSize])).to.deep.equal([
      ["AVAILABLE", 5],
      ["UNAVAILABLE", undefined],
    ]);
  });

  it("describes images, and refuses to describe one that is not there", async () => {
    await account.declareShop();
    const text = await account.manifest("files");
    await account.put(text, "v1");
    await account.put(text, "dev");
    const { imageDetails } = await account.client.send(new DescribeImagesCommand({ repositoryName: "shop" }));
    expect(imageDetails).to.deep.equal([
      {
        registryId: "123456789012",
        repositoryName: "shop",
        imageDigest: sha256(text),
        imageTags: ["dev", "v1"],
        imageSizeInBytes: "config of filesfiles".length,
        imagePushedAt: new Date(Date.UTC(2026, 0, 5, 9, 0, 0)),
        imageManifestMediaType: DOCKER,
      },
    ]);
    const missing = new DescribeImagesCommand({ repositoryName: "shop", imageIds: [{ imageTag: "v2" }] });
    expect(await nameOfRefusal(account.client.send(missing))).to.match(
      /^ImageNotFoundException: .*imageTag:'v2'.*'shop'/,
    );
  });

  it("refuses what is not an image of the repository", async () => {
    await account.declareShop();
    const text = await account.manifest("files");
    const cases: [Promise<unknown>, RegExp][] = [
      [account.put(text.replace(sha256("files"), sha256("gone"))), /^LayersNotFoundException: .*sha256:/],
      [account.put("{"), /^InvalidParameterException: .*Invalid JSON syntax/],
      [account.put(text, "v1", { imageDigest: sha256(`${text}\n`) }), /^ImageDigestDoesNotMatchException/],
      [
        account.put(JSON.stringify({ mediaType: INDEX, manifests: [{ digest: sha256("x") }] })),
        /^ReferencedImagesNotFoundException/,
      ],
      [
        account.client.send(new BatchGetImageCommand({ repositoryName: "none", imageIds: [{ imageTag: "v1" }] })),
        /^RepositoryNotFoundException: .*'none'/,
      ],
    ];
    for (const [attempt, expected] of cases) expect(await nameOfRefusal(attempt)).to.match(expected);
  });

  it("takes an OCI manifest only with its media type, and gives it only to those who accept it", async () => {
    await account.declareShop();
    const oci = JSON.stringify({ ...JSON.parse(await account.manifest("files")), mediaType: undefined });
    expect(await nameOfRefusal(account.put(oci, "v1"))).to.match(/^InvalidParameterException: .*Invalid JSON syntax/);
    await account.put(oci, "v1", { imageManifestMediaType: OCI });
    const ask = (acceptedMediaTypes: string[]) =>
      account.client.send(
        new BatchGetImageCommand({ repositoryName: "shop", imageIds: [{ imageTag: "v1" }], acceptedMediaTypes }),
      );
    expect((await ask([OCI, DOCKER])).images?.[0]?.imageManifest).to.equal(oci);
    expect((await ask([DOCKER])).failures?.[0]?.failureCode).to.equal("ImageNotFound");
  });

  it("refuses layers that do not arrive whole", async () => {
    await account.declareShop();
    const begin = async () =>
      (await account.client.send(new InitiateLayerUploadCommand({ repositoryName: "shop" }))).uploadId;
    const complete = (uploadId: string | undefined, content: string) =>
      nameOfRefusal(
        account.client.send(
          new CompleteLayerUploadCommand({ repositoryName: "shop", uploadId, layerDigests: [sha256(content)] }),
        ),
      );
    const part = (uploadId: string | undefined, partFirstByte: number) =>
      account.client.send(
        new UploadLayerPartCommand({
          repositoryName: "shop",
          uploadId,
          partFirstByte,
          partLastByte: partFirstByte + 3,
          layerPartBlob: Buffer.from("part"),
        }),
      );
    const uploadId = await begin();
    expect(await complete(uploadId, "")).to.match(/^EmptyUploadException/);
    expect(await nameOfRefusal(part(uploadId, 4))).to.match(/^InvalidLayerPartException: .*byte 4, and byte 0 is due/);
    await part(uploadId, 0);
    expect(await complete(uploadId, "other")).to.match(/^InvalidLayerException/);
    expect(await complete(uploadId, "part")).to.equal("no refusal");
    expect(await complete(uploadId, "part")).to.match(/^UploadNotFoundException/);
  });
});
