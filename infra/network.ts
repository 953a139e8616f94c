import { Vpc } from "@pulumi/awsx/ec2";
import * as pulumi from "@pulumi/pulumi";
import type { NetworkSettings } from "./settings";

/** A VPC with a public and a private subnet in each availability zone. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly publicSubnetIds: pulumi.Output<string[]>;
  /** Their way out is a NAT gateway. */
  readonly privateSubnetIds: pulumi.Output<string[]>;

  constructor(name: string, args: NetworkSettings, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Network", name, {}, opts);
    const vpc = new Vpc(
      `${name}-vpc`,
      {
        cidrBlock: args.cidr,
        ...zones(args.availabilityZones),
        subnetStrategy: "Auto",
        natGateways: { strategy: args.egress === "nat-gateway" ? "Single" : "OnePerAz" },
        enableDnsHostnames: true,
      },
      { parent: this },
    );
    this.vpcId = vpc.vpcId;
    this.publicSubnetIds = vpc.publicSubnetIds;
    this.privateSubnetIds = vpc.privateSubnetIds;
    this.registerOutputs({
      vpcId: this.vpcId,
      publicSubnetIds: this.publicSubnetIds,
      privateSubnetIds: this.privateSubnetIds,
    });
  }
}

const zones = (count: number | string[]) =>
  typeof count === "number" ? { numberOfAvailabilityZones: count } : { availabilityZoneNames: count };
