import type {
  AttributeValue,
  DeleteItemInput,
  DeleteItemOutput,
  GetItemInput,
  GetItemOutput,
  PutItemInput,
  PutItemOutput,
  QueryInput,
  QueryOutput,
  UpdateItemInput,
  UpdateItemOutput,
} from "@aws-sdk/client-dynamodb";
import { createTable, type Engine, startEngine } from "./dynamoDb/engine";
import { readTable, type Table } from "./dynamoDb/table";
import {
  type AwsError,
  awsError,
  type Cloud,
  type Created,
  type Declaration,
  operation,
  type Permission,
  type Service,
} from "./service";

type Item = Record<string, AttributeValue>;

interface Write {
  TableName: string | undefined;
  Key?: Item;
  Item?: Item;
  ReturnValuesOnConditionCheckFailure?: string;
}

/** Amazon DynamoDB: tables in dynalite, which reads expressions and conditions as DynamoDB does. */
export function createDynamoDb(cloud: Cloud): Service {
  const tables = new Map<string, Table>();
  let engine: Promise<Engine> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function running(): Promise<Engine> {
    engine ??= startEngine();
    return engine;
  }

  /** One request after the other, so that what a failed condition saw is still there when it is read. */
  function inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = last.then(action);
    last = turn.catch(() => undefined);
    return turn;
  }

  /** A table's name, of which its ARN is another form. */
  const nameOf = (TableName = "") => TableName.split(":table/").at(-1) ?? "";

  function find(TableName: string | undefined): Table {
    const table = tables.get(nameOf(TableName));
    if (table === undefined) throw awsError("ResourceNotFoundException", "Requested resource not found");
    return table;
  }

  async function create(declaration: Declaration): Promise<Created> {
    const { table, request } = readTable(cloud, declaration);
    if (tables.has(table.name)) throw awsError("ResourceInUseException", `Table already exists: ${table.name}`);
    await createTable(await running(), { ...request, TableName: table.name });
    tables.set(table.name, table);
    return { id: table.name, outputs: { arn: table.arn, name: table.name } };
  }

  const perform = async <O extends object>(name: string, input: { TableName: string | undefined }): Promise<O> => {
    const { name: TableName } = find(input.TableName);
    const { request } = await running();
    return request<O>(name, { ...input, TableName });
  };

  const read =
    <O extends object>(name: string) =>
    (input: { TableName: string | undefined }) =>
      inTurn(() => perform<O>(name, input));

  const write =
    <O extends object>(name: string) =>
    (input: Write) =>
      inTurn(async () => {
        try {
          return await perform<O>(name, input);
        } catch (error) {
          if (!isConditionFailure(error) || input.ReturnValuesOnConditionCheckFailure !== "ALL_OLD") throw error;
          const Key = input.Key ?? keyOf(find(input.TableName), input.Item ?? {});
          const { Item } = await perform<GetItemOutput>("GetItem", {
            TableName: input.TableName,
            Key,
            ConsistentRead: true,
          } as GetItemInput);
          throw Object.assign(error, { details: { Item } });
        }
      });

  function permission(action: string, { TableName, Key, Item }: Write): Permission[] {
    const name = nameOf(TableName);
    const { hashKey = "" } = tables.get(name) ?? {};
    return [access(action, `table/${name}`, leadingKey((Key ?? Item)?.[hashKey]))];
  }

  function queryPermission(input: QueryInput): Permission[] {
    const name = nameOf(input.TableName);
    const table = tables.get(name);
    const [resource, hashKey] =
      input.IndexName === undefined
        ? [`table/${name}`, table?.hashKey]
        : [`table/${name}/index/${input.IndexName}`, table?.indexes[input.IndexName]];
    return [access("Query", resource, leadingKey(queriedKey(input, hashKey)))];
  }

  const access = (action: string, resource: string, keys: string[]): Permission => ({
    action: `dynamodb:${action}`,
    resource: cloud.arn("dynamodb", resource),
    context: keys.length === 0 ? {} : { "dynamodb:LeadingKeys": keys },
  });

  return {
    name: "dynamodb",
    resources: { "aws:dynamodb/table:Table": create },
    operations: {
      GetItem: operation<GetItemInput, GetItemOutput>({
        permissions: (input) => permission("GetItem", input),
        perform: read<GetItemOutput>("GetItem"),
      }),
      PutItem: operation<PutItemInput, PutItemOutput>({
        permissions: (input) => permission("PutItem", input),
        perform: write<PutItemOutput>("PutItem"),
      }),
      UpdateItem: operation<UpdateItemInput, UpdateItemOutput>({
        permissions: (input) => permission("UpdateItem", input),
        perform: write<UpdateItemOutput>("UpdateItem"),
      }),
      DeleteItem: operation<DeleteItemInput, DeleteItemOutput>({
        permissions: (input) => permission("DeleteItem", input),
        perform: write<DeleteItemOutput>("DeleteItem"),
      }),
      Query: operation<QueryInput, QueryOutput>({
        permissions: queryPermission,
        perform: read<QueryOutput>("Query"),
      }),
    },
    async stop() {
      await (await engine)?.close();
    },
  };
}

const isConditionFailure = (error: unknown): error is AwsError =>
  error instanceof Error && error.name === "ConditionalCheckFailedException";

const keyOf = ({ hashKey, rangeKey }: Table, item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => name === hashKey || name === rangeKey));

/** A partition key as IAM compares it. */
const leadingKey = (value: AttributeValue | undefined): string[] => {
  const text = value?.S ?? value?.N;
  return text === undefined ? [] : [text];
};

/** The partition key that a query asks for: `id = :id`, or by a placeholder `#id = :id`. */
function queriedKey(input: QueryInput, hashKey: string | undefined): AttributeValue | undefined {
  const { KeyConditionExpression = "", ExpressionAttributeNames = {}, ExpressionAttributeValues = {} } = input;
  for (const [, name = "", value = ""] of KeyConditionExpression.matchAll(/(#?[\w.-]+)\s*=\s*(:\w+)/g))
    if ((ExpressionAttributeNames[name] ?? name) === hashKey) return ExpressionAttributeValues[value];
  return undefined;
}
