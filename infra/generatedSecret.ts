import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";

export interface GeneratedSecret {
  /** Known once there is a value to read. */
  arn: pulumi.Output<string>;
  /** The current value, a Pulumi secret: what the program generated, or what it was rotated to since. */
  value: pulumi.Output<string>;
}

/** The one way to make a secret that nobody has to think up: 40 letters and digits, kept in Secrets Manager. */
export function createGeneratedSecret(
  name: string,
  description: string,
  opts: { parent: pulumi.Resource },
): GeneratedSecret {
  const secret = new secretsmanager.Secret(name, { description }, opts);
  const generated = secretsmanager.getRandomPasswordOutput({ passwordLength: 40, excludePunctuation: true });
  const version = new secretsmanager.SecretVersion(
    name,
    {
      secretId: secret.id,
      secretString: pulumi.secret(generated.randomPassword),
      // AWS deletes versions without a label, and a rotation takes AWSCURRENT away: with one of its own, Pulumi finds
      // its version again, and does not put a new value over the rotated one.
      versionStages: ["AWSCURRENT", "slipway"],
    },
    // Every evaluation of the program generates another value; the first is kept. A rotation moves the labels.
    { ...opts, ignoreChanges: ["secretString", "versionStages"], additionalSecretOutputs: ["secretString"] },
  );
  const arn = pulumi.all([secret.arn, version.id]).apply(([known]) => known);
  const current = secretsmanager.getSecretVersionOutput({ secretId: arn });
  return { arn, value: pulumi.secret(current.apply(({ secretString }) => secretString.trim() || noValue(name))) };
}

function noValue(name: string): never {
  throw new pulumi.RunError(`${name}: the secret's current version has no text; put one there`);
}
