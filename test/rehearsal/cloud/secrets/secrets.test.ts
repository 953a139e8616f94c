import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { expect } from "chai";
import { createSecretsManager } from "../../../../rehearsal/cloud/secretsManager";
import { createSsm } from "../../../../rehearsal/cloud/ssm";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";

const OPERATOR = { kind: "operator" } as const;

describe("Secrets Manager", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createSecretsManager, createSsm]);
  });
  afterEach(() => cloud.close());

  async function client(resource: string): Promise<SecretsManagerClient> {
    const statement = { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: resource };
    const role = await cloud.role("webhook", "lambda.amazonaws.com", [statement]);
    return new SecretsManagerClient(await cloud.clientOptions("lambda.amazonaws.com", role));
  }

  it("gives the current version to who may read it, by ARN, name or partial ARN", async () => {
    const { id, outputs } = await cloud.declare("aws:secretsmanager/secret:Secret", "webhook");
    expect(outputs.arn).to.match(
      /^arn:aws:secretsmanager:us-east-1:123456789012:secret:webhook-[0-9a-f]{7}-[A-Za-z0-9]{6}$/,
    );
    await cloud.declare("aws:secretsmanager/secretVersion:SecretVersion", "webhook", {
      secretId: id,
      secretString: "s3",
    });
    const arn = String(outputs.arn);
    const reader = await client(arn);
    for (const SecretId of [arn, String(outputs.name), arn.slice(0, -7)]) {
      const { SecretString, VersionStages, ARN } = await reader.send(new GetSecretValueCommand({ SecretId }));
      expect([SecretString, VersionStages, ARN]).to.deep.equal(["s3", ["AWSCURRENT"], arn]);
    }
  });

  it("denies who may not, naming the secret", async () => {
    const { outputs } = await cloud.declare("aws:secretsmanager/secret:Secret", "webhook");
    const reader = await client(`${outputs.arn}x`);
    const error = await refusal(reader.send(new GetSecretValueCommand({ SecretId: String(outputs.name) })));
    expect(error.message).to.contain(
      `is not authorized to perform: secretsmanager:GetSecretValue on resource: ${outputs.arn}.`,
    );
  });

  it("keeps the previous version when a secret is rotated", async () => {
    await cloud.call(OPERATOR, "secretsmanager", "CreateSecret", { Name: "token", SecretString: "one" });
    for (const SecretString of ["two", "three"])
      await cloud.call(OPERATOR, "secretsmanager", "PutSecretValue", { SecretId: "token", SecretString });
    const value = async (VersionStage?: string) =>
      (
        await cloud.call<object, { SecretString?: string }>(OPERATOR, "secretsmanager", "GetSecretValue", {
          SecretId: "token",
          VersionStage,
        })
      ).SecretString;
    expect([await value(), await value("AWSPREVIOUS")]).to.deep.equal(["three", "two"]);
  });

  it("gives a declared version its labels, and keeps those that a rotation does not move", async () => {
    const { id, outputs } = await cloud.declare("aws:secretsmanager/secret:Secret", "webhook");
    const declared = await cloud.declare("aws:secretsmanager/secretVersion:SecretVersion", "webhook", {
      secretId: id,
      secretString: "one",
      versionStages: ["AWSCURRENT", "slipway"],
    });
    expect(declared.outputs.versionStages).to.deep.equal(["AWSCURRENT", "slipway"]);
    const SecretId = outputs.arn;
    await cloud.call(OPERATOR, "secretsmanager", "PutSecretValue", { SecretId, SecretString: "two" });
    await cloud.call(OPERATOR, "secretsmanager", "PutSecretValue", { SecretId, SecretString: "three" });
    expect(
      await cloud.call(OPERATOR, "secretsmanager", "GetSecretValue", { SecretId, VersionStage: "slipway" }),
    ).to.deep.include({ SecretString: "one", VersionStages: ["slipway"], VersionId: declared.outputs.versionId });
  });

  it("tells the program the current version, or the one that it asks for", async () => {
    const { ARN } = await cloud.call<object, { ARN?: string }>(OPERATOR, "secretsmanager", "CreateSecret", {
      Name: "token",
      SecretString: "one",
    });
    await cloud.call(OPERATOR, "secretsmanager", "PutSecretValue", { SecretId: "token", SecretString: "two" });
    const token = "aws:secretsmanager/getSecretVersion:getSecretVersion";
    expect(await cloud.invoke(token, { secretId: ARN })).to.deep.include({
      id: `${ARN}|AWSCURRENT`,
      arn: ARN,
      secretId: ARN,
      secretString: "two",
      secretBinary: "",
      versionStages: ["AWSCURRENT"],
    });
    expect(await cloud.invoke(token, { secretId: ARN, versionStage: "AWSPREVIOUS" })).to.include({
      id: `${ARN}|AWSPREVIOUS`,
      secretString: "one",
    });
    const error = await refusal(cloud.invoke(token, { secretId: ARN, versionStage: "slipway" }));
    expect(error.message).to.equal("Secrets Manager can't find the specified secret value for staging label: slipway");
  });

  it("tells the program which versions there are, and leaves the list out where there is none", async () => {
    const { id: secretId } = await cloud.declare("aws:secretsmanager/secret:Secret", "webhooks");
    const token = "aws:secretsmanager/getSecretVersions:getSecretVersions";
    expect(await cloud.invoke(token, { secretId })).to.not.have.any.keys("versions");
    for (const SecretString of ["one", "two", "three"])
      await cloud.call(OPERATOR, "secretsmanager", "PutSecretValue", { SecretId: secretId, SecretString });
    const { versions } = (await cloud.invoke(token, { secretId })) as { versions: { versionStages: string[] }[] };
    expect(versions.map(({ versionStages }) => versionStages)).to.deep.equal([["AWSPREVIOUS"], ["AWSCURRENT"]]);
  });

  it("is asked by the program for a secret's ARN by its name", async () => {
    const { ARN } = await cloud.call<object, { ARN?: string }>(OPERATOR, "secretsmanager", "CreateSecret", {
      Name: "shop/database",
    });
    const token = "aws:secretsmanager/getSecret:getSecret";
    expect(await cloud.invoke(token, { name: "shop/database" })).to.include({ arn: ARN });
    const error = await refusal(cloud.invoke(token, { name: "shop/databse" }));
    expect([error.name, error.message]).to.deep.equal([
      "ResourceNotFoundException",
      "Secrets Manager can't find the specified secret: shop/databse.",
    ]);
  });

  it("says that a secret has no value yet", async () => {
    const { outputs } = await cloud.declare("aws:secretsmanager/secret:Secret", "webhook");
    const reader = await client(String(outputs.arn));
    const error = await refusal(reader.send(new GetSecretValueCommand({ SecretId: String(outputs.arn) })));
    expect(error.message).to.equal(
      "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    );
  });

  const passwords: { inputs: Record<string, unknown>; form: RegExp }[] = [
    {
      inputs: { passwordLength: 40, excludePunctuation: true },
      form: /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d]{40}$/,
    },
    { inputs: { excludeLowercase: true, excludeUppercase: true, excludePunctuation: true }, form: /^\d{32}$/ },
    {
      inputs: {
        passwordLength: 8,
        excludeNumbers: true,
        excludePunctuation: true,
        excludeUppercase: true,
        excludeCharacters: "a",
      },
      form: /^[b-z]{8}$/,
    },
  ];
  for (const { inputs, form } of passwords)
    it(`generates a password: ${JSON.stringify(inputs)}`, async () => {
      const answer = await cloud.invoke("aws:secretsmanager/getRandomPassword:getRandomPassword", inputs);
      expect((answer as { randomPassword: string }).randomPassword).to.match(form);
    });
});

