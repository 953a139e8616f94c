import {
  BatchCheckLayerAvailabilityCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  DescribeImagesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  GetDownloadUrlForLayerCommand,
  InitiateLayerUploadCommand,
  PutImageCommand,
  UploadLayerPartCommand,
} from "@aws-sdk/client-ecr";
import { expect } from "chai";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { sha256 } from "../../../../rehearsal/cloud/ecr/digest";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { createBus } from "../eventBridge/busSupport";

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const ARN = "arn:aws:ecr:us-east-1:123456789012:repository/shop";
const DOCKER = "application/vnd.docker.distribution.manifest.v2+json";
const OCI = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

describe("ECR", () => {
  let cloud: TestCloud;
  let client: ECRClient;
  let bus: ReturnType<typeof createBus>;

  beforeEach(async () => {
    bus = createBus();
    cloud = await createTestCloud([createEcr, bus.create]);
    client = await clientWith([{ Effect: "Allow", Action: "ecr:*", Resource: "*" }], "builder");
  });
  afterEach(() => cloud.close());

  async function clientWith(statements: object[], name: string): Promise<ECRClient> {
    const role = await cloud.role(name, "codebuild.amazonaws.com", statements);
    return new ECRClient(await cloud.clientOptions("codebuild.amazonaws.com", role));
  }

  const declareShop = (inputs: object = {}) =>
    cloud.declare("aws:ecr/repository:Repository", "shop", { name: "shop", ...inputs });

  async function upload(content: string): Promise<{ digest: string; size: number }> {
    const { uploadId } = await client.send(new InitiateLayerUploadCommand({ repositoryName: "shop" }));
    const bytes = Buffer.from(content);
    const half = Math.floor(bytes.length / 2);
    for (const [first, last] of [
      [0, half - 1],
      [half, bytes.length - 1],
    ] as const)
      await client.send(
        new UploadLayerPartCommand({
          repositoryName: "shop",
          uploadId,
          partFirstByte: first,
          partLastByte: last,
          layerPartBlob: bytes.subarray(first, last + 1),
        }),
      );
    const layerDigests = [sha256(bytes)];
    await client.send(new CompleteLayerUploadCommand({ repositoryName: "shop", uploadId, layerDigests }));
    return { digest: sha256(bytes), size: bytes.length };
  }

  async function manifest(content: string, mediaType: string | undefined = DOCKER): Promise<string> {
    const config = await upload(`config of ${content}`);
    const layer = await upload(content);
    return JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] });
  }

  const put = (imageManifest: string, imageTag?: string, more: object = {}) =>
    client.send(new PutImageCommand({ repositoryName: "shop", imageManifest, imageTag, ...more }));

  const nameOfRefusal = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "no refusal",
      (error) => `${error.name}: ${error.message}`,
    );

  it("declares a repository as the provider answers", async () => {
    const { id, outputs } = await declareShop();
    expect({ id, ...outputs }).to.deep.equal({
      id: "shop",
      name: "shop",
      arn: ARN,
      registryId: "123456789012",
      repositoryUrl: `${HOST}/shop`,
    });
  });

  it("refuses a second repository of a name, and a name that is none", async () => {
    await declareShop();
    expect(await nameOfRefusal(declareShop())).to.equal(
      "RepositoryAlreadyExistsException: The repository with name 'shop' already exists in the registry with id '123456789012'",
    );
    for (const name of ["s", "Shop", "shop/", "a".repeat(257)])
      expect(await nameOfRefusal(declareShop({ name }))).to.match(
        /^InvalidParameterException: Invalid parameter at 'repositoryName'/,
      );
  });

  it("takes layers in parts and an image, by the digest of its exact bytes, and gives both back", async () => {
    await declareShop();
    const text = await manifest("files");
    const { image } = await put(text, "v1");
    expect(image?.imageId).to.deep.equal({ imageDigest: sha256(text), imageTag: "v1" });

    const { images, failures } = await client.send(
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
    const { downloadUrl } = await client.send(
      new GetDownloadUrlForLayerCommand({ repositoryName: "shop", layerDigest }),
    );
    expect(await (await fetch(downloadUrl ?? "")).text()).to.equal("files");
    const { layers } = await client.send(
      new BatchCheckLayerAvailabilityCommand({ repositoryName: "shop", layerDigests: [layerDigest, sha256("other")] }),
    );
    expect(layers?.map((it) => [it.layerAvailability, it.layerSize])).to.deep.equal([
      ["AVAILABLE", 5],
      ["UNAVAILABLE", undefined],
    ]);
  });

  it("describes images, and refuses to describe one that is not there", async () => {
    await declareShop();
    const text = await manifest("files");
    await put(text, "v1");
    await put(text, "dev");
    const { imageDetails } = await client.send(new DescribeImagesCommand({ repositoryName: "shop" }));
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
    expect(await nameOfRefusal(client.send(missing))).to.match(/^ImageNotFoundException: .*imageTag:'v2'.*'shop'/);
  });

  it("moves a tag to another image, and says that an image already has its tag", async () => {
    await declareShop();
    const [first, second] = [await manifest("one"), await manifest("two")];
    await put(first, "dev");
    expect(await nameOfRefusal(put(first, "dev"))).to.match(/^ImageAlreadyExistsException/);
    expect(await nameOfRefusal(put(first))).to.match(/^ImageAlreadyExistsException/);
    await put(second, "dev");
    const { imageDetails } = await client.send(new DescribeImagesCommand({ repositoryName: "shop" }));
    expect(imageDetails?.map((it) => [it.imageDigest, it.imageTags])).to.deep.equal([
      [sha256(first), undefined],
      [sha256(second), ["dev"]],
    ]);
    expect(cloud.events).to.deep.equal([
      { kind: "image-pushed", repository: "shop", tags: ["dev"], digest: sha256(first) },
      { kind: "image-pushed", repository: "shop", tags: ["dev"], digest: sha256(second) },
    ]);
  });

  it("puts each tag that is pushed on the account's bus, and none that was there", async () => {
    await declareShop();
    const [first, second] = [await manifest("one"), await manifest("two")];
    await put(first, "dev");
    await nameOfRefusal(put(first, "dev"));
    await put(first, "v1");
    await put(second);
    const pushed = (image: string, tag: object) => ({
      result: "SUCCESS",
      "repository-name": "shop",
      "image-digest": sha256(image),
      "action-type": "PUSH",
      ...tag,
    });
    expect(bus.detailsOf("ECR Image Action")).to.deep.equal([
      pushed(first, { "image-tag": "dev" }),
      pushed(first, { "image-tag": "v1" }),
      pushed(second, {}),
    ]);
    const { Detail, ...envelope } = bus.entries[0] ?? {};
    expect(envelope).to.deep.equal({
      Source: "aws.ecr",
      DetailType: "ECR Image Action",
      Resources: [],
      Time: new Date(Date.UTC(2026, 0, 5, 9)),
    });
  });

  it("keeps the tags of an immutable repository where they are, but for those that it excepts", async () => {
    await declareShop({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [{ filter: "dev*", filterType: "WILDCARD" }],
    });
    const [first, second] = [await manifest("one"), await manifest("two")];
    await put(first, "v1");
    await put(first, "dev-1");
    expect(await nameOfRefusal(put(second, "v1"))).to.match(/^ImageTagAlreadyExistsException: .*'v1'.*'shop'/);
    expect(await nameOfRefusal(put(second, "dev-1"))).to.equal("no refusal");
  });

  it("never moves a commit's tag, and lets those of environments move", async () => {
    await declareShop({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: ["dev", "prod"].map((filter) => ({ filter, filterType: "WILDCARD" })),
    });
    const [first, second] = [await manifest("one"), await manifest("two")];
    const commit = "0c5b1d2e3f405162738495a6b7c8d9e0f1a2b3c4";
    for (const tag of [commit, "dev", "prod", "dev-2"]) await put(first, tag);
    for (const tag of [commit, "dev-2"])
      expect(await nameOfRefusal(put(second, tag))).to.match(/^ImageTagAlreadyExistsException/);
    for (const tag of ["dev", "prod"]) expect(await nameOfRefusal(put(second, tag))).to.equal("no refusal");
  });

  for (const [what, mutability, message] of [
    ["another setting", { imageTagMutability: "FIXED" }, /^Invalid parameter at 'imageTagMutability'/],
    ["exclusions that are missing", { imageTagMutability: "IMMUTABLE_WITH_EXCLUSION" }, /needs at least one/],
    [
      "exclusions from nothing",
      {
        imageTagMutability: "IMMUTABLE",
        imageTagMutabilityExclusionFilters: [{ filter: "dev", filterType: "WILDCARD" }],
      },
      /IMMUTABLE takes none/,
    ],
    [
      "more than five exclusions",
      {
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: ["a", "b", "c", "d", "e", "f"].map((filter) => ({
          filter,
          filterType: "WILDCARD",
        })),
      },
      /length less than or equal to 5/,
    ],
    [
      "an exclusion of what is no tag",
      {
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filter: "dev/", filterType: "WILDCARD" }],
      },
      /regular expression pattern/,
    ],
  ] as const)
    it(`refuses a repository with ${what}`, async () => {
      const error = await refusal(declareShop(mutability));
      expect([error.name, message.test(error.message)]).to.deep.equal(["InvalidParameterException", true]);
    });

  it("refuses what is not an image of the repository", async () => {
    await declareShop();
    const text = await manifest("files");
    const cases: [Promise<unknown>, RegExp][] = [
      [put(text.replace(sha256("files"), sha256("gone"))), /^LayersNotFoundException: .*sha256:/],
      [put("{"), /^InvalidParameterException: .*Invalid JSON syntax/],
      [put(text, "v1", { imageDigest: sha256(`${text}\n`) }), /^ImageDigestDoesNotMatchException/],
      [
        put(JSON.stringify({ mediaType: INDEX, manifests: [{ digest: sha256("x") }] })),
        /^ReferencedImagesNotFoundException/,
      ],
      [
        client.send(new BatchGetImageCommand({ repositoryName: "none", imageIds: [{ imageTag: "v1" }] })),
        /^RepositoryNotFoundException: .*'none'/,
      ],
    ];
    for (const [attempt, expected] of cases) expect(await nameOfRefusal(attempt)).to.match(expected);
  });

  it("takes an OCI manifest only with its media type, and gives it only to those who accept it", async () => {
    await declareShop();
    const oci = JSON.stringify({ ...JSON.parse(await manifest("files")), mediaType: undefined });
    expect(await nameOfRefusal(put(oci, "v1"))).to.match(/^InvalidParameterException: .*Invalid JSON syntax/);
    await put(oci, "v1", { imageManifestMediaType: OCI });
    const ask = (acceptedMediaTypes: string[]) =>
      client.send(
        new BatchGetImageCommand({ repositoryName: "shop", imageIds: [{ imageTag: "v1" }], acceptedMediaTypes }),
      );
    expect((await ask([OCI, DOCKER])).images?.[0]?.imageManifest).to.equal(oci);
    expect((await ask([DOCKER])).failures?.[0]?.failureCode).to.equal("ImageNotFound");
  });

  it("refuses layers that do not arrive whole", async () => {
    await declareShop();
    const begin = async () => (await client.send(new InitiateLayerUploadCommand({ repositoryName: "shop" }))).uploadId;
    const complete = (uploadId: string | undefined, content: string) =>
      nameOfRefusal(
        client.send(
          new CompleteLayerUploadCommand({ repositoryName: "shop", uploadId, layerDigests: [sha256(content)] }),
        ),
      );
    const part = (uploadId: string | undefined, partFirstByte: number) =>
      client.send(
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

  it("asks for each action on the repository, and for the token on everything", async () => {
    await declareShop();
    const pusher = await clientWith([{ Effect: "Allow", Action: ["ecr:PutImage"], Resource: [ARN] }], "pusher");
    const token = nameOfRefusal(pusher.send(new GetAuthorizationTokenCommand({})));
    expect(await token).to.match(/^AccessDeniedException: .*pusher.* ecr:GetAuthorizationToken on resource: \*/);
    const images = nameOfRefusal(pusher.send(new DescribeImagesCommand({ repositoryName: "shop" })));
    expect(await images).to.include(`ecr:DescribeImages on resource: ${ARN}`);
    const layers = pusher.send(new InitiateLayerUploadCommand({ repositoryName: "shop" }));
    expect(await nameOfRefusal(layers)).to.include(`ecr:InitiateLayerUpload on resource: ${ARN}`);
  });
});
