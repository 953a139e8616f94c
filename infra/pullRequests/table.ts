import * as dynamodb from "@pulumi/aws/dynamodb";
import * as pulumi from "@pulumi/pulumi";

/** Table of pull requests, keyed by change. Records expire 90 days after their last update. */
export class PullRequestTable extends pulumi.ComponentResource {
  /** Available once the table exists. */
  readonly tableName: pulumi.Output<string>;
  readonly tableArn: pulumi.Output<string>;
  /** Indexes for lists, sorted by request time: of all records, and of a service's records. */
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
        // With the account's AWS managed key for DynamoDB, which everyone with access to the table may use through it.
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