describe("Parameter Store", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createSsm]);
  });
  afterEach(() => cloud.close());

  it("gives parameters by name or ARN, under a permission for each, and names those that do not exist", async () => {
    const { outputs } = await cloud.declare("aws:ssm/parameter:Parameter", "dsn", {
      name: "/shop/dsn",
      type: "SecureString",
      value: "postgres://",
    });
    expect(outputs.arn).to.equal("arn:aws:ssm:us-east-1:123456789012:parameter/shop/dsn");
    const statement = { Effect: "Allow", Action: "ssm:GetParameters", Resource: [outputs.arn, `${outputs.arn}x`] };
    const arn = await cloud.role("execution", "ecs-tasks.amazonaws.com", [statement]);
    const get = (Names: string[]) =>
      cloud.call<object, { Parameters: { Value: string }[]; InvalidParameters: string[] }>(
        { kind: "role", arn },
        "ssm",
        "GetParameters",
        { Names, WithDecryption: true },
      );
    const { Parameters, InvalidParameters } = await get([String(outputs.arn), "/shop/dsnx", "/shop/dsn"]);
    expect(Parameters.map((it) => it.Value)).to.deep.equal(["postgres://", "postgres://"]);
    expect(InvalidParameters).to.deep.equal(["/shop/dsnx"]);
    expect((await refusal(get(["/shop/dsn", "other"]))).message).to.contain(
      "ssm:GetParameters on resource: arn:aws:ssm:us-east-1:123456789012:parameter/other.",
    );
  });
});
