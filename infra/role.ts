import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import type { Account, AwsService } from "./partition";

/** What a role may do. Actions are spelled out; `*` stands as a resource only where AWS takes no other. */
export interface Statement {
  /** `Deny` takes away under a condition what another statement allows. Default: `Allow`. */
  effect?: "Allow" | "Deny";
  actions: string[];
  resources: pulumi.Input<pulumi.Input<string>[]>;
  /** IAM condition operators, each with its keys and values. */
  conditions?: Record<string, Record<string, pulumi.Input<string>>>;
}

export interface RoleArgs {
  account: Account;
  /** Who assumes the role. */
  service: AwsService;
  /**
   * Only on behalf of this account (`aws:SourceAccount`). For CodeBuild, CodePipeline, EventBridge and the task role of
   * ECS, whose documentation has the condition; Lambda does not send the key. Default: no condition.
   */
  ownAccountOnly?: boolean;
  /** The one inline policy. Default: no permission at all. */
  statements?: Statement[];
}

/**
 * The one way to make a role: assumed by one AWS service, with one inline policy.
 * @returns its ARN, known once the policy is attached, so that what is made with the role can use it at once
 */
export const createRole = (name: string, args: RoleArgs, opts: pulumi.CustomResourceOptions): pulumi.Output<string> =>
  createNamedRole(name, args, opts).arn;

/** For what takes a role by its name. @returns both, known once the policy is attached */
export function createNamedRole(
  name: string,
  args: RoleArgs,
  opts: pulumi.CustomResourceOptions,
): { arn: pulumi.Output<string>; roleName: pulumi.Output<string> } {
  const role = new iam.Role(name, { assumeRolePolicy: trustPolicy(args) }, opts);
  if (args.statements === undefined) return { arn: role.arn, roleName: role.name };
  const document = policyDocument(args.statements.map(spelledOut));
  const policy = new iam.RolePolicy(`${name}-policy`, { role: role.name, policy: document }, opts);
  const once = (value: pulumi.Output<string>) => pulumi.all([value, policy.id]).apply(([known]) => known);
  return { arn: once(role.arn), roleName: once(role.name) };
}

/** A policy as IAM and S3 take it. */
export const policyDocument = (statements: object[]): pulumi.Output<string> =>
  pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });

const trustPolicy = ({ account, service, ownAccountOnly = false }: RoleArgs): pulumi.Output<string> =>
  policyDocument([
    {
      Effect: "Allow",
      Principal: { Service: account.servicePrincipal(service) },
      Action: "sts:AssumeRole",
      Condition: ownAccountOnly ? { StringEquals: { "aws:SourceAccount": account.id } } : undefined,
    },
  ]);

const spelledOut = ({ effect = "Allow", actions, resources, conditions }: Statement): object => ({
  Effect: effect,
  Action: actions,
  Resource: resources,
  Condition: conditions,
});
