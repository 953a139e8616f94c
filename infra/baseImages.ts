import type { Partition } from "./partition";

const ECR = /^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.[^/]+(\/.+)?$/;

/**
 * The ARN, with a wildcard, of the repositories that builds take base images from. Another account's repositories let a build
 * in only if their policies do, too: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
 * @param registry `<host>[/<prefix>]`
 * @returns undefined for a registry that is not in ECR, and asks for no permission
 */
export function baseImageRepositories({ id }: Partition, registry = ""): string | undefined {
  const [, account, region, prefix = ""] = ECR.exec(registry) ?? [];
  return account === undefined ? undefined : `arn:${id}:ecr:${region}:${account}:repository${prefix}/*`;
}
