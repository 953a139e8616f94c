import { expect } from "chai";
import { createTag } from "../../handlers/tag";
import { serialize } from "../../infra/lambda/serialization";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { JOB, jobOf } from "./job";
import { type Lambda, startLambda } from "./lambda";

const OLD = `sha256:${"a".repeat(64)}`;
const DIGEST = `sha256:${"b".repeat(64)}`;
const COMMIT = "0c5b1d2e3f405162738495a6b7c8d9e0f1a2b3c4";
const NEW = `sha256:${"c".repeat(64)}`;
// Spaces, order and the missing newline at its end are all part of what the digest is of.
const MANIFEST = '{ "schemaVersion": 2,\n  "manifests":[ {"platform":{"os":"linux"}} ] }';
const INDEX = "application/vnd.oci.image.index.v1+json";

interface ImageId {
  imageDigest?: string;
  imageTag?: string;
}

/** When the image before was recorded. */
const THEN = "2026-01-05T10:00:00.000Z";
const deliveredAtOf = (values: Record<string, { S: string }>) => ({ deliveredAt: String(values[":deliveredAt"]?.S) });

const REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront";
const IMAGE = `${REPOSITORY}@${DIGEST}`;

describe("tag callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let lambda: Lambda;
  /** What each tag of the repository names. */
  let tags: Record<string, string>;
  /** The record of the latest delivered image. */
  let latest: { digest: string; deliveredAt: string } | undefined;

  before(async () => {
    text = await serialize(createTag);
    endpoint = await startEndpoint();
    lambda = startLambda({
      text,
      options: { repository: "storefront", tag: "dev", deliveredImages: "delivered" },
      endpointUrl: endpoint.url,
    });
  });
  beforeEach(() => {
    endpoint.requests = [];
    tags = { dev: OLD };
    latest = { digest: OLD, deliveredAt: THEN };
    endpoint.answers = {
      GetItem: () =>
        latest === undefined ? {} : { Item: { digest: { S: latest.digest }, deliveredAt: { S: latest.deliveredAt } } },
      UpdateItem: ({ Key, ConditionExpression, ExpressionAttributeValues }) => {
        const values = ExpressionAttributeValues as Record<string, { S: string }>;
        if ((Key as { image: { S: string } }).image.S !== "storefront") return {};
        const { digest, seen, deliveredAt } = {
          digest: values[":digest"]?.S,
          seen: values[":seen"]?.S,
          ...deliveredAtOf(values),
        };
        const isFirst = latest === undefined && String(ConditionExpression).includes("attribute_not_exists");
        if (!isFirst && latest?.digest !== digest && latest?.deliveredAt !== seen) {
          throw awsFault("ConditionalCheckFailedException", "The conditional request failed");
        }
        latest = { digest: String(digest), deliveredAt };
        return {};
      },
      BatchGetImage: ({ imageIds }) => {
        const [{ imageDigest, imageTag = "" } = {}] = imageIds as ImageId[];
        const found = imageDigest ?? tags[imageTag];
        return found === undefined
          ? { images: [], failures: [{ failureCode: "ImageNotFound", failureReason: "Requested image not found" }] }
          : {
              images: [{ imageId: { imageDigest: found }, imageManifest: MANIFEST, imageManifestMediaType: INDEX }],
              failures: [],
            };
      },
      PutImage: ({ imageTag, imageDigest }) => {
        tags[String(imageTag)] = String(imageDigest);
        return { image: {} };
      },
      PutJobSuccessResult: () => ({}),
      PutJobFailureResult: () => ({}),
    };
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
  });

  /** One job. @returns what AWS was asked, and the token for the next job */
  async function run(token?: string, parameters: object | string = { image: IMAGE, version: COMMIT }) {
    const before = endpoint.requests.length;
    const { value, error, lines } = await lambda.invoke(jobOf(parameters, token));
    expect([value, error]).to.deep.equal([undefined, undefined]);
    expect(lines.join("")).not.to.include("top secret");
    const asked = endpoint.requests.slice(before).map(({ operation, input }) => [operation, untimed(input)]);
    return { asked, token: endpoint.requests.at(-1)?.input.continuationToken as string | undefined };
  }

  /** Without the time of a record. */
  function untimed(input: Record<string, unknown>): object {
    if (input.ExpressionAttributeValues === undefined) return input;
    const { ":deliveredAt": deliveredAt, ...values } = input.ExpressionAttributeValues as Record<string, { S: string }>;
    expect(deliveredAt?.S).to.match(/^\d{4}-\d\d-\d\dT/);
    return { ...input, ExpressionAttributeValues: values };
  }

  const get = (imageId: ImageId) => [
    "BatchGetImage",
    {
      repositoryName: "storefront",
      imageIds: [imageId],
      acceptedMediaTypes: [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        INDEX,
      ],
    },
  ];
  const look = ["GetItem", { TableName: "delivered", Key: { image: { S: "storefront" } }, ConsistentRead: true }];
  const read = get({ imageDigest: DIGEST });
  const put = [
    "PutImage",
    {
      repositoryName: "storefront",
      imageManifest: MANIFEST,
      imageManifestMediaType: INDEX,
      imageDigest: DIGEST,
      imageTag: "dev",
    },
  ];
  const recordImage = [
    "UpdateItem",
    {
      TableName: "delivered",
      Key: { image: { S: `storefront@${DIGEST}` } },
      UpdateExpression: "SET version = if_not_exists(version, :version), deliveredAt = :deliveredAt",
      ExpressionAttributeValues: { ":version": { S: COMMIT } },
    },
  ];
  /** @param seen the token that the first job has left */
  const recordLatest = (seen: string) => [
    "UpdateItem",
    {
      TableName: "delivered",
      Key: { image: { S: "storefront" } },
      UpdateExpression: "SET digest = :digest, deliveredAt = :deliveredAt",
      ConditionExpression: `digest = :digest OR ${seen === "none" ? "attribute_not_exists(digest)" : "deliveredAt = :seen"}`,
      ExpressionAttributeValues: { ":digest": { S: DIGEST }, ...(seen !== "none" && { ":seen": { S: seen } }) },
    },
  ];
  const record = (seen = THEN) => [look, recordImage, recordLatest(seen)];
  const success = [
    "PutJobSuccessResult",
    { jobId: JOB, executionDetails: { summary: `storefront:dev points to ${DIGEST}` } },
  ];
  const continued = (token: string, before: string) => [
    "PutJobSuccessResult",
    {
      jobId: JOB,
      continuationToken: token,
      executionDetails: { summary: `storefront has ${before}; ${DIGEST} is next` },
    },
  ];
  const failure = (type: string, message: string) => [
    "PutJobFailureResult",
    { jobId: JOB, failureDetails: { type, message } },
  ];

  it("fits the archive's limit", () => {
    expect(Buffer.byteLength(text)).to.be.below(64 * 1024);
  });

  it("looks first, then records the image before its tag starts another pipeline, and sends the manifest back byte for byte, with the tag", async () => {
    const token = THEN;
    expect(await run()).to.deep.equal({
      asked: [read, look, continued(token, `${OLD} as its latest delivery`)],
      token,
    });
    expect(await run(token)).to.deep.equal({ asked: [...record(), read, put, look, success], token: undefined });
    expect([tags, latest?.digest]).to.deep.equal([{ dev: DIGEST }, DIGEST]);
  });

  it("records the first delivery of a repository", async () => {
    tags = {};
    latest = undefined;
    expect(await run()).to.deep.equal({ asked: [read, look, continued("none", "no delivery yet")], token: "none" });
    expect((await run("none")).asked).to.deep.equal([...record("none"), read, put, look, success]);
  });

  it("takes one job for an image that is delivered again", async () => {
    latest = { digest: DIGEST, deliveredAt: THEN };
    expect((await run()).asked).to.deep.equal([read, ...record(), read, put, look, success]);
  });

  it("succeeds if another invocation gives the same tag meanwhile", async () => {
    endpoint.answers.PutImage = () => {
      throw awsFault("ImageAlreadyExistsException", "Image with digest and tag already exists");
    };
    expect((await run(THEN)).asked).to.deep.equal([...record(), read, put, look, success]);
  });

  const newer = { image: `${REPOSITORY}@${NEW}`, version: "f".repeat(40) };
  const state = () => [tags.dev, latest?.digest];

  it("leaves the tag to a later delivery, whichever of its jobs is repeated", async () => {
    await run((await run()).token);
    await run((await run(undefined, newer)).token, newer);
    expect(state()).to.deep.equal([NEW, NEW]);
    await run();
    // CodePipeline refuses the token of a job that is repeated.
    expect((await run(THEN)).token).to.equal(latest?.deliveredAt);
    expect(state()).to.deep.equal([NEW, NEW]);
  });

  for (const [first, second] of [
    [undefined, newer],
    [newer, undefined],
  ])
    it(`records the delivery whose job goes on, if ${first === newer ? "it" : "an abandoned one"} was quicker: the older image could be promoted`, async () => {
      const tokens = [(await run(undefined, first)).token, (await run(undefined, second)).token];
      await run(tokens[0], first);
      const { token } = await run(tokens[1], second);
      expect(state()).to.deep.equal(first === newer ? [NEW, NEW] : [DIGEST, DIGEST]);
      if (first !== newer) await run(token, newer);
      expect(state()).to.deep.equal([NEW, NEW]);
    });

  it("does not bring an image back whose job is repeated once the image before was delivered again", async () => {
    const { token } = await run();
    await run(token);
    const former = { image: `${REPOSITORY}@${OLD}`, version: COMMIT };
    await run((await run(undefined, former)).token, former);
    expect(state()).to.deep.equal([OLD, OLD]);
    await run(token);
    expect(state()).to.deep.equal([OLD, OLD]);
  });

  it("gives the tag to a newer delivery that has recorded its image meanwhile", async () => {
    const { PutImage } = endpoint.answers;
    endpoint.answers.PutImage = (input) => {
      latest = { digest: NEW, deliveredAt: "2026-01-05T10:01:00.000Z" };
      Object.assign(endpoint.answers, { PutImage });
      return PutImage?.(input) ?? {};
    };
    await run(THEN);
    expect(state()).to.deep.equal([NEW, NEW]);
  });

  it("names the repository whose tags cannot move", async () => {
    endpoint.answers.PutImage = () => {
      throw awsFault("ImageTagAlreadyExistsException", "The image tag 'dev' already exists");
    };
    const message =
      "tag dev of repository storefront is immutable: add it to slipway:promotesTo of the stack that builds the images " +
      "(ImageTagAlreadyExistsException: The image tag 'dev' already exists)";
    expect((await run(THEN)).asked).to.deep.equal([...record(), read, put, failure("ConfigurationError", message)]);
  });

  it("fails for an image that ECR does not have, though it answers 200", async () => {
    const failures = [{ failureCode: "ImageNotFound", failureReason: "Requested image not found" }];
    endpoint.answers.BatchGetImage = () => ({ images: [], failures });
    const message = `ECR returned no image storefront@${DIGEST}: ImageNotFound: Requested image not found`;
    expect((await run()).asked).to.deep.equal([read, failure("RevisionUnavailable", message)]);
  });

  it("fails with the denial that it met", async () => {
    endpoint.answers.PutImage = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecr:PutImage");
    };
    const message = "AccessDeniedException: not authorized to perform: ecr:PutImage";
    expect((await run(THEN)).asked).to.deep.equal([...record(), read, put, failure("PermissionError", message)]);
  });

  it("fails for a tag in the digest's place", async () => {
    const message = 'UserParameters: image is "latest", expected an ECR image by digest: registry/repository@sha256:…';
    expect((await run(undefined, { image: "latest", version: COMMIT })).asked).to.deep.equal([
      failure("ConfigurationError", message),
    ]);
  });

  it("fails for an image of another repository, which was not deployed", async () => {
    const message = "UserParameters: image is in repository backoffice, expected storefront";
    const image = IMAGE.replace("/storefront@", "/backoffice@");
    expect((await run(undefined, { image, version: COMMIT })).asked).to.deep.equal([
      failure("ConfigurationError", message),
    ]);
  });

  it("does not tag an image that it cannot record: the next environment would refuse it", async () => {
    endpoint.answers.UpdateItem = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: dynamodb:UpdateItem");
    };
    const message = "AccessDeniedException: not authorized to perform: dynamodb:UpdateItem";
    expect((await run(THEN)).asked).to.deep.equal([look, recordImage, failure("PermissionError", message)]);
    expect(tags).to.deep.equal({ dev: OLD });
  });

  it("returns normally if its job result was already reported", async () => {
    endpoint.answers.PutJobSuccessResult = () => {
      throw awsFault("InvalidJobStateException", "the job is Succeeded");
    };
    expect((await run(THEN)).asked).to.deep.equal([...record(), read, put, look, success]);
  });

  it("fails as a function if its result cannot be told, so that Lambda tries again", async () => {
    endpoint.answers.PutJobSuccessResult = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: codepipeline:PutJobSuccessResult");
    };
    const { error } = await lambda.invoke(jobOf({ image: IMAGE, version: COMMIT }));
    expect(error).to.deep.equal({
      name: "AccessDeniedException",
      message: "not authorized to perform: codepipeline:PutJobSuccessResult",
    });
  });
});
