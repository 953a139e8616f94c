import { expect } from "chai";
import { createTag } from "../../handlers/tag";
import { serialize } from "../../infra/callback";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { JOB, jobOf } from "./job";
import { type Lambda, startLambda } from "./lambda";

const DIGEST = `sha256:${"b".repeat(64)}`;
// Spaces, order and the missing newline at its end are all part of what the digest is of.
const MANIFEST = '{ "schemaVersion": 2,\n  "manifests":[ {"platform":{"os":"linux"}} ] }';
const INDEX = "application/vnd.oci.image.index.v1+json";

describe("tag callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let lambda: Lambda;

  before(async () => {
    text = await serialize(createTag);
    endpoint = await startEndpoint();
    lambda = startLambda({ text, options: { repository: "storefront", tag: "dev" }, endpointUrl: endpoint.url });
  });
  beforeEach(() => {
    endpoint.requests = [];
    const image = { imageId: { imageDigest: DIGEST }, imageManifest: MANIFEST, imageManifestMediaType: INDEX };
    endpoint.answers = {
      BatchGetImage: () => ({ images: [image], failures: [] }),
      PutImage: () => ({ image }),
      PutJobSuccessResult: () => ({}),
      PutJobFailureResult: () => ({}),
    };
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
  });

  async function run(parameters: object | string = { digest: DIGEST }) {
    const { value, error, lines } = await lambda.invoke(jobOf(parameters));
    expect([value, error]).to.deep.equal([undefined, undefined]);
    expect(lines.join("")).not.to.include("top secret");
    return endpoint.requests.map(({ operation, input }) => [operation, input]);
  }

  const get = [
    "BatchGetImage",
    {
      repositoryName: "storefront",
      imageIds: [{ imageDigest: DIGEST }],
      acceptedMediaTypes: [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        INDEX,
      ],
    },
  ];
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
  const success = ["PutJobSuccessResult", { jobId: JOB, executionDetails: { summary: `storefront:dev is ${DIGEST}` } }];
  const failure = (type: string, message: string) => [
    "PutJobFailureResult",
    { jobId: JOB, failureDetails: { type, message } },
  ];

  it("fits the archive's limit", () => {
    expect(Buffer.byteLength(text)).to.be.below(64 * 1024);
  });

  it("sends the manifest back byte for byte, with the tag", async () => {
    expect(await run()).to.deep.equal([get, put, success]);
  });

  it("succeeds if the image has the tag already", async () => {
    endpoint.answers.PutImage = () => {
      throw awsFault("ImageAlreadyExistsException", "Image with digest and tag already exists");
    };
    expect(await run()).to.deep.equal([get, put, success]);
  });

  it("names the repository whose tags cannot move", async () => {
    endpoint.answers.PutImage = () => {
      throw awsFault("ImageTagAlreadyExistsException", "The image tag 'dev' already exists");
    };
    const message =
      "repository storefront does not let tag dev move: set its image tag mutability to MUTABLE " +
      "(ImageTagAlreadyExistsException: The image tag 'dev' already exists)";
    expect(await run()).to.deep.equal([get, put, failure("ConfigurationError", message)]);
  });

  it("fails for an image that ECR does not have, though it answers 200", async () => {
    const failures = [{ failureCode: "ImageNotFound", failureReason: "Requested image not found" }];
    endpoint.answers.BatchGetImage = () => ({ images: [], failures });
    const message = `ECR gives no image storefront@${DIGEST}: ImageNotFound: Requested image not found`;
    expect(await run()).to.deep.equal([get, failure("RevisionUnavailable", message)]);
  });

  it("fails with the denial that it met", async () => {
    endpoint.answers.PutImage = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecr:PutImage");
    };
    const message = "AccessDeniedException: not authorized to perform: ecr:PutImage";
    expect(await run()).to.deep.equal([get, put, failure("PermissionError", message)]);
  });

  it("fails for a tag in the digest's place", async () => {
    const message = 'UserParameters: digest is "latest", expected sha256: and 64 hexadecimal digits';
    expect(await run({ digest: "latest" })).to.deep.equal([failure("ConfigurationError", message)]);
  });

  it("returns normally if its job was settled before", async () => {
    endpoint.answers.PutJobSuccessResult = () => {
      throw awsFault("InvalidJobStateException", "the job is Succeeded");
    };
    expect(await run()).to.deep.equal([get, put, success]);
  });

  it("fails as a function if its result cannot be told, so that Lambda tries again", async () => {
    endpoint.answers.PutJobSuccessResult = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: codepipeline:PutJobSuccessResult");
    };
    const { error } = await lambda.invoke(jobOf({ digest: DIGEST }));
    expect(error).to.deep.equal({
      name: "AccessDeniedException",
      message: "not authorized to perform: codepipeline:PutJobSuccessResult",
    });
  });
});
