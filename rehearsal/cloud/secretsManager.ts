import { randomInt, randomUUID } from "node:crypto";
import type {
  CreateSecretRequest,
  CreateSecretResponse,
  GetSecretValueRequest,
  GetSecretValueResponse,
  PutSecretValueRequest,
  PutSecretValueResponse,
} from "@aws-sdk/client-secrets-manager";
import type { GetRandomPasswordArgs } from "@pulumi/aws/secretsmanager/getRandomPassword";
import type { GetSecretArgs } from "@pulumi/aws/secretsmanager/getSecret";
import type { GetSecretVersionArgs } from "@pulumi/aws/secretsmanager/getSecretVersion";
import type { GetSecretVersionsArgs } from "@pulumi/aws/secretsmanager/getSecretVersions";
import type { SecretArgs } from "@pulumi/aws/secretsmanager/secret";
import type { SecretVersionArgs } from "@pulumi/aws/secretsmanager/secretVersion";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { awsError, type Cloud, type Created, type Declaration, operation, type Service } from "./service";

interface SecretVersion {
  id: string;
  string?: string;
  binary?: Uint8Array;
  stages: string[];
  createdAt: number;
}

interface Secret {
  arn: string;
  name: string;
  versions: SecretVersion[];
}

type Value = Pick<PutSecretValueRequest, "SecretString" | "SecretBinary">;

// The recovery window, replication and tags change nothing here.
const SECRET_INPUTS: (keyof SecretArgs)[] = [
  "name",
  "description",
  "recoveryWindowInDays",
  "forceOverwriteReplicaSecret",
  "tags",
  "region",
];

