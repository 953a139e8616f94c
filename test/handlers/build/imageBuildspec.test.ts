import { expect } from "chai";
import { imageBuildspec } from "../../../handlers/build/imageBuildspec";
import { runBuildspec } from "./buildspecShell";

const DIGEST = `sha256:${"a".repeat(64)}`;
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront";

/** What CodePipeline's ECR source leaves. */
const detail = {
  ImageSizeInBytes: "44728918",
  ImageDigest: DIGEST,
  Version: "dev",
  ImagePushedAt: "Mon Jan 05 10:00:00 UTC 2026",
  RegistryId: "123456789012",
  RepositoryName: "storefront",
  ImageURI: `${REPOSITORY}@${DIGEST}`,
  ImageTags: ["dev", COMMIT, "v2"],
};

// The AWS CLI, which prints None for a field that is not there.
const AWS = `echo "aws|$(IFS='|'; echo "$*")" >> "$CALLS"
case "$*" in
  *Item.digest.S*) echo "$LATEST" ;;
  *) echo "$RECORDED" ;;
esac
exit "\${AWS_CODE:-0}"`;

const run = (change: object, variables: Record<string, string> = {}) =>
  runBuildspec(imageBuildspec, {
    variables: {
      DELIVERED_IMAGES: "slipway-dev-delivered-images",
      SOURCE_TAG: "dev",
      LATEST: DIGEST,
      RECORDED: COMMIT,
      ...variables,
    },
    files: { "imageDetail.json": JSON.stringify({ ...detail, ...change }) },
    programs: { aws: AWS },
  });

describe("image buildspec", () => {
  it("exports the image by digest, and as its version the commit that the environment before has recorded", () => {
    // What the tags say is nothing to go by: whoever can push can set them.
    const { code, exported, definitions, calls } = run({ ImageTags: ["dev", "f".repeat(40)] });
    expect(code).to.equal(0);
    expect(exported).to.deep.equal({
      IMAGE_URI: `${REPOSITORY}@${DIGEST}`,
      IMAGE_DIGEST: DIGEST,
      IMAGE_TAG: COMMIT,
    });
    expect(definitions).to.equal(`[{"name":"app","imageUri":"${REPOSITORY}@${DIGEST}"}]`);
    expect(calls).to.deep.equal([
      'aws|dynamodb|get-item|--table-name|slipway-dev-delivered-images|--key|{"image":{"S":"storefront"}}' +
        "|--consistent-read|--query|Item.digest.S|--output|text",
      `aws|dynamodb|get-item|--table-name|slipway-dev-delivered-images|--key|{"image":{"S":"storefront@${DIGEST}"}}` +
        "|--consistent-read|--query|Item.version.S|--output|text",
    ]);
  });

  const older = `sha256:${"b".repeat(64)}`;
  for (const [what, LATEST, why] of [
    [
      "an image, though it has the tag, if the environment before has delivered none",
      "None",
      "dev has recorded no delivery of storefront. Deliver once in dev.",
    ],
    [
      "an image that the environment before delivered once, though it has its tag again",
      older,
      `the latest image delivered by dev is ${older}. A newer delivery has replaced this image, or the tag was moved by hand or by a build.`,
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const { code, definitions, errors } = run({}, { LATEST });
      expect({ code, definitions, errors }).to.deep.equal({
        code: 1,
        definitions: undefined,
        errors: `storefront@${DIGEST} is not promoted: ${why}\n`,
      });
    });
  }

  it("fails if the record cannot be read", () => {
    const { code, definitions } = run({}, { AWS_CODE: "254" });
    expect([code, definitions]).to.deep.equal([1, undefined]);
  });

  const failures: [string, object, string][] = [
    [
      "an image by tag",
      { ImageURI: `${REPOSITORY}:dev` },
      `ImageURI in imageDetail.json does not name an image by digest: ${REPOSITORY}:dev\n`,
    ],
    [
      "an image without a name",
      { ImageURI: undefined },
      "ImageURI in imageDetail.json does not name an image by digest: undefined\n",
    ],
  ];
  for (const [what, change, message] of failures) {
    it(`fails for ${what}`, () => {
      const { code, definitions, errors } = run(change);
      expect({ code, definitions, errors }).to.deep.equal({ code: 1, definitions: undefined, errors: message });
    });
  }

  it("fails without imageDetail.json", () => {
    const { code, definitions, errors } = runBuildspec(imageBuildspec, { programs: { aws: AWS } });
    expect([code, definitions]).to.deep.equal([1, undefined]);
    expect(errors).to.include("Cannot find module './imageDetail.json'");
  });
});
