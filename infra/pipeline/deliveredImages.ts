import * as dynamodb from "@pulumi/aws/dynamodb";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "../partition";
import type { StackContext } from "../stackContext";

/** The table in which an environment records its delivered images. */
export interface DeliveredImageTable {
  tableName: pulumi.Output<string>;
  tableArn: pulumi.Output<string>;
}

/** Other stacks find the table by this name: an account and region has one stack per environment. */
const nameOf = (environment: string): string => `slipway-${environment}-delivered-images`;

/** The table of another stack of the same account and region. */
export const deliveredImagesOf = (account: Account, environment: string): DeliveredImageTable => ({
  tableName: pulumi.output(nameOf(environment)),
  tableArn: account.arn("dynamodb", `table/${nameOf(environment)}`),
});

/** Table of the environment's delivered images. Only slipway's functions write to it. */
export class DeliveredImages extends pulumi.ComponentResource implements DeliveredImageTable {
  readonly tableName: pulumi.Output<string>;
  readonly tableArn: pulumi.Output<string>;

  constructor(
    name: string,
    { environment }: Pick<StackContext, "environment">,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("slipway:infra:DeliveredImages", name, {}, opts);
    const table = new dynamodb.Table(
      `${name}-delivered-images`,
      {
        name: nameOf(environment),
        billingMode: "PAY_PER_REQUEST",
        hashKey: "image",
        attributes: [{ name: "image", type: "S" }],
        pointInTimeRecovery: { enabled: true },
      },
      { parent: this },
    );
    this.tableName = table.name;
    this.tableArn = table.arn;
    this.registerOutputs({ tableName: this.tableName, tableArn: this.tableArn });
  }
}
