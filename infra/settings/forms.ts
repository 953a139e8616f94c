import { type Partition, type Place, partitionOf } from "../partition";
import { type Check, eachOnce, fail, integer, isNot, list, ruled, text } from "./check";
import type { SecretReference, SecretsManagerReference } from "./model";

/** Any text, empty too. */
export const anyText = text("text", "text", /^/);

/** Names that resources are called after: what the strictest of AWS's services take. */
const nameUpTo = (longest: number) =>
  text(
    "a name",
    `1 to ${longest} of a-z, 0-9 and single hyphens, a letter first`,
    new RegExp(`^(?=.{1,${longest}}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$`),
  );

export const name = nameUpTo(20);

/** First part of every task definition's name, of which the continuation token holds two for each service. */
export const environmentName = nameUpTo(16);

export const variableName = text("the name of a variable", "letters, digits and _, no digit first", /^[A-Za-z_]\w*$/);

export const gitHubRepository = text(
  "a GitHub repository",
  "owner/name, such as acme/storefront",
  /^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}\/(?!\.{1,2}$)[\w.-]{1,100}(?<!\.git)$/,
);

/** https://git-scm.com/docs/git-check-ref-format, less what nobody names a branch. */
export const branch = text(
  "a branch",
  "its name without refs/heads/, such as main or release/2",
  /^(?=.{1,200}$)(?!refs\/|.*(\.\.|\/\/|\/\.|@\{|\.lock(\/|$)))[^\s~^:?*[\\/.-][^\s~^:?*[\\]*(?<![/.])$/,
);

export const repositoryPath = text(
  "a path in the repository",
  "a relative path of letters, digits and . _ - / that stays inside",
  /^(?!.*(^|\/)\.\.(\/|$))[\w.-][\w.\-/]*$/,
);

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
export const ecrRepository = text(
  "an ECR repository",
  "its name without the registry, such as storefront",
  // A registry's host would do as the first part of a name.
  /^(?!\d{12}\.dkr\.)(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*$/,
);

export const imageTag = text("an image's tag", "a tag such as dev", /^\w[\w.-]{0,127}$/);

export const hostName = text(
  "a host name",
  "a DNS name in lower case, such as shop.example.com",
  /^(?=.{1,128}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/,
);

export const urlPath = text("a path", "a path such as /healthz", /^(?=.{1,1024}$)\/[!-~]*$/);

export const email = text("an e-mail address", "an address such as team@example.com", /^[^\s@]+@[^\s@]+\.[^\s@]+$/);

/**
 * An IPv4 network for the VPC. AWS takes /16 to /28; a load balancer wants /27 or more in each public subnet, which
 * four availability zones leave down to /22.
 */
export const vpcCidr: Check<string> = (value, path, mistakes) => {
  const allowed = "a network of /16 to /22, such as 10.20.0.0/16";
  const match = typeof value === "string" ? /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(value) : null;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match?.slice(1).map(Number) ?? [];
  if (match === null || [a, b, c, d].some((byte) => byte > 255) || prefix < 16 || prefix > 22)
    return fail(mistakes, isNot(path, value, "an IPv4 network for a VPC", allowed));
  const network = [a, b, c & (0xff << Math.max(0, 24 - prefix)), 0].join(".");
  return `${network}/${prefix}` === match[0]
    ? match[0]
    : fail(mistakes, isNot(path, value, "the first address of its network", `${network}/${prefix}`));
};

/** A region, of a partition that slipway knows. */
export const place: Check<Place> = (value, path, mistakes) => {
  const region = typeof value === "string" ? value : "";
  const partition = partitionOf(region);
  return partition === undefined
    ? fail(mistakes, isNot(path, value, "a region", "a region of AWS's global or China partition, such as us-east-1"))
    : { region, partition };
};

/** How many availability zones, or their names: not every region has a, b and c. */
export function availabilityZones({ region }: Place): Check<number | string[]> {
  const count = integer("a number of availability zones", 2, 4);
  const zone = text(
    "an availability zone",
    `${region} and a letter, such as ${region}a`,
    new RegExp(`^${region}[a-z]$`),
  );
  const names = ruled(list("availability zones", zone, 2, 4), eachOnce);
  return (value, path, mistakes) => (Array.isArray(value) ? names : count)(value, path, mistakes);
}

/** The ARN of an ACM certificate in the load balancer's own region. */
export const certificateArn = ({ region, partition }: Place): Check<string> =>
  text(
    "an ACM certificate of this region",
    `arn:${partition.id}:acm:${region}:<account>:certificate/<id>`,
    new RegExp(`^arn:${partition.id}:acm:${region}:\\d{12}:certificate/[\\w-]+$`),
  );

/**
 * Where a secret is kept. The value is never repeated in a mistake: it may be the secret itself, put in the wrong place.
 */
export const secretReference =
  ({ partition }: Place): Check<SecretReference> =>
  (value, path, mistakes) =>
    readReference(value, partition) ??
    fail(
      mistakes,
      `${path}: does not say where the secret is kept; allowed: a Secrets Manager name, with :key for one key of its JSON; an SSM parameter name that begins with /; an ARN of either in ${partition.id}`,
    );

/**
 * Where a chat's webhook is kept. A function reads it, and knows Secrets Manager of its own region and the current version
 * alone.
 */
export const chatSecret =
  ({ region, partition }: Place): Check<SecretsManagerReference> =>
  (value, path, mistakes) => {
    const reference = readReference(value, partition);
    if (reference?.kind === "secret") return reference;
    if (reference?.kind === "arn" && reference.service === "secretsmanager") {
      const here = reference.arn.split(":")[3] === region;
      if (here && !VERSIONED.test(reference.arn)) return reference;
    }
    return fail(
      mistakes,
      `${path}: does not say which secret holds the webhook's address; allowed: a Secrets Manager name, with :key for one key of its JSON; its ARN in ${region}, with :key:: for one key`,
    );
  };

// What follows the key in `…:secret:<name>:<key>:<stage>:<version>`.
const VERSIONED = /:secret:[^:]+:[^:]*:(.+:|:.+)/;

function readReference(value: unknown, partition: Partition): SecretReference | undefined {
  const reference = typeof value === "string" ? value : "";
  const arn = new RegExp(
    `^arn:${partition.id}:(secretsmanager:[a-z0-9-]+:\\d{12}:secret:[^:]+(:[^:]*:[^:]*:[^:]*)?|ssm:[a-z0-9-]+:\\d{12}:parameter/.+)$`,
  );
  if (arn.test(reference))
    return { kind: "arn", service: reference.split(":")[2] === "ssm" ? "ssm" : "secretsmanager", arn: reference };
  if (/^\/[\w./-]+$/.test(reference)) return { kind: "parameter", name: reference };
  // A URL is no name with a key: it is what should be kept there.
  const match = /^([\w/+=.@-]{1,512})(?::(?!\/\/)([^:]+))?$/.exec(reference);
  return match?.[1] === undefined ? undefined : { kind: "secret", name: match[1], key: match[2] };
}
