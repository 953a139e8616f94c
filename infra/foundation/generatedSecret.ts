import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";

export interface GeneratedSecret {
  /** Known once there is a value to read. */
  arn: pulumi.Output<string>;
  /** The current value, a Pulumi secret: what the program generated, or what it was rotated to since. */
  value: pulumi.Output<string>;
}

const GENERATED = { passwordLength: 40, excludePunctuation: true };

/** The one way to make a secret that nobody has to think up: 40 letters and digits, kept in Secrets Manager. */
export function createGeneratedSecret(
  name: string,
  description: string,
  opts: { parent: pulumi.Resource },
): GeneratedSecret {
  const secret = new secretsmanager.Secret(name, { description }, opts);
  const generated = secretsmanager.getRandomPasswordOutput(GENERATED);
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

export interface GeneratedSecrets {
  /** Known once there are values to read. */
  arn: pulumi.Output<string>;
  /** By name, the current values, Pulumi secrets: what the program generated, or what they were rotated to since. */
  values: Record<string, pulumi.Output<string>>;
}

/**
 * Several such secrets in one of Secrets Manager: a JSON object with a value for each name. The values that are stored
 * already are kept, rotated ones too. A name that is added gets a new value, and one that is removed loses its own.
 */
export function createGeneratedSecrets(
  name: string,
  description: string,
  names: string[],
  opts: { parent: pulumi.Resource },
): GeneratedSecrets {
  const secret = new secretsmanager.Secret(name, { description }, opts);
  const values = pulumi.secret(
    secret.arn.apply(async (arn) => completeValues(name, names, await currentText(arn), generateValue)),
  );
  const version = new secretsmanager.SecretVersion(
    name,
    { secretId: secret.id, secretString: values.apply((all) => JSON.stringify(all)) },
    // A change replaces the version, which moves AWSCURRENT to the new one. AWS deletes the former by itself; the provider
    // would try to take labels from it that it does not have any more.
    { ...opts, retainOnDelete: true, additionalSecretOutputs: ["secretString"] },
  );
  return {
    arn: pulumi.all([secret.arn, version.id]).apply(([known]) => known),
    values: Object.fromEntries(names.map((each) => [each, values.apply((all) => all[each] ?? noValue(name))])),
  };
}

/** What is stored now; undefined before the first value. */
async function currentText(secretId: string): Promise<string | undefined> {
  const { versions } = await secretsmanager.getSecretVersions({ secretId });
  // Pulumi may leave an empty list out.
  const isStored = (versions ?? []).some(({ versionStages }) => versionStages.includes("AWSCURRENT"));
  return isStored ? (await secretsmanager.getSecretVersion({ secretId })).secretString : undefined;
}

async function generateValue(): Promise<string> {
  return (await secretsmanager.getRandomPassword(GENERATED)).randomPassword;
}

/** In bytes: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
const VALUE_LIMIT = 65_536;

/**
 * The stored value of each name, or a new one.
 * @param stored a JSON object; undefined for none
 * @throws RunError for stored text that is not an object of texts, and for more than Secrets Manager can hold
 */
export async function completeValues(
  secret: string,
  names: string[],
  stored: string | undefined,
  generate: () => Promise<string>,
): Promise<Record<string, string>> {
  const known = stored === undefined ? {} : parseValues(secret, stored);
  const complete = async (name: string) => [name, known[name]?.trim() || (await generate())];
  const values = Object.fromEntries(await Promise.all([...names].sort().map(complete)));
  const size = Buffer.byteLength(JSON.stringify(values));
  if (size > VALUE_LIMIT)
    throw new pulumi.RunError(
      `${secret}: its values take ${size} bytes of the ${VALUE_LIMIT} that a secret can hold; split the applications over two stacks with different environments`,
    );
  return values;
}

/** JSON's own errors quote the secret. */
function parseValues(secret: string, stored: string): Record<string, string> {
  const parsed = parse(stored);
  if (
    typeof parsed !== "object" ||
    parsed === null ||
    Array.isArray(parsed) ||
    !Object.values(parsed).every((value) => typeof value === "string")
  )
    throw new pulumi.RunError(`${secret}: the secret's current version is not a JSON object of texts; mend it`);
  return parsed as Record<string, string>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function noValue(name: string): never {
  throw new pulumi.RunError(`${name}: the secret's current version has no text; put one there`);
}
