import { expect } from "chai";
import { imageBuildspec } from "../../handlers/imageBuildspec";
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

const run = (change: object) =>
  runBuildspec(imageBuildspec, { files: { "imageDetail.json": JSON.stringify({ ...detail, ...change }) } });

describe("image buildspec", () => {
  const versions: [string, string[], string][] = [
    ["the commit among its tags", ["dev", COMMIT, "v2"], COMMIT],
    ["its first tag if none is a commit", ["v2", "dev"], "v2"],
    ["its first tag if one only contains a commit", ["v2", `${COMMIT}-arm64`], "v2"],
  ];
  for (const [what, ImageTags, version] of versions) {
    it(`exports the image by digest, and as its version ${what}`, () => {
      const { code, exported, definitions } = run({ ImageTags });
      expect(code).to.equal(0);
      expect(exported).to.deep.equal({
        IMAGE_URI: `${REPOSITORY}@${DIGEST}`,
        IMAGE_DIGEST: DIGEST,
        IMAGE_TAG: version,
      });
      expect(definitions).to.equal(`[{"name":"app","imageUri":"${REPOSITORY}@${DIGEST}"}]`);
    });
  }

  const failures: [string, object, string][] = [
    [
      "an image by tag",
      { ImageURI: `${REPOSITORY}:dev` },
      `imageDetail.json names no image by digest in ImageURI, but: ${REPOSITORY}:dev\n`,
    ],
    [
      "an image without a name",
      { ImageURI: undefined },
      "imageDetail.json names no image by digest in ImageURI, but: undefined\n",
    ],
    [
      "an image without tags",
      { ImageTags: [] },
      `imageDetail.json names no tag of ${REPOSITORY}@${DIGEST} in ImageTags\n`,
    ],
    [
      "an image of which no tags are told",
      { ImageTags: undefined },
      `imageDetail.json names no tag of ${REPOSITORY}@${DIGEST} in ImageTags\n`,
    ],
  ];
  for (const [what, change, message] of failures) {
    it(`fails for ${what}`, () => {
      const { code, definitions, errors } = run(change);
      expect({ code, definitions, errors }).to.deep.equal({ code: 1, definitions: undefined, errors: message });
    });
  }

  it("fails without imageDetail.json", () => {
    const { code, definitions, errors } = runBuildspec(imageBuildspec, {});
    expect([code, definitions]).to.deep.equal([1, undefined]);
    expect(errors).to.include("Cannot find module './imageDetail.json'");
  });
});
