import { expect } from "chai";
import { namedRefusal, refusalMessage } from "../../../refusal";
import { createTableCloud, type TableCloud } from "./support";

describe("DynamoDB: declaring a table", () => {
  let account: TableCloud;
  beforeEach(async () => {
    account = await createTableCloud();
  });
  afterEach(() => account.close());

  it("names a table as the provider does, and tells its ARN", async () => {
    const { id, outputs } = await account.declareTable({ name: undefined });
    expect(id).to.match(/^deployments-[0-9a-f]{7}$/);
    expect(outputs).to.include({ name: id, arn: `arn:aws:dynamodb:us-east-1:123456789012:table/${id}` });
  });

  const declarations: [what: string, inputs: Record<string, unknown>, message: string][] = [
    [
      "an attribute that no key uses",
      {
        attributes: [
          { name: "id", type: "S" },
          { name: "state", type: "S" },
        ],
      },
      "aws:dynamodb/table:Table deployments: all attributes must be indexed. Unused attributes: state.",
    ],
    [
      "a key that is no attribute",
      { rangeKey: "at" },
      "aws:dynamodb/table:Table deployments: all indexes must match a defined attribute. Unmatched: at.",
    ],
    [
      "a stream",
      { streamEnabled: true },
      "aws:dynamodb/table:Table deployments: streamEnabled is not simulated: leave it out, or teach rehearsal/cloud what it does.",
    ],
    [
      "a time to live of no attribute",
      { ttl: { enabled: true } },
      "TimeToLiveSpecification: AttributeName must be given to enable the time to live.",
    ],
    [
      "an index without a key",
      { globalSecondaryIndexes: [{ name: "all", projectionType: "ALL" }] },
      "aws:dynamodb/table:Table deployments: the index all has no key: give hashKey or keySchemas.",
    ],
    [
      "an index with its key given twice",
      {
        globalSecondaryIndexes: [
          {
            name: "all",
            hashKey: "id",
            keySchemas: [{ attributeName: "id", keyType: "HASH" }],
            projectionType: "ALL",
          },
        ],
      },
      "aws:dynamodb/table:Table deployments: the index all has hashKey or rangeKey beside keySchemas: give one of the two.",
    ],
    [
      "an index with nothing but a range",
      {
        globalSecondaryIndexes: [
          { name: "all", keySchemas: [{ attributeName: "id", keyType: "RANGE" }], projectionType: "ALL" },
        ],
      },
      "aws:dynamodb/table:Table deployments: the index all has no key of the type HASH.",
    ],
    [
      "an index of several hash keys",
      {
        globalSecondaryIndexes: [
          {
            name: "all",
            keySchemas: [
              { attributeName: "id", keyType: "HASH" },
              { attributeName: "id", keyType: "HASH" },
            ],
            projectionType: "ALL",
          },
        ],
      },
      "aws:dynamodb/table:Table deployments: the index all has a key of several attributes, which is not simulated.",
    ],
  ];
  for (const [what, inputs, message] of declarations)
    it(`refuses a table with ${what}`, async () => {
      expect(await refusalMessage(account.declareTable(inputs))).to.equal(message);
    });

  it("refuses a table's name twice", async () => {
    await account.declareTable();
    expect(await namedRefusal(account.declareTable())).to.equal(
      "ResourceInUseException: Table already exists: deployments",
    );
  });
});
