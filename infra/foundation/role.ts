import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import type { Account, AwsService } from "../partition";

/** A role's permissions. Actions are listed in full; the resource is `*` only if AWS supports no other. */
export interface Statement {
  /** `Deny` revokes, under a condition, what another statement allows. Default: `Allow`. */
  effect?: "Allow" | "Deny";
  actions: string[];
  resources: pulumi.Input<pulumi.Input<string>[]>;
  /** IAM condition operators, each with its keys and values. */
  conditions?: Record<string, Record<string, pulumi.Input<string>>>;
}

export interface RoleArgs {
  account: Account;
  /** The service that assumes the role. */
  service: AwsService;
  /** Requires this account as `aws:SourceAccount`; only for {@link SENDS_SOURCE_ACCOUNT}. Default: no condition. */
  ownAccountOnly?: boolean;
  /** The inline policy. Default: no permissions. */
  statements?: Statement[];
}

/**
 * Use this for all roles: assumed by one AWS service, with one inline policy. {@link attachPolicy} adds others.
 * @returns its ARN, available once the policy is attached, so that dependent resources have the permissions at once
 */
export const createRole = (name: string, args: RoleArgs, opts: pulumi.CustomResourceOptions): pulumi.Output<string> =>
  createNamedRole(name, args, opts).arn;

/** A role's ARN and name, available once the policy is attached. */
export interface NamedRole {
  arn: pulumi.Output<string>;
  roleName: pulumi.Output<string>;
}

/** For resources that refer to a role by name. */
export function createNamedRole(name: string, args: RoleArgs, opts: pulumi.CustomResourceOptions): NamedRole {
  const role = new iam.Role(name, { assumeRolePolicy: trustPolicy(args) }, opts);
  if (args.statements === undefined) return { arn: role.arn, roleName: role.name };
  const policy = attachPolicy(`${name}-policy`, role.name, args.statements, opts);
  const once = (value: pulumi.Output<string>) => pulumi.all([value, policy.id]).apply(([known]) => known);
  return { arn: once(role.arn), roleName: once(role.name) };
}

/** Adds an inline policy to a role. */
export const attachPolicy = (
  name: string,
  role: pulumi.Output<string>,
  statements: Statement[],
  opts: pulumi.CustomResourceOptions,
): iam.RolePolicy => new iam.RolePolicy(name, { role, policy: policyDocument(statements.map(spelledOut)) }, opts);

/** A policy document for IAM and S3. */
export const policyDocument = (statements: object[]): pulumi.Output<string> =>
  pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });

/**
 * Services that document `aws:SourceAccount` in trust policies. Others might omit the key, and then could not assume
 * the role.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html: task roles only, not execution roles
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
 */
const SENDS_SOURCE_ACCOUNT: readonly AwsService[] = ["codebuild", "ecs-tasks", "events"];

function trustPolicy({ account, service, ownAccountOnly = false }: RoleArgs): pulumi.Output<string> {
  if (ownAccountOnly && !SENDS_SOURCE_ACCOUNT.includes(service))
    throw new Error(`${service} does not document aws:SourceAccount for its roles: leave out ownAccountOnly`);
  return policyDocument([
    {
      Effect: "Allow",
      Principal: { Service: account.servicePrincipal(service) },
      Action: "sts:AssumeRole",
      Condition: ownAccountOnly ? { StringEquals: { "aws:SourceAccount": account.id } } : undefined,
    },
  ]);
}

const spelledOut = ({ effect = "Allow", actions, resources, conditions }: Statement): object => ({
  Effect: effect,
  Action: actions,
  Resource: resources,
  Condition: conditions,
});
