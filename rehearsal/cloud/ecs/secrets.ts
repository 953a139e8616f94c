import type { Secret } from "@aws-sdk/client-ecs";
import type { GetSecretValueCommandOutput } from "@aws-sdk/client-secrets-manager";
import type { Cloud, Principal } from "../service";

interface Parameters {
  Parameters?: { Value?: string }[];
  InvalidParameters?: string[];
}

/**
 * The values of a container's secrets, by variable name.
 * @throws if one cannot be read, with the text that follows ResourceInitializationError
 */
export async function readSecrets(cloud: Cloud, role: Principal, secrets: Secret[]): Promise<Record<string, string>> {
  const values = await Promise.all(
    secrets.map(async ({ name = "", valueFrom = "" }): Promise<[string, string]> => {
      const read = valueFrom.includes(":secretsmanager:") ? readSecret : readParameter;
      return [name, await read(cloud, role, valueFrom)];
    }),
  );
  return Object.fromEntries(values);
}

/** `arn:…:secret:name-AbCdEf:json-key:version-stage:version-id`; the last three may be empty or absent. */
async function readSecret(cloud: Cloud, role: Principal, valueFrom: string): Promise<string> {
  const parts = valueFrom.split(":");
  const SecretId = parts.slice(0, 7).join(":");
  const [jsonKey, VersionStage, VersionId] = parts.slice(7).map((part) => part || undefined);
  const { SecretString } = await cloud
    .call<object, GetSecretValueCommandOutput>(role, "secretsmanager", "GetSecretValue", {
      SecretId,
      VersionStage,
      VersionId,
    })
    .catch((error) => {
      throw new Error(
        `unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${SecretId} from secrets manager: ${error.name}: ${error.message}`,
        { cause: error },
      );
    });
  if (jsonKey === undefined) return SecretString ?? "";
  const value: unknown = JSON.parse(SecretString ?? "{}")[jsonKey];
  if (value === undefined)
    throw new Error(
      `unable to retrieve secret from asm: retrieved secret from Secrets Manager did not contain json key ${jsonKey}`,
    );
  return String(value);
}

/** A parameter's name or ARN. */
async function readParameter(cloud: Cloud, role: Principal, valueFrom: string): Promise<string> {
  const answer = await cloud
    .call<object, Parameters>(role, "ssm", "GetParameters", { Names: [valueFrom], WithDecryption: true })
    .catch((error) => {
      throw new Error(
        `unable to retrieve secrets from ssm: service call has been retried 1 time(s): ${error.name}: ${error.message}`,
        { cause: error },
      );
    });
  const value = answer.Parameters?.[0]?.Value;
  if (value === undefined)
    throw new Error(`unable to retrieve secrets from ssm: invalid parameters: ${answer.InvalidParameters?.join(", ")}`);
  return value;
}
