import crypto from "node:crypto";
import { mock } from "node:test";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { expect } from "chai";
import type { Failure } from "../../../handlers/shared/failure";
import { cachedSecret, isSame, nameOf, readSecret, verifyWithRotation } from "../../../handlers/shared/secret";
import { refusal } from "../../refusal";

/** A secret in Secrets Manager and a clock, both of which a test sets. */
function setUp() {
  const world = { value: "first", now: 1_000_000, reads: 0 };
  const secret = cachedSecret(
    async () => {
      world.reads += 1;
      return world.value;
    },
    () => world.now,
  );
  return { world, secret };
}

describe("cached secret", () => {
  it("is read once in five minutes", async () => {
    const { world, secret } = setUp();
    await secret.current();
    world.value = "second";
    world.now += 299_999;
    expect(await secret.current()).to.equal("first");
    expect(world.reads).to.equal(1);
    world.now += 1;
    expect(await secret.current()).to.equal("second");
    expect(world.reads).to.equal(2);
  });

  it("is read anew after a rotation, but not for every forged request", async () => {
    const { world, secret } = setUp();
    await secret.current();
    world.value = "second";
    world.now += 9_999;
    expect(await secret.afterRotation()).to.equal(undefined);
    world.now += 1;
    expect(await secret.afterRotation()).to.equal("second");
    expect(await secret.afterRotation()).to.equal(undefined);
    expect(await secret.current()).to.equal("second");
    expect(world.reads).to.equal(2);
  });

  for (const [given, later, explained, reads] of [
    ["first", 0, true, 1],
    ["forged", 9_999, false, 1],
    ["forged", 10_000, false, 2],
    ["second", 10_000, true, 2],
    ["first", 10_000, true, 1],
    ["first", 300_000, false, 2],
  ] as const) {
    it(`that was rotated ${explained ? "explains" : "does not explain"} "${given}" after ${later} ms`, async () => {
      const { world, secret } = setUp();
      await secret.current();
      world.value = "second";
      world.now += later;
      expect(await verifyWithRotation(secret, (value) => value === given)).to.equal(explained);
      expect(world.reads).to.equal(reads);
    });
  }

  it("that could not be read is asked for again", async () => {
    const answers = [Promise.reject(new Error("no network")), Promise.resolve("first")];
    const secret = cachedSecret(
      () => answers.shift() ?? Promise.reject(new Error("asked too often")),
      () => 0,
    );
    const error = await secret.current().catch((it: Error) => it.message);
    expect(error).to.equal("no network");
    expect(await secret.current()).to.equal("first");
  });
});

describe("a comparison with a secret", () => {
  it("takes the same time for every value: digests of one length are compared", () => {
    const compare = mock.method(crypto, "timingSafeEqual");
    try {
      expect(["secret", "secre", "", "forged-secret"].map((given) => isSame(given, "secret"))).to.deep.equal([
        true,
        false,
        false,
        false,
      ]);
      const lengths = compare.mock.calls.map((call) => call.arguments.map(({ byteLength }) => byteLength));
      expect(lengths).to.deep.equal(Array(4).fill([32, 32]));
    } finally {
      compare.mock.restore();
    }
  });
});

const holding = (SecretString: string | undefined) =>
  ({ send: async () => ({ SecretString }) }) as unknown as SecretsManagerClient;

describe("a text in a secret", () => {
  const SECRET = JSON.stringify({ github: "ghp_1", gitee: " gitee_1\n", groups: ["a"], empty: "\n" });
  const table: [string, string | undefined, string, string][] = [
    ["is the whole of it", undefined, "ghp_1", "ghp_1"],
    ["is the whole of it, even if that is JSON", undefined, SECRET, SECRET],
    ["is one key of its JSON", "github", SECRET, "ghp_1"],
    ["has no newline at its end, though the secret was written by echo", undefined, "ghp_1\n", "ghp_1"],
    ["has no newline at its end, though the secret was written from a Windows file", undefined, "ghp_1\r\n", "ghp_1"],
    ["has no white space at its ends, though its key has", "gitee", SECRET, "gitee_1"],
    ["keeps white space within", undefined, "two words\n", "two words"],
  ];
  for (const [what, key, secret, text] of table) {
    it(what, async () => {
      const location = { secretId: "forges", ...(key !== undefined && { key }) };
      expect(await readSecret(holding(secret), location, "a token")).to.equal(text);
    });
  }

  const missing: [string, string | undefined, string | undefined, string][] = [
    ["there is no string", undefined, undefined, "secret forges"],
    ["it is empty, with which anybody could sign", undefined, "", "secret forges"],
    ["it is only a newline", undefined, "\n", "secret forges"],
    ["the key is missing", "gitlab", SECRET, "key gitlab of secret forges"],
    ["the key holds no text", "groups", SECRET, "key groups of secret forges"],
    ["the key holds only white space", "empty", SECRET, "key empty of secret forges"],
    ["there is no JSON", "github", "ghp_1", "key github of secret forges"],
    ["JSON is null", "github", "null", "key github of secret forges"],
  ];
  for (const [what, key, secret, name] of missing) {
    it(`is refused where ${what}`, async () => {
      const location = { secretId: "forges", ...(key !== undefined && { key }) };
      const failure = (await refusal(readSecret(holding(secret), location, "a token"))) as Failure;
      expect([failure.type, failure.message]).to.deep.equal([
        "ConfigurationError",
        `${name} has no text value: store a token there`,
      ]);
    });
  }

  it("is named as a person would", () => {
    expect(nameOf({ secretId: "forges" })).to.equal("secret forges");
    expect(nameOf({ secretId: "forges", key: "github" })).to.equal("key github of secret forges");
  });
});

describe("reading a secret", () => {
  const errors: [string, object, Failure["type"]][] = [
    ["an outage", { name: "InternalServiceError", $metadata: { httpStatusCode: 500 } }, "SystemUnavailable"],
    ["a connection that is not to be had", { name: "TimeoutError" }, "SystemUnavailable"],
    ["a denial", { name: "AccessDeniedException", $metadata: { httpStatusCode: 400 } }, "PermissionError"],
    ["a secret that is not there", { name: "ResourceNotFoundException" }, "ConfigurationError"],
  ];
  for (const [what, error, type] of errors) {
    it(`tells ${what} as ${type}`, async () => {
      const client = {
        send: () => Promise.reject(Object.assign(new Error("no"), error)),
      } as unknown as SecretsManagerClient;
      const failure = await refusal(readSecret(client, { secretId: "forges" }, "a token"));
      expect((failure as Failure).type).to.equal(type);
      expect(failure.message).to.match(/^secret forges cannot be read: \w+: no$/);
    });
  }
});
