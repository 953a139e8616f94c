import type { SecurityGroupArgs } from "@pulumi/aws/ec2/securityGroup";
import type { SecurityGroupIngressRuleArgs } from "@pulumi/aws/vpc/securityGroupIngressRule";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Created, type Declaration, type Service } from "../service";
import type { Rule } from "./securityGroups";
import { stateOf } from "./state";

/** Declared security groups and their rules. */
export function createSecurityGroups(cloud: Cloud): Pick<Service, "resources"> {
  const { groups } = stateOf(cloud);

  function createSecurityGroup(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<SecurityGroupArgs>>(declaration, [
      "name",
      "description",
      "vpcId",
      "ingress",
      "egress",
      "tags",
      "region",
      "revokeRulesOnDelete",
    ]);
    const id = `sg-${cloud.id(17)}`;
    const name = cloud.physicalName(declaration, args.name);
    // AWS creates a group with a rule that allows all egress; the provider removes it. Undeclared rules do not exist
    // (registry.terraform.io, aws_security_group, "NOTE on Egress rules").
    const inline = (direction: Rule["direction"], rules: Unwrap<SecurityGroupArgs>["ingress"]): Rule[] =>
      (rules ?? []).map((rule) => ({
        direction,
        protocol: rule.protocol,
        fromPort: rule.fromPort,
        toPort: rule.toPort,
        cidrs: rule.cidrBlocks ?? [],
        groups: [...(rule.securityGroups ?? []), ...(rule.self ? [id] : [])],
      }));
    const rules = [...inline("ingress", args.ingress), ...inline("egress", args.egress)];
    groups.set(id, { id, name, vpcId: args.vpcId ?? "", rules });
    return { id, outputs: { id, name, ownerId: cloud.accountId, arn: cloud.arn("ec2", `security-group/${id}`) } };
  }

  const createRule = (direction: Rule["direction"]) => (declaration: Declaration) => {
    const args = inputsOf<Unwrap<SecurityGroupIngressRuleArgs>>(declaration, [
      "securityGroupId",
      "ipProtocol",
      "fromPort",
      "toPort",
      "cidrIpv4",
      "referencedSecurityGroupId",
      "description",
      "tags",
      "region",
    ]);
    const group = groups.get(args.securityGroupId);
    if (group === undefined)
      throw awsError("InvalidGroup.NotFound", `The security group '${args.securityGroupId}' does not exist`);
    const groupsOfPeer = args.referencedSecurityGroupId === undefined ? [] : [args.referencedSecurityGroupId];
    group.rules.push({
      direction,
      protocol: args.ipProtocol,
      fromPort: args.fromPort ?? 0,
      toPort: args.toPort ?? 65535,
      cidrs: args.cidrIpv4 === undefined ? [] : [args.cidrIpv4],
      groups: groupsOfPeer,
    });
    const id = `sgr-${cloud.id(17)}`;
    return { id, outputs: { arn: cloud.arn("ec2", `security-group-rule/${id}`), securityGroupRuleId: id } };
  };

  return {
    resources: {
      "aws:ec2/securityGroup:SecurityGroup": createSecurityGroup,
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": createRule("ingress"),
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": createRule("egress"),
    },
  };
}
