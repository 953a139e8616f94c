import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "./partition";
import type { Statement } from "./role";
import type { SecretReference } from "./settings";

/** A secret as a task definition names it, with the permission to read it. */
export interface TaskSecret {
  /** Name of the environment variable. */
  name: string;
  /** What ECS reads when a task starts. */
  valueFrom: pulumi.Output<string>;
  reading: Statement;
}

/**
 * Finds the secrets of a service. A secret that is named must exist in Secrets Manager: its ARN ends in six characters
 * that only AWS knows, and ECS takes nothing less.
 */
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
      const { arn } = secretsmanager.getSecretOutput({ name: reference.name });
      const valueFrom = reference.key === undefined ? arn : pulumi.interpolate`${arn}:${reference.key}::`;
      return { valueFrom, reading: reading("secretsmanager", arn) };
    }
    case "arn": {
      // What stands after the name (a key of the JSON, a version) is for ECS, and no part of the resource.
      const arn = pulumi.output(reference.arn.split(":").slice(0, 7).join(":"));
      return { valueFrom: pulumi.output(reference.arn), reading: reading(reference.service, arn) };
    }
  }
}

const reading = (service: "secretsmanager" | "ssm", arn: pulumi.Output<string>): Statement => ({
  actions: [service === "ssm" ? "ssm:GetParameters" : "secretsmanager:GetSecretValue"],
  resources: [arn],
});
