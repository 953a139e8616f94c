import * as vpc from "@pulumi/aws/vpc";
import type * as pulumi from "@pulumi/pulumi";

/** Allows outbound TCP traffic from a security group to any host, with one rule per port. */
export function openPorts(
  name: string,
  securityGroupId: pulumi.Output<string>,
  ports: Iterable<number>,
  opts: pulumi.CustomResourceOptions,
): void {
  for (const port of new Set(ports))
    new vpc.SecurityGroupEgressRule(
      `${name}-${port}`,
      { securityGroupId, ipProtocol: "tcp", fromPort: port, toPort: port, cidrIpv4: "0.0.0.0/0" },
      opts,
    );
}

/** The port of an https URL. */
export const portOf = (url: string): number => Number(new URL(url).port || 443);
