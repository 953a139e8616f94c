import { FOLDER, FOLDER_FORM, isImage, isManifestName } from "../../handlers/pullRequests/fields";
import type { Forge } from "../../handlers/shared/forge";
import { missingServices, type Partition, partitionOf, type Region } from "../partition";
import { ecrRegistryOf } from "./baseImages";
import { type Check, eachOnce, fail, integer, isNot, list, ruled, text } from "./check";
import { ipv4Network } from "./cidr";
import type { SecretReference, SecretsManagerReference } from "./model";

/** Any string, including the empty one. */
export const anyText = text("text", "text", /^/);

/** Resource names: the strictest rules of the AWS services in use. */
const nameUpTo = (longest: number) =>
  text(
    "a name",
    `1 to ${longest} characters a-z, 0-9 and single hyphens, starting with a letter`,
    new RegExp(`^(?=.{1,${longest}}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$`),
  );

export const name = nameUpTo(20);

/** First part of all task definition names; the continuation token holds two of them per service. */
export const environmentName = nameUpTo(16);

export const variableName = text(
  "the name of a variable",
  "letters, digits and _, not starting with a digit",
  /^[A-Za-z_]\w*$/,
);

/** By forge. Repository names become part of URLs: no empty parts, no parts of only dots, no `.git`. */
export const repositories: Record<Forge, Check<string>> = {
  github: text(
    "a GitHub repository",
    "owner/name, such as acme/storefront",
    /^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}\/(?!\.{1,2}$)[\w.-]{1,100}(?<!\.git)$/,
  ),
  // https://docs.gitlab.com/user/reserved_names/#rules-for-usernames-project-and-group-names-and-slugs
  gitlab: text(
    "a GitLab project",
    "its path with its groups, such as acme/shop/storefront",
    /^(?=.{1,255}$)\w[\w.-]*(\/\w[\w.-]*){1,20}(?<!\.git|\.atom|\.)$/,
  ),
  bitbucket: text(
    "a Bitbucket repository",
    "workspace/name in lower case, such as acme/storefront",
    /^[a-z0-9_-]{1,62}\/(?!\.{1,2}$)[a-z0-9_.-]{1,62}(?<!\.git)$/,
  ),
  gitee: text(
    "a Gitee repository",
    "owner/name, such as acme/storefront",
    /^[A-Za-z][\w-]*\/(?!\.{1,2}$)[A-Za-z0-9][\w.-]{0,190}(?<!\.git)$/,
  ),
};

