import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "../partition";
import type { SecretReference, SecretsManagerReference } from "../settings";
import type { Statement } from "./role";

/** A secret as a task definition names it, with the permission to read it. */
export interface TaskSecret {
  /** Name of the environment variable. */
  name: string;
  /** What ECS reads when a task starts. */
  valueFrom: pulumi.Output<string>;
  reading: Statement;
}

/** Finds the secrets of a task. */
export const taskSecrets = (references: Record<string, SecretReference>, account: Account): TaskSecret[] =>
  Object.entries(references)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, reference]) => ({ name, ...taskSecret(reference, account) }));

function taskSecret(reference: SecretReference, account: Account): Omit<TaskSecret, "name"> {
  switch (reference.kind) {
    case "parameter": {
      const arn = account.arn("ssm", `parameter${reference.name}`);
      return { valueFrom: arn, reading: reading("ssm", arn) };
    }
    case "secret": {
      const arn = secretArn(reference);
      const valueFrom = reference.key === undefined ? arn : pulumi.interpolate`${arn}:${reference.key}::`;
      return { valueFrom, reading: reading("secretsmanager", arn) };
    }
    case "arn": {
      const arn = reference.service === "ssm" ? pulumi.output(reference.arn) : secretArn(reference);
      return { valueFrom: pulumi.output(reference.arn), reading: reading(reference.service, arn) };
    }
  }
}

/**
 * ARN of a secret in Secrets Manager. One that is named must exist: its ARN ends in six characters that only AWS knows, and
 * neither ECS nor IAM takes less.
 */
export function secretArn(reference: SecretsManagerReference): pulumi.Output<string> {
  if (reference.kind === "secret") return secretsmanager.getSecretOutput({ name: reference.name }).arn;
  // What stands after the name (a key of the JSON, a version) is no part of the resource.
  return pulumi.output(reference.arn.split(":").slice(0, 7).join(":"));
}

/** A text in Secrets Manager, as functions find it. */
export interface KnownLocation {
  secretId: pulumi.Output<string>;
  /** The key of the secret's JSON that holds the text, if not the whole secret does. */
  key?: string;
}

export function secretLocation(reference: SecretsManagerReference): KnownLocation {
  const secretId = secretArn(reference);
  const key = reference.kind === "secret" ? reference.key : reference.arn.split(":")[7] || undefined;
  return key === undefined ? { secretId } : { secretId, key };
}

export const readingSecret = ({ secretId }: KnownLocation): Statement => reading("secretsmanager", secretId);

const reading = (service: "secretsmanager" | "ssm", arn: pulumi.Output<string>): Statement => ({
  actions: [service === "ssm" ? "ssm:GetParameters" : "secretsmanager:GetSecretValue"],
  resources: [arn],
});
