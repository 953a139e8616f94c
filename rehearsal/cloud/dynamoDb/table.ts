import type { CreateTableInput, KeySchemaElement } from "@aws-sdk/client-dynamodb";
import type { TableArgs } from "@pulumi/aws/dynamodb/table";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Declaration } from "../service";

export interface Table {
  name: string;
  arn: string;
  hashKey: string;
  rangeKey?: string;
}

type Inputs = Unwrap<TableArgs>;

// Recovery, encryption, protection and class change nothing here. Nor does the time to live: AWS deletes what is over
// within a few days, so that whoever reads must look at the time himself.
const TABLE_INPUTS: (keyof TableArgs)[] = [
  "name",
  "hashKey",
  "rangeKey",
  "attributes",
  "billingMode",
  "readCapacity",
  "writeCapacity",
  "globalSecondaryIndexes",
  "ttl",
  "pointInTimeRecovery",
  "serverSideEncryption",
  "deletionProtectionEnabled",
  "tableClass",
  "tags",
  "region",
];

/** @throws as the provider and DynamoDB do, where the declaration is not one of a table */
export function readTable(cloud: Cloud, declaration: Declaration): { table: Table; request: CreateTableInput } {
  const inputs = inputsOf<Inputs>(declaration, TABLE_INPUTS);
  const { hashKey = "", rangeKey, attributes = [], billingMode = "PROVISIONED" } = inputs;
  checkAttributes(declaration, inputs);
  if (inputs.ttl?.enabled === true && (inputs.ttl.attributeName ?? "") === "")
    throw invalid("TimeToLiveSpecification: AttributeName must be given to enable the time to live.");
  const name = cloud.physicalName(declaration, inputs.name);
  const throughput = {
    ProvisionedThroughput: {
      ReadCapacityUnits: inputs.readCapacity ?? 0,
      WriteCapacityUnits: inputs.writeCapacity ?? 0,
    },
  };
  const capacity = billingMode === "PROVISIONED" ? throughput : {};
  const indexes = (inputs.globalSecondaryIndexes ?? []).map((index) => ({
    ...capacity,
    IndexName: index.name,
    KeySchema: keySchema(index.hashKey ?? "", index.rangeKey),
    Projection: {
      ProjectionType: index.projectionType as "ALL" | "INCLUDE" | "KEYS_ONLY",
      NonKeyAttributes: index.nonKeyAttributes,
    },
  }));
  return {
    table: { name, arn: cloud.arn("dynamodb", `table/${name}`), hashKey, rangeKey },
    request: {
      ...capacity,
      TableName: name,
      BillingMode: billingMode as "PROVISIONED" | "PAY_PER_REQUEST",
      KeySchema: keySchema(hashKey, rangeKey),
      AttributeDefinitions: attributes.map(({ name, type }) => ({
        AttributeName: name,
        AttributeType: type as "S" | "N" | "B",
      })),
      ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
    },
  };
}

const keySchema = (hashKey: string, rangeKey?: string): KeySchemaElement[] => [
  { AttributeName: hashKey, KeyType: "HASH" },
  ...(rangeKey === undefined ? [] : [{ AttributeName: rangeKey, KeyType: "RANGE" as const }]),
];

/** The provider itself refuses attributes that no key uses, and keys that are no attributes. */
function checkAttributes({ type, name }: Declaration, inputs: Inputs): void {
  const keys = [inputs, ...(inputs.globalSecondaryIndexes ?? [])]
    .flatMap((it) => [it.hashKey, it.rangeKey])
    .filter((it) => it !== undefined);
  const named = (inputs.attributes ?? []).map((it) => it.name);
  const unused = named.filter((it) => !keys.includes(it));
  const unknown = keys.filter((it) => !named.includes(it));
  if (unused.length > 0)
    throw new Error(`${type} ${name}: all attributes must be indexed. Unused attributes: ${unused.join(", ")}.`);
  if (unknown.length > 0)
    throw new Error(`${type} ${name}: all indexes must match a defined attribute. Unmatched: ${unknown.join(", ")}.`);
}

const invalid = (message: string) => awsError("ValidationException", message);