/** https://git-scm.com/docs/git-check-ref-format, without unusual characters. */
export const branch = text(
  "a branch",
  "its name without refs/heads/, such as main or release/2",
  /^(?=.{1,200}$)(?!refs\/|@$|HEAD$|.*(\p{Cc}|\.\.|\/\/|\/\.|@\{|\.lock(\/|$)))[^\s~^:?*[\\/.-][^\s~^:?*[\\]*(?<![/.])$/u,
);

const pathIn = (where: string) =>
  text(
    `a path ${where}`,
    "a relative path of letters, digits and . _ - /, without a .. segment",
    /^(?!.*(^|\/)\.\.(\/|$))[\w.-][\w.\-/]*$/,
  );

export const repositoryPath = pathIn("in the repository");

export const projectPath = pathIn("beside Pulumi.yaml");

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
export const ecrRepository = text(
  "an ECR repository",
  "its name without the registry, such as storefront",
  // The first part must not be a registry's host.
  /^(?!\d{12}\.dkr\.)(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*$/,
);

export const imageTag = text("an image's tag", "a tag such as dev", /^\w[\w.-]{0,127}$/);

const folder = (what: string, example: string) => text(what, `${FOLDER_FORM}, such as ${example}`, FOLDER);

/** A folder of the gitops repository. */
export const serviceFolder = folder("a folder under kustomize/", "storefront");

/** A folder of a service in the gitops repository. */
export const overlay = folder("a folder under overlays/", "dev");

/** An image name in a kustomization. */
export const manifestImage: Check<string> = (value, path, mistakes) =>
  typeof value === "string" && isManifestName(value) && !/(:[^/]*|@.*)$/.test(value)
    ? value
    : fail(
        mistakes,
        isNot(path, value, "an image's name in manifests", "a name without tag and digest, such as storefront"),
      );

/** kustomize's argument without tag and digest; {service} stands for the service's name. */
export const imageOfService: Check<string> = (value, path, mistakes) =>
  typeof value === "string" && isImage(`${value.replaceAll("{service}", "service")}:v1`)
    ? value
    : fail(
        mistakes,
        isNot(
          path,
          value,
          "an image of a service",
          "its name without tag and digest, preceded by <name in the manifests>= if that differs, such as {service}=registry.acme.example/{service}",
        ),
      );

export const hostName = text(
  "a host name",
  "a DNS name in lower case, such as shop.example.com",
  /^(?=.{1,128}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/,
);

export const urlPath = text("a path", "a path such as /healthz", /^(?=.{1,1024}$)\/[!-~]*$/);

export const email = text(
  "an e-mail address",
  "an address such as team@example.com",
  /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/,
);

/**
 * An IPv4 network for the VPC. AWS allows /16 to /28; a load balancer needs at least /27 in each public subnet, which
 * is possible down to /22 with four availability zones.
 */
export const vpcCidr = ipv4Network("an IPv4 network for a VPC", 16, 22, "10.20.0.0/16");

/** A destination that is routed through the NAT instance. */
export const routedCidr: Check<string> = (value, path, mistakes) =>
  value === "0.0.0.0/0"
    ? fail(mistakes, `${path}: "0.0.0.0/0" means all traffic; use egress: nat-instance instead`)
    : destination(value, path, mistakes);

const destination = ipv4Network("an IPv4 network", 8, 32, "203.0.113.0/24");

/** Graviton families have a g after the generation: t4g, c7gn, im4gn. The AMI is for arm64. */
export const gravitonType = text(
  "a Graviton instance type",
  "one of a family with g after its generation, such as t4g.micro or c7gn.large",
  /^[a-z]+\d+g[a-z]*\.[a-z0-9-]+$/,
);

export const ami = text("an AMI", "its id, such as ami-0123456789abcdef0", /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/);

/** A region in a known partition that has all required services. */
export const region: Check<Region> = (value, path, mistakes) => {
  const name = typeof value === "string" ? value : "";
  const partition = partitionOf(name);
  if (partition === undefined)
    return fail(
      mistakes,
      isNot(path, value, "a region", "a region of AWS's global or China partition, such as us-east-1"),
    );
  const missing = missingServices(name);
  return missing.length === 0
    ? { name, partition }
    : fail(
        mistakes,
        `${path}: "${name}" has no ${missing.join(" and no ")}; allowed: a region that has ${missing.length === 1 ? "it" : "them"}, such as us-east-1`,
      );
};

/** The number of availability zones, or their names: not every region has a, b and c. */
export function availabilityZones({ name: region, partition }: Region): Check<number | string[]> {
  const letters = partition.zoneLetters(region);
  const count = integer("a number of availability zones", 2, letters?.length ?? 4);
  const zone = text(
    "an availability zone",
    letters === undefined
      ? `${region} and a letter, such as ${region}a`
      : [...letters].map((letter) => region + letter).join(", "),
    new RegExp(`^${region}[${letters ?? "a-z"}]$`),
  );
  const names = ruled(list("availability zones", zone, 2, 4), eachOnce);
  return (value, path, mistakes) => (Array.isArray(value) ? names : count)(value, path, mistakes);
}

/** `https://git.acme.example/gitlab` */
export const forgeUrl = httpsAddress("the base address of a forge", "https://git.acme.example", /[^/]$/);

export const npmRegistry = httpsAddress("an npm registry", "https://npm.acme.example/mirror/", /./);

/** A URL may contain a password, so error messages never quote it. */
function httpsAddress(what: string, example: string, end: RegExp): Check<string> {
  return (value, path, mistakes) => {
    const address = typeof value === "string" ? value : "";
    if (address.includes("@"))
      return fail(mistakes, `${path}: holds a user or a password; allowed: an address such as ${example}`);
    return HTTPS.test(address) && end.test(address) && URL.canParse(address)
      ? address
      : fail(mistakes, isNot(path, value, what, `an address such as ${example}`));
  };
}

const HTTPS = /^https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[\w.~-]+)*\/?$/;

/** `<host>[/<prefix>]`. An ECR registry must be in the stack's partition and have its region's suffix. */
export const imageRegistry =
  ({ partition }: Region): Check<string> =>
  (value, path, mistakes) => {
    const registry = registryName(value, path, mistakes);
    const inEcr = ecrRegistryOf(registry ?? "");
    if (inEcr === undefined || (partition.regions.includes(inEcr.region) && inEcr.dnsSuffix === partition.dnsSuffix))
      return registry;
    return fail(
      mistakes,
      isNot(path, value, "a registry of this partition", `<account>.dkr.ecr.<region>.${partition.dnsSuffix}`),
    );
  };

const registryName = text(
  "a registry",
  "its host, optionally with a prefix, such as registry.acme.example/mirror",
  /^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?(\/[a-z0-9]+([._-][a-z0-9]+)*)*$/,
);

/** The ARN of an ACM certificate in the load balancer's region. */
export const certificateArn = ({ name: region, partition }: Region): Check<string> =>
  text(
    "an ACM certificate of this region",
    `arn:${partition.id}:acm:${region}:<account>:certificate/<id>`,
    new RegExp(`^arn:${partition.id}:acm:${region}:\\d{12}:certificate/[\\w-]+$`),
  );

/** The location of a secret. Error messages never quote the value: it may be the secret itself, entered by mistake. */
export const secretReference =
  ({ partition }: Region): Check<SecretReference> =>
  (value, path, mistakes) =>
    readReference(value, partition) ??
    fail(
      mistakes,
      `${path}: does not say where the secret is kept; allowed: a Secrets Manager name, with :key for one key of its JSON; an SSM parameter name that begins with /; an ARN of either in ${partition.id}`,
    );

/**
 * The location of a secret that a function reads itself. It supports only Secrets Manager, in the stack's region, and
 * only the current version.
 * @param holds what the secret holds: "the webhook's address"
 */
export const functionSecret =
  ({ name: region, partition }: Region, holds: string): Check<SecretsManagerReference> =>
  (value, path, mistakes) => {
    const reference = readReference(value, partition);
    if (reference?.kind === "secret" && !TOKEN.test(reference.name)) return reference;
    if (reference?.kind === "arn" && reference.service === "secretsmanager") {
      const here = reference.arn.split(":")[3] === region;
      if (here && !VERSIONED.test(reference.arn)) return reference;
    }
    return fail(
      mistakes,
      `${path}: does not say which secret holds ${holds}; allowed: a Secrets Manager name, with :key for one key of its JSON; its ARN in ${region}, with :key:: for one key`,
    );
  };

// Tokens of GitHub, GitLab, Bitbucket and Gitee, which would also be valid secret names.
const TOKEN = /^(gh[a-z]_|github_pat_|gl[a-z]+-|AT(BB|CTT|ATT)|[0-9a-f]{32}$)/;

// Anything after the key in `…:secret:<name>:<key>:<stage>:<version>`.
const VERSIONED = /:secret:[^:]+:[^:]*:(.+:|:.+)/;

function readReference(value: unknown, partition: Partition): SecretReference | undefined {
  const reference = typeof value === "string" ? value : "";
  const arn = new RegExp(
    `^arn:${partition.id}:(secretsmanager:[a-z0-9-]+:\\d{12}:secret:[^:]+(:[^:]*:[^:]*:[^:]*)?|ssm:[a-z0-9-]+:\\d{12}:parameter/.+)$`,
  );
  if (arn.test(reference))
    return { kind: "arn", service: reference.split(":")[2] === "ssm" ? "ssm" : "secretsmanager", arn: reference };
  if (/^\/[\w./-]+$/.test(reference)) return { kind: "parameter", name: reference };
  // A URL is not a name with a key: it is the secret's content.
  const match = /^([\w/+=.@-]{1,512})(?::(?!\/\/)([^:]+))?$/.exec(reference);
  return match?.[1] === undefined ? undefined : { kind: "secret", name: match[1], key: match[2] };
}