/** AWS Secrets Manager: secrets, their versions and staging labels. */
export function createSecretsManager(cloud: Cloud): Service {
  const secrets = new Map<string, Secret>();

  /** By name, by ARN, or by the ARN without its six random characters. */
  function lookUp(id: string | undefined): Secret | undefined {
    const all = [...secrets.values()];
    return all.find((it) => it.name === id || it.arn === id || it.arn.slice(0, -7) === id);
  }

  function find(id: string | undefined): Secret {
    const secret = lookUp(id);
    if (secret === undefined)
      throw awsError("ResourceNotFoundException", `Secrets Manager can't find the specified secret: ${id}.`);
    return secret;
  }

  /** What IAM is asked about; a secret that does not exist has no random characters yet. */
  function arnOf(id = ""): string {
    return lookUp(id)?.arn ?? (id.startsWith("arn:") ? id : cloud.arn("secretsmanager", `secret:${id}`));
  }

  function create(name: string): Secret {
    if (secrets.has(name))
      throw awsError("ResourceExistsException", `The operation failed because the secret ${name} already exists.`);
    const arn = cloud.arn("secretsmanager", `secret:${name}-${randomText(LETTERS + DIGITS, 6)}`);
    const secret = { arn, name, versions: [] };
    secrets.set(name, secret);
    return secret;
  }

  function put({ versions }: Secret, { SecretString, SecretBinary }: Value, stages = ["AWSCURRENT"]): SecretVersion {
    if ((SecretString === undefined) === (SecretBinary === undefined))
      throw awsError("InvalidRequestException", "Give either SecretString or SecretBinary.");
    const version: SecretVersion = {
      id: randomUUID(),
      string: SecretString,
      binary: SecretBinary,
      stages,
      createdAt: cloud.clock.now(),
    };
    // A label is on one version at a time, and what was current becomes the previous one.
    const replaces = stages.includes("AWSCURRENT");
    const moved = replaces ? [...stages, "AWSPREVIOUS"] : stages;
    for (const other of versions) {
      const wasCurrent = other.stages.includes("AWSCURRENT");
      other.stages = other.stages.filter((it) => !moved.includes(it));
      if (replaces && wasCurrent) other.stages.push("AWSPREVIOUS");
    }
    versions.push(version);
    return version;
  }

  function read({ SecretId, VersionId, VersionStage }: GetSecretValueRequest): GetSecretValueResponse {
    const { arn, name, versions } = find(SecretId);
    const stage = VersionStage ?? (VersionId === undefined ? "AWSCURRENT" : undefined);
    const version = versions.find(
      (it) => (VersionId === undefined || it.id === VersionId) && (stage === undefined || it.stages.includes(stage)),
    );
    if (version === undefined)
      throw awsError(
        "ResourceNotFoundException",
        `Secrets Manager can't find the specified secret value for ${VersionId === undefined ? `staging label: ${stage}` : `VersionId: ${VersionId}`}`,
      );
    return {
      ARN: arn,
      Name: name,
      VersionId: version.id,
      VersionStages: version.stages,
      SecretString: version.string,
      SecretBinary: version.binary,
      CreatedDate: new Date(version.createdAt),
    };
  }

  function declareSecret(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<SecretArgs>>(declaration, SECRET_INPUTS);
    const { arn, name } = create(cloud.physicalName(declaration, inputs.name));
    return { id: arn, outputs: { arn, name } };
  }

  function declareVersion(declaration: Declaration): Created {
    const { secretId, secretString, secretBinary, versionStages } = inputsOf<Unwrap<SecretVersionArgs>>(declaration, [
      "secretId",
      "secretString",
      "secretBinary",
      "versionStages",
      "region",
    ]);
    const secret = find(secretId);
    const binary = secretBinary === undefined ? undefined : Buffer.from(secretBinary, "base64");
    const { id, stages } = put(secret, { SecretString: secretString, SecretBinary: binary }, versionStages);
    return {
      id: `${secretId}|${id}`,
      outputs: { arn: secret.arn, secretArn: secret.arn, versionId: id, versionStages: stages },
    };
  }

  /** The data source of one version: by default the current one. */
  function readVersion({ secretId, versionId, versionStage }: Partial<GetSecretVersionArgs>): object {
    const version = read({ SecretId: secretId, VersionId: versionId, VersionStage: versionStage });
    const binary = version.SecretBinary;
    return {
      id: `${secretId}|${versionId ?? versionStage ?? "AWSCURRENT"}`,
      arn: version.ARN,
      secretId,
      secretString: version.SecretString ?? "",
      secretBinary: binary === undefined ? "" : Buffer.from(binary).toString("base64"),
      versionId: version.VersionId,
      versionStages: version.VersionStages,
      createdDate: version.CreatedDate?.toISOString(),
    };
  }

  /** The data source of all versions with a label; of a secret without any it has no list. */
  function listVersions({ secretId }: Partial<GetSecretVersionsArgs>): object {
    const secret = find(secretId);
    const listed = secret.versions
      .filter(({ stages }) => stages.length > 0)
      .map(({ id, stages, createdAt }) => ({
        versionId: id,
        versionStages: stages,
        createdTime: new Date(createdAt).toISOString(),
      }));
    return {
      id: secretId,
      secretId,
      secretArn: secret.arn,
      secretName: secret.name,
      ...(listed.length === 0 ? {} : { versions: listed }),
    };
  }

  return {
    name: "secretsmanager",
    resources: {
      "aws:secretsmanager/secret:Secret": declareSecret,
      "aws:secretsmanager/secretVersion:SecretVersion": declareVersion,
    },
    invokes: {
      "aws:secretsmanager/getRandomPassword:getRandomPassword": randomPassword,
      "aws:secretsmanager/getSecret:getSecret": ({ name, arn }: GetSecretArgs) => {
        const secret = find(arn ?? name);
        return { id: secret.arn, arn: secret.arn, name: secret.name };
      },
      "aws:secretsmanager/getSecretVersion:getSecretVersion": readVersion,
      "aws:secretsmanager/getSecretVersions:getSecretVersions": listVersions,
    },
    operations: {
      CreateSecret: operation<CreateSecretRequest, CreateSecretResponse>({
        permissions: ({ Name }) => [{ action: "secretsmanager:CreateSecret", resource: arnOf(Name) }],
        perform({ Name = "", SecretString, SecretBinary }) {
          const secret = create(Name);
          const answer = { ARN: secret.arn, Name };
          if (SecretString === undefined && SecretBinary === undefined) return answer;
          return { ...answer, VersionId: put(secret, { SecretString, SecretBinary }).id };
        },
      }),
      PutSecretValue: operation<PutSecretValueRequest, PutSecretValueResponse>({
        permissions: ({ SecretId }) => [{ action: "secretsmanager:PutSecretValue", resource: arnOf(SecretId) }],
        perform({ SecretId, VersionStages, ...value }) {
          const secret = find(SecretId);
          const { id, stages } = put(secret, value, VersionStages);
          return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: stages };
        },
      }),
      GetSecretValue: operation<GetSecretValueRequest, GetSecretValueResponse>({
        permissions: ({ SecretId }) => [{ action: "secretsmanager:GetSecretValue", resource: arnOf(SecretId) }],
        perform: read,
      }),
    },
  };
}

const LOWERCASE = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE = LOWERCASE.toUpperCase();
const LETTERS = LOWERCASE + UPPERCASE;
const DIGITS = "0123456789";
const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

const randomText = (characters: string, length: number) =>
  Array.from({ length }, () => characters[randomInt(characters.length)]).join("");

/** GetRandomPassword: by default 32 characters, at least one of each kind. */
function randomPassword(inputs: GetRandomPasswordArgs): object {
  const { passwordLength = 32, excludeCharacters = "", requireEachIncludedType = true } = inputs;
  const kinds = [
    inputs.excludeLowercase ? "" : LOWERCASE,
    inputs.excludeUppercase ? "" : UPPERCASE,
    inputs.excludeNumbers ? "" : DIGITS,
    inputs.excludePunctuation ? "" : PUNCTUATION,
    inputs.includeSpace ? " " : "",
  ]
    .map((kind) => [...kind].filter((it) => !excludeCharacters.includes(it)).join(""))
    .filter((kind) => kind !== "");
  if (kinds.length === 0 || passwordLength < kinds.length)
    throw awsError("InvalidParameterException", "getRandomPassword: no password has this length and these characters.");
  let randomPassword: string;
  do randomPassword = randomText(kinds.join(""), passwordLength);
  while (requireEachIncludedType && !kinds.every((kind) => [...randomPassword].some((it) => kind.includes(it))));
  return { id: randomUUID(), randomPassword };
}
