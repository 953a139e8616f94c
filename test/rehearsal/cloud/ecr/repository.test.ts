import { DescribeImagesCommand, GetAuthorizationTokenCommand, InitiateLayerUploadCommand } from "@aws-sdk/client-ecr";
import { expect } from "chai";
import { refusal } from "../../../refusal";
import { ARN, createRegistryCloud, HOST, nameOfRefusal, type RegistryCloud } from "./support";

describe("ECR: repositories", () => {
  let account: RegistryCloud;
  beforeEach(async () => {
    account = await createRegistryCloud();
  });
  afterEach(() => account.cloud.close());

  it("declares a repository as the provider answers", async () => {
    const { id, outputs } = await account.declareShop();
    expect({ id, ...outputs }).to.deep.equal({
      id: "shop",
      name: "shop",
      arn: ARN,
      registryId: "123456789012",
      repositoryUrl: `${HOST}/shop`,
    });
  });

  it("refuses a second repository of a name, and a name that is none", async () => {
    await account.declareShop();
    expect(await nameOfRefusal(account.declareShop())).to.equal(
      "RepositoryAlreadyExistsException: The repository with name 'shop' already exists in the registry with id '123456789012'",
    );
    for (const name of ["s", "Shop", "shop/", "a".repeat(257)])
      expect(await nameOfRefusal(account.declareShop({ name }))).to.match(
        /^InvalidParameterException: Invalid parameter at 'repositoryName'/,
      );
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
      const error = await refusal(account.declareShop(mutability));
      expect([error.name, message.test(error.message)]).to.deep.equal(["InvalidParameterException", true]);
    });

  it("asks for each action on the repository, and for the token on everything", async () => {
    await account.declareShop();
    const pusher = await account.clientWith([{ Effect: "Allow", Action: ["ecr:PutImage"], Resource: [ARN] }], "pusher");
    const token = nameOfRefusal(pusher.send(new GetAuthorizationTokenCommand({})));
    expect(await token).to.match(/^AccessDeniedException: .*pusher.* ecr:GetAuthorizationToken on resource: \*/);
    const images = nameOfRefusal(pusher.send(new DescribeImagesCommand({ repositoryName: "shop" })));
    expect(await images).to.include(`ecr:DescribeImages on resource: ${ARN}`);
    const layers = pusher.send(new InitiateLayerUploadCommand({ repositoryName: "shop" }));
    expect(await nameOfRefusal(layers)).to.include(`ecr:InitiateLayerUpload on resource: ${ARN}`);
  });
});
