import * as ecs from "@pulumi/aws/ecs";
import * as pulumi from "@pulumi/pulumi";
import type { StackContext } from "../stackContext";

/** The ECS cluster of all services and tasks of the stack. */
export class Cluster extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly clusterName: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Cluster", name, {}, opts);
    const cluster = new ecs.Cluster(`${name}-cluster`, {}, { parent: this });
    this.arn = cluster.arn;
    this.clusterName = cluster.name;
    this.registerOutputs({ arn: this.arn, clusterName: this.clusterName });
  }
}

/** ARN pattern of a cluster's tasks, for policies. */
export const tasksOf = ({ clusterName }: Cluster, { account }: StackContext): pulumi.Output<string> =>
  account.arn("ecs", pulumi.interpolate`task/${clusterName}/*`);
