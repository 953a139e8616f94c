import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "../partition";
import type { SecretReference, SecretsManagerReference } from "../settings";
import type { Statement } from "./role";

/** A secret for a task definition, with the permission to read it. */
export interface TaskSecret {
  /** Name of the environment variable. */
  name: string;
  /** The reference that ECS resolves when a task starts. */
  valueFrom: pulumi.Output<string>;
  reading: Statement;
}

/** Resolves the secrets of a task. */
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
 * ARN of a secret in Secrets Manager. A secret given by name must exist: its ARN ends in six random characters, and ECS
 * and IAM require the full ARN.
 */
export function secretArn(reference: SecretsManagerReference): pulumi.Output<string> {
  if (reference.kind === "secret") return secretsmanager.getSecretOutput({ name: reference.name }).arn;
  // A JSON key or version after the name is not part of the resource.
  return pulumi.output(reference.arn.split(":").slice(0, 7).join(":"));
}

/** A text in Secrets Manager, as functions refer to it. */
export interface KnownLocation {
  secretId: pulumi.Output<string>;
  /** Key of the secret's JSON that holds the text. Default: the whole secret. */
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
