import type { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { expect } from "chai";
import { FORGE_URLS, type Forge } from "../../../handlers/shared/forge";
import { archiveRequest, createForgeTokens, gitHeaders } from "../../../handlers/shared/forgeAccess";
import { refusal } from "../../refusal";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const NAMED = { "user-agent": "slipway" };
const BEARER = { ...NAMED, authorization: "Bearer t0ken" };

describe("git's headers", () => {
  const users: [Forge, string][] = [
    ["github", "x-access-token"],
    ["gitlab", "oauth2"],
    ["bitbucket", "x-token-auth"],
    ["gitee", "oauth2"],
  ];
  for (const [forge, user] of users) {
    it(`carry ${forge}'s token as the password of ${user}`, () => {
      const authorization = `Basic ${Buffer.from(`${user}:t0ken`).toString("base64")}`;
      expect(gitHeaders(forge, "t0ken")).to.deep.equal({ ...NAMED, authorization });
    });
  }

  it("carry nothing for a public repository", () => {
    expect(gitHeaders("github", undefined)).to.deep.equal(NAMED);
  });
});

describe("the request for an archive", () => {
  const table: [string, { forge: Forge; url?: string; repository?: string; token?: string }, string, object][] = [
    ["GitHub's website", { forge: "github" }, `https://github.com/acme/storefront/archive/${COMMIT}.zip`, NAMED],
    [
      "GitHub's API, with a token",
      { forge: "github", token: "t0ken" },
      `https://api.github.com/repos/acme/storefront/zipball/${COMMIT}`,
      BEARER,
    ],
    [
      "a GitHub Enterprise Server",
      { forge: "github", url: "https://git.acme.example" },
      `https://git.acme.example/acme/storefront/archive/${COMMIT}.zip`,
      NAMED,
    ],
    [
      "a GitHub Enterprise Server's API, with a token",
      { forge: "github", url: "https://git.acme.example", token: "t0ken" },
      `https://git.acme.example/api/v3/repos/acme/storefront/zipball/${COMMIT}`,
      BEARER,
    ],
    [
      "the API of GitHub Enterprise Cloud with data residency",
      { forge: "github", url: "https://acme.ghe.com", token: "t0ken" },
      `https://api.acme.ghe.com/repos/acme/storefront/zipball/${COMMIT}`,
      BEARER,
    ],
    [
      "GitLab's API",
      { forge: "gitlab", repository: "acme/web/storefront" },
      `https://gitlab.com/api/v4/projects/acme%2Fweb%2Fstorefront/repository/archive.zip?sha=${COMMIT}`,
      NAMED,
    ],
    [
      "an own GitLab's API, with a token",
      { forge: "gitlab", url: "https://git.acme.example", token: "t0ken" },
      `https://git.acme.example/api/v4/projects/acme%2Fstorefront/repository/archive.zip?sha=${COMMIT}`,
      { ...NAMED, "private-token": "t0ken" },
    ],
    ["Bitbucket's website", { forge: "bitbucket" }, `https://bitbucket.org/acme/storefront/get/${COMMIT}.zip`, NAMED],
    [
      "Bitbucket's website, with a token",
      { forge: "bitbucket", token: "t0ken" },
      `https://bitbucket.org/acme/storefront/get/${COMMIT}.zip`,
      BEARER,
    ],
    [
      "Gitee's API",
      { forge: "gitee", token: "t0ken" },
      `https://gitee.com/api/v5/repos/acme/storefront/zipball?ref=${COMMIT}`,
      BEARER,
    ],
    [
      "no other repository than the one named",
      { forge: "github", repository: "acme/store?front#1" },
      `https://github.com/acme/store%3Ffront%231/archive/${COMMIT}.zip`,
      NAMED,
    ],
  ];
  for (const [
    what,
    { forge, url = FORGE_URLS[forge], repository = "acme/storefront", token },
    address,
    headers,
  ] of table) {
    it(`goes to ${what}`, () => {
      expect(archiveRequest({ forge, url }, repository, COMMIT, token)).to.deep.equal({ url: address, headers });
    });
  }
});

describe("tokens of forges", () => {
  function setUp(secrets: Record<string, string>) {
    const world = { secrets, now: 1_000_000, reads: [] as string[] };
    const client = {
      send: async ({ input: { SecretId = "" } }: GetSecretValueCommand) => {
        world.reads.push(SecretId);
        return { SecretString: world.secrets[SecretId] };
      },
    } as unknown as SecretsManagerClient;
    const tokens = createForgeTokens(
      client,
      {
        github: { url: "https://github.com", token: { secretId: "forges", key: "github" } },
        gitlab: { url: "https://gitlab.com", token: { secretId: "gitlab" } },
        gitee: { url: "https://gitee.com" },
      },
      () => world.now,
    );
    return { world, tokens };
  }

  it("are read from their secrets when they are wanted, once in five minutes", async () => {
    const { world, tokens } = setUp({ forges: '{"github":"ghp_1"}', gitlab: "glpat_1\n" });
    expect(world.reads).to.deep.equal([]);
    expect(await tokens.tokenOf("github")).to.equal("ghp_1");
    expect(await tokens.tokenOf("gitlab")).to.equal("glpat_1");
    world.now += 299_999;
    expect(await tokens.tokenOf("github")).to.equal("ghp_1");
    expect(world.reads).to.deep.equal(["forges", "gitlab"]);
    world.now += 1;
    await tokens.tokenOf("github");
    expect(world.reads).to.deep.equal(["forges", "gitlab", "forges"]);
  });

  it("are not needed", async () => {
    const { world, tokens } = setUp({});
    expect(await tokens.tokenOf("gitee")).to.equal(undefined);
    expect(await tokens.tokenOf("bitbucket")).to.equal(undefined);
    expect(await tokens.rotatedToken("gitee", "t0ken")).to.equal(undefined);
    expect(world.reads).to.deep.equal([]);
  });

  it("are read anew after one was refused", async () => {
    const { world, tokens } = setUp({ gitlab: "glpat_1" });
    await tokens.tokenOf("gitlab");
    world.now += 10_000;
    expect(await tokens.rotatedToken("gitlab", "glpat_1")).to.equal(undefined);
    world.secrets = { gitlab: "glpat_2" };
    world.now += 10_000;
    expect(await tokens.rotatedToken("gitlab", "glpat_1")).to.equal("glpat_2");
    expect(await tokens.tokenOf("gitlab")).to.equal("glpat_2");
    // Who was refused as well finds what has just been read.
    expect(await tokens.rotatedToken("gitlab", "glpat_1")).to.equal("glpat_2");
    expect(world.reads).to.deep.equal(["gitlab", "gitlab", "gitlab"]);
  });

  const mistakes: [string, Record<string, string>, Forge, string][] = [
    [
      "of two lines",
      { gitlab: "glpat_1\nglpat_2" },
      "gitlab",
      "secret gitlab is not a token: store gitlab's token there",
    ],
    [
      "with a blank",
      { gitlab: "Bearer glpat_1" },
      "gitlab",
      "secret gitlab is not a token: store gitlab's token there",
    ],
    ["outside ASCII", { gitlab: "glpat–1" }, "gitlab", "secret gitlab is not a token: store gitlab's token there"],
  ];
  for (const [what, secrets, forge, message] of mistakes) {
    it(`${what} are refused without a word of them`, async () => {
      const error = await refusal(setUp(secrets).tokens.tokenOf(forge));
      expect(error).to.include({ type: "ConfigurationError", message: `${message}, and nothing else` });
      expect(error.cause).to.equal(undefined);
    });
  }

  const missing: [string, Record<string, string>, Forge, string][] = [
    ["are empty", {}, "gitlab", "secret gitlab has no text value: store gitlab's token there"],
    [
      "are under another key",
      { forges: '{"gitlab":"x"}' },
      "github",
      "key github of secret forges has no text value: store github's token there",
    ],
    [
      "are not in JSON",
      { forges: "ghp_1" },
      "github",
      "key github of secret forges has no text value: store github's token there",
    ],
  ];
  for (const [what, secrets, forge, message] of missing) {
    it(`that ${what} are asked for`, async () => {
      const error = await refusal(setUp(secrets).tokens.tokenOf(forge));
      expect(error).to.include({ type: "ConfigurationError", message });
      expect(error.cause).to.equal(undefined);
    });
  }
});
