import type { Partition } from "../partition";

/** An ECR registry, `<account>.dkr.ecr.<region>.<suffix>[/<prefix>]`. */
interface EcrRegistry {
  account: string;
  region: string;
  dnsSuffix: string;
  /** With its leading slash; empty for the whole registry. */
  prefix: string;
}

const ECR = /^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.([a-z.]+)[^/]*(\/.+)?$/;

/** Parses `<host>[/<prefix>]`. @returns undefined for a registry outside ECR */
export function ecrRegistryOf(registry: string): EcrRegistry | undefined {
  const [, account, region, dnsSuffix, prefix = ""] = ECR.exec(registry) ?? [];
  return account === undefined || region === undefined || dnsSuffix === undefined
    ? undefined
    : { account, region, dnsSuffix, prefix };
}

/**
 * The ARN, with a wildcard, of the repositories of base images. For another account's repositories, their policies must
 * allow builds, too: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
 * @param registry `<host>[/<prefix>]`
 * @returns undefined for a registry outside ECR, which needs no permission
 */
export function baseImageRepositories({ id }: Partition, registry = ""): string | undefined {
  const inEcr = ecrRegistryOf(registry);
  return inEcr && `arn:${id}:ecr:${inEcr.region}:${inEcr.account}:repository${inEcr.prefix}/*`;
}
