import type { Build } from "@aws-sdk/client-codebuild";
import { expect } from "chai";
import { imageBuildspec } from "../../../handlers/build/imageBuildspec";
import { createDynamoDb } from "../../../rehearsal/cloud/dynamoDb";
import { createEcr } from "../../../rehearsal/cloud/ecr";
import {
  type BuildCloud,
  createBuildCloud,
  operator,
  phases,
  statements,
} from "../../rehearsal/cloud/codeBuild/support";
import { pushImage } from "../../rehearsal/cloud/ecs/containerSupport";

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const DIGEST = `sha256:${"a".repeat(64)}`;
const OLDER = `sha256:${"b".repeat(64)}`;
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const TABLE = "slipway-dev-delivered-images";
const TABLE_ARN = `arn:aws:dynamodb:us-east-1:123456789012:table/${TABLE}`;

describe("what a build asks of an image, in the account", () => {
  let account: BuildCloud;

  beforeEach(async () => {
    account = await createBuildCloud({ services: [createDynamoDb, createEcr] });
    await account.cloud.declare("aws:dynamodb/table:Table", "delivered", {
      name: TABLE,
      billingMode: "PAY_PER_REQUEST",
      hashKey: "image",
      attributes: [{ name: "image", type: "S" }],
    });
  });
  afterEach(() => account.cloud.close());

  const granted = (action: string, Resource: string) => [
    ...Object.values(statements),
    { Effect: "Allow", Action: action, Resource },
  ];

  /** The Image stage of an image that the tag of dev names. */
  async function promote(permission = "dynamodb:GetItem"): Promise<Build> {
    const variables = { DELIVERED_IMAGES: TABLE, SOURCE_TAG: "dev" };
    await account.declare({
      granted: granted(permission, TABLE_ARN),
      source: { type: "CODEPIPELINE", buildspec: imageBuildspec },
      environment: {
        environmentVariables: Object.entries(variables).map(([name, value]) => ({ name, value, type: "PLAINTEXT" })),
      },
    });
    const detail = { ImageURI: `${HOST}/storefront@${DIGEST}`, ImageTags: ["dev", "f".repeat(40)] };
    return account.build({ "imageDetail.json": JSON.stringify(detail) });
  }

  /** As dev's tag function does. */
  async function record(repository: string, digest: string): Promise<void> {
    const put = (Item: object) => account.cloud.call(operator, "dynamodb", "PutItem", { TableName: TABLE, Item });
    await put({ image: { S: `${repository}@${digest}` }, version: { S: COMMIT } });
    await put({ image: { S: repository }, digest: { S: digest } });
  }

  it("promotes the latest image that dev has recorded, as the recorded commit", async () => {
    await record("storefront", OLDER);
    await record("storefront", DIGEST);
    const { buildStatus, exportedEnvironmentVariables } = await promote();
    expect(buildStatus).to.equal("SUCCEEDED");
    expect(exportedEnvironmentVariables).to.deep.equal([
      { name: "IMAGE_URI", value: `${HOST}/storefront@${DIGEST}` },
      { name: "IMAGE_DIGEST", value: DIGEST },
      { name: "IMAGE_TAG", value: COMMIT },
    ]);
  });

  it("refuses an image that dev has not recorded, though a build or somebody has given it dev's tag", async () => {
    await record("basket", DIGEST);
    await expectRefused("dev has recorded no delivery of storefront. Deliver once in dev.");
  });

  it("refuses an image that dev delivered once, when somebody has given it dev's tag again", async () => {
    await record("storefront", DIGEST);
    await record("storefront", OLDER);
    await expectRefused(
      `the latest image delivered by dev is ${OLDER}. A newer delivery has replaced this image, or the tag was moved by hand or by a build.`,
    );
  });

  async function expectRefused(why: string): Promise<void> {
    const refused = await promote();
    expect(phases(refused)).to.include("BUILD: FAILED");
    // The log shows the commands as well.
    expect(await account.printed()).to.include(`storefront@${DIGEST} is not promoted: ${why}`);
  }

  it("refuses every image if the record cannot be read", async () => {
    await record("storefront", DIGEST);
    expect((await promote("dynamodb:PutItem")).buildStatus).to.equal("FAILED");
  });

  it("finds the image that a commit's tag names, or None", async () => {
    await account.cloud.declare("aws:ecr/repository:Repository", "shop", { name: "shop" });
    await pushImage(account.cloud, `${HOST}/shop:v1`, { Dockerfile: "FROM node\n" });
    const find = (tag: string) =>
      `aws ecr batch-get-image --repository-name shop --image-ids imageTag=${tag} --accepted-media-types ` +
      `'["application/vnd.docker.distribution.manifest.v2+json"]' --query 'images[0].imageId.imageDigest' --output text`;
    await account.declare({
      granted: granted("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:123456789012:repository/shop"),
    });
    const commands = [find("v1"), find("v2")].map((it) => `      - ${it}\n`).join("");
    await account.build({
      "buildspec.yml": `version: 0.2\nphases:\n  build:\n    commands:\n${commands}artifacts: { files: [buildspec.yml] }\n`,
    });
    const [found = "", missing] = await account.printed();
    expect(found).to.match(/^sha256:[0-9a-f]{64}$/);
    expect(missing).to.equal("None");
  });
});
