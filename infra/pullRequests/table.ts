import * as dynamodb from "@pulumi/aws/dynamodb";
import * as pulumi from "@pulumi/pulumi";

/** Where pull requests are recorded, each by its change, for 90 days after its last move. */
export class PullRequestTable extends pulumi.ComponentResource {
  /** Known once the table is there. */
  readonly tableName: pulumi.Output<string>;
  readonly tableArn: pulumi.Output<string>;
  /** What lists are read from: all records, and a service's, by when they were asked for. */
  readonly indexArns: pulumi.Output<string>[];

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:PullRequestTable", name, {}, opts);
    const indexes = [newestFirst("newest", "list"), newestFirst("service", "service")];
    const table = new dynamodb.Table(
      `${name}-pull-requests`,
      {
        billingMode: "PAY_PER_REQUEST",
        hashKey: "id",
        attributes: ["id", "list", "requestedAt", "service"].map((attribute) => ({ name: attribute, type: "S" })),
        globalSecondaryIndexes: indexes,
        ttl: { attributeName: "expires", enabled: true },
        // By the account's own key for DynamoDB, which whoever may use the table may use through it.
        serverSideEncryption: { enabled: true },
        pointInTimeRecovery: { enabled: true },
      },
      { parent: this },
    );
    this.tableName = table.name;
    this.tableArn = table.arn;
    this.indexArns = indexes.map((index) => pulumi.interpolate`${table.arn}/index/${index.name}`);
    this.registerOutputs({ tableName: this.tableName, tableArn: this.tableArn });
  }
}

const newestFirst = (index: string, of: string) => ({
  name: index,
  keySchemas: [
    { attributeName: of, keyType: "HASH" },
    { attributeName: "requestedAt", keyType: "RANGE" },
  ],
  projectionType: "ALL",
});
