import { DescribeImagesCommand } from "@aws-sdk/client-ecr";
import { expect } from "chai";
import { sha256 } from "../../../../rehearsal/cloud/ecr/digest";
import { createRegistryCloud, nameOfRefusal, type RegistryCloud } from "./support";

describe("ECR: tags", () => {
  let account: RegistryCloud;
  beforeEach(async () => {
    account = await createRegistryCloud();
  });
  afterEach(() => account.cloud.close());

  it("moves a tag to another image, and says that an image already has its tag", async () => {
    await account.declareShop();
    const [first, second] = [await account.manifest("one"), await account.manifest("two")];
    await account.put(first, "dev");
    expect(await nameOfRefusal(account.put(first, "dev"))).to.match(/^ImageAlreadyExistsException/);
    expect(await nameOfRefusal(account.put(first))).to.match(/^ImageAlreadyExistsException/);
    await account.put(second, "dev");
    const { imageDetails } = await account.client.send(new DescribeImagesCommand({ repositoryName: "shop" }));
    expect(imageDetails?.map((it) => [it.imageDigest, it.imageTags])).to.deep.equal([
      [sha256(first), undefined],
      [sha256(second), ["dev"]],
    ]);
    expect(account.cloud.events).to.deep.equal([
      { kind: "image-pushed", repository: "shop", tags: ["dev"], digest: sha256(first) },
      { kind: "image-pushed", repository: "shop", tags: ["dev"], digest: sha256(second) },
    ]);
  });

  it("puts each tag that is pushed on the account's bus, and none that was there", async () => {
    await account.declareShop();
    const [first, second] = [await account.manifest("one"), await account.manifest("two")];
    await account.put(first, "dev");
    await nameOfRefusal(account.put(first, "dev"));
    await account.put(first, "v1");
    await account.put(second);
    const pushed = (image: string, tag: object) => ({
      result: "SUCCESS",
      "repository-name": "shop",
      "image-digest": sha256(image),
      "action-type": "PUSH",
      ...tag,
    });
    expect(account.bus.detailsOf("ECR Image Action")).to.deep.equal([
      pushed(first, { "image-tag": "dev" }),
      pushed(first, { "image-tag": "v1" }),
      pushed(second, {}),
    ]);
    const { Detail, ...envelope } = account.bus.entries[0] ?? {};
    expect(envelope).to.deep.equal({
      Source: "aws.ecr",
      DetailType: "ECR Image Action",
      Resources: [],
      Time: new Date(Date.UTC(2026, 0, 5, 9)),
    });
  });

  it("keeps the tags of an immutable repository where they are, but for those that it excepts", async () => {
    await account.declareShop({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [{ filter: "dev*", filterType: "WILDCARD" }],
    });
    const [first, second] = [await account.manifest("one"), await account.manifest("two")];
    await account.put(first, "v1");
    await account.put(first, "dev-1");
    expect(await nameOfRefusal(account.put(second, "v1"))).to.match(/^ImageTagAlreadyExistsException: .*'v1'.*'shop'/);
    expect(await nameOfRefusal(account.put(second, "dev-1"))).to.equal("no refusal");
  });

  it("never moves a commit's tag, and lets those of environments move", async () => {
    await account.declareShop({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: ["dev", "prod"].map((filter) => ({ filter, filterType: "WILDCARD" })),
    });
    const [first, second] = [await account.manifest("one"), await account.manifest("two")];
    const commit = "0c5b1d2e3f405162738495a6b7c8d9e0f1a2b3c4";
    for (const tag of [commit, "dev", "prod", "dev-2"]) await account.put(first, tag);
    for (const tag of [commit, "dev-2"])
      expect(await nameOfRefusal(account.put(second, tag))).to.match(/^ImageTagAlreadyExistsException/);
    for (const tag of ["dev", "prod"]) expect(await nameOfRefusal(account.put(second, tag))).to.equal("no refusal");
  });
});
