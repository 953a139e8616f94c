import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import type { Account, AwsService } from "./partition";

/** What a role may do. Actions are spelled out; `*` stands as a resource only where AWS takes no other. */
export interface Statement {
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
export function createRole(name: string, args: RoleArgs, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const role = new iam.Role(name, { assumeRolePolicy: trustPolicy(args) }, opts);
  if (args.statements === undefined) return role.arn;
  const document = policyDocument(args.statements.map(allow));
  const policy = new iam.RolePolicy(`${name}-policy`, { role: role.name, policy: document }, opts);
  return pulumi.all([role.arn, policy.id]).apply(([arn]) => arn);
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

const allow = ({ actions, resources, conditions }: Statement): object => ({
  Effect: "Allow",
  Action: actions,
  Resource: resources,
  Condition: conditions,
});
