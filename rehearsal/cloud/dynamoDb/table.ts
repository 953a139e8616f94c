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
  /** Hash keys of its indexes, by index name. */
  indexes: Record<string, string>;
}

type Inputs = Unwrap<TableArgs>;
type Index = NonNullable<Inputs["globalSecondaryIndexes"]>[number];

// Recovery, encryption, protection and class have no effect here. Neither does the time to live: AWS may take days to
// delete expired items, so readers must check the time themselves.
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

/** @throws as the provider and DynamoDB do for an invalid declaration */
export function readTable(cloud: Cloud, declaration: Declaration): { table: Table; request: CreateTableInput } {
  const inputs = inputsOf<Inputs>(declaration, TABLE_INPUTS);
  const { hashKey = "", rangeKey, attributes = [], billingMode = "PROVISIONED" } = inputs;
  const declared = (inputs.globalSecondaryIndexes ?? []).map((it) => ({ ...it, ...indexKeys(declaration, it) }));
  checkAttributes(declaration, inputs, declared);
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
  const indexes = declared.map((index) => ({
    ...capacity,
    IndexName: index.name,
    KeySchema: keySchema(index.hashKey, index.rangeKey),
    Projection: {
      ProjectionType: index.projectionType as "ALL" | "INCLUDE" | "KEYS_ONLY",
      NonKeyAttributes: index.nonKeyAttributes,
    },
  }));
  return {
    table: {
      name,
      arn: cloud.arn("dynamodb", `table/${name}`),
      hashKey,
      rangeKey,
      indexes: Object.fromEntries(declared.map((it) => [it.name, it.hashKey])),
    },
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

interface Keys {
  hashKey: string;
  rangeKey: string | undefined;
}

/** The keys of an index, in either form that the provider accepts. */
function indexKeys({ type, name }: Declaration, { hashKey, rangeKey, keySchemas, ...index }: Index): Keys {
  const wrong = (what: string) => new Error(`${type} ${name}: the index ${index.name} has ${what}`);
  if (keySchemas === undefined) {
    if (hashKey === undefined) throw wrong("no key: give hashKey or keySchemas.");
    return { hashKey, rangeKey };
  }
  if (hashKey !== undefined || rangeKey !== undefined)
    throw wrong("hashKey or rangeKey beside keySchemas: give one of the two.");
  const [hash, ...otherHashes] = keySchemas.filter((it) => it.keyType === "HASH");
  const [range, ...otherRanges] = keySchemas.filter((it) => it.keyType === "RANGE");
  if (hash === undefined) throw wrong("no key of the type HASH.");
  if (otherHashes.length + otherRanges.length > 0) throw wrong("a key of several attributes, which is not simulated.");
  return { hashKey: hash.attributeName, rangeKey: range?.attributeName };
}

/** The provider itself rejects attributes that no key uses, and keys that are not attributes. */
function checkAttributes({ type, name }: Declaration, inputs: Inputs, indexes: Keys[]): void {
  const keys = [inputs, ...indexes].flatMap((it) => [it.hashKey, it.rangeKey]).filter((it) => it !== undefined);
  const named = (inputs.attributes ?? []).map((it) => it.name);
  const unused = named.filter((it) => !keys.includes(it));
  const unknown = keys.filter((it) => !named.includes(it));
  if (unused.length > 0)
    throw new Error(`${type} ${name}: all attributes must be indexed. Unused attributes: ${unused.join(", ")}.`);
  if (unknown.length > 0)
    throw new Error(`${type} ${name}: all indexes must match a defined attribute. Unmatched: ${unknown.join(", ")}.`);
}

const invalid = (message: string) => awsError("ValidationException", message);
