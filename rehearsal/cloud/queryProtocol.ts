import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
// Names on the wire are irregular, especially EC2's: the SDK's own schemas define each of them.
import { NormalizedSchema } from "@smithy/core/schema";
import { type AwsError, awsError, type HttpAnswer, type Protocol } from "./service";

/** Dialects of form requests with an action name and XML responses. */
export type Dialect = "query" | "ec2";

/** An SDK client's package: an operation's schema is exported as its name plus `$`. */
type ClientPackage = object;

type Schema = Parameters<typeof NormalizedSchema.of>[0];

interface QueryProtocolOptions {
  /** Loaded on the first request: EC2's takes a tenth of a second. */
  client: () => ClientPackage;
  dialect: Dialect;
  /** Of the XML responses. */
  namespace: string;
  /** The service's codes where they differ from AWS JSON's. */
  codes?: Record<string, string>;
}

/**
 * AWS's Query protocol, and EC2's dialect of it.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 * https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
 */
export function createQueryProtocol({ client, dialect, namespace, codes = {} }: QueryProtocolOptions): Protocol {
  const document = (status: number, name: string, content: string): HttpAnswer => ({
    status,
    headers: { "content-type": "text/xml" },
    body: `<${name} xmlns="${namespace}">${content}</${name}>`,
  });
  const schemasOf = (operation: string) => operationSchemas(client(), operation);

  return {
    async read(request) {
      const { Action, Version: _, ...fields } = Object.fromEntries(new URLSearchParams(await text(request)));
      if (Action === undefined) throw awsError("MissingAction", "The request names no Action.");
      const input = readStructure(dialect, schemasOf(Action).input, tree(fields));
      return { operation: Action, input: input as object };
    },
    answer(operation, output) {
      const content = output === undefined ? "" : membersOf(schemasOf(operation).output, output);
      const requestId = randomUUID();
      return document(
        200,
        `${operation}Response`,
        dialect === "ec2"
          ? `<requestId>${requestId}</requestId>${content}`
          : `<${operation}Result>${content}</${operation}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`,
      );
    },
    fail(error) {
      const Code = codes[error.code] ?? error.code;
      const status = error.code === "AccessDeniedException" ? 403 : error.status;
      return dialect === "ec2"
        ? document(status, "Response", ec2Error(error, Code))
        : document(status, "ErrorResponse", queryError(error, Code));
    },
  };
}

const ec2Error = ({ message }: AwsError, code: string) =>
  `<Errors><Error>${element("Code", escapeText(code))}${element("Message", escapeText(message))}</Error></Errors>${element("RequestID", randomUUID())}`;

const queryError = ({ message, status }: AwsError, code: string) =>
  `<Error>${element("Type", status < 500 ? "Sender" : "Receiver")}${element("Code", escapeText(code))}${element("Message", escapeText(message))}</Error>${element("RequestId", randomUUID())}`;

function operationSchemas(
  client: ClientPackage,
  operation: string,
): { input: NormalizedSchema; output: NormalizedSchema } {
  const schema = (client as Record<string, unknown>)[`${operation}$`];
  if (!Array.isArray(schema))
    throw awsError("InvalidAction", `The action ${operation} is not valid for this web service.`);
  const [, , , , input, output] = schema as unknown as [number, string, string, unknown, Schema, Schema];
  return { input: NormalizedSchema.of(input), output: NormalizedSchema.of(output) };
}

/** Dotted names as a tree: `Filter.1.Name=a` becomes `{Filter: {1: {Name: "a"}}}`. */
interface Tree {
  [name: string]: Tree | string;
}

function tree(fields: Record<string, string>): Tree {
  const root: Tree = Object.create(null);
  for (const [name, value] of Object.entries(fields)) {
    const steps = name.split(".");
    const last = steps.pop() ?? "";
    let at = root;
    for (const step of steps) {
      const known = at[step];
      const next: Tree = typeof known === "object" ? known : Object.create(null);
      at[step] = next;
      at = next;
    }
    at[last] = value;
  }
  return root;
}

function readStructure(dialect: Dialect, schema: NormalizedSchema, fields: Tree): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, member] of schema.structIterator()) {
    const field = fields[wireName(dialect, name, member)];
    if (field !== undefined) found[name] = readValue(dialect, member, field);
  }
  return found;
}

function wireName(dialect: Dialect, name: string, member: NormalizedSchema): string {
  const { ec2QueryName, xmlName } = member.getMergedTraits();
  if (dialect === "query") return String(xmlName ?? name);
  const own = xmlName === undefined ? name : `${xmlName.charAt(0).toUpperCase()}${xmlName.slice(1)}`;
  return String(ec2QueryName ?? own);
}

function readValue(dialect: Dialect, schema: NormalizedSchema, field: Tree | string): unknown {
  if (typeof field === "string") return readText(schema, field);
  if (schema.isMapSchema()) throw awsError("NotSimulated", "Maps in a form are not simulated.", 501);
  if (!schema.isListSchema()) return readStructure(dialect, schema, field);
  const item = schema.getValueSchema();
  const isFlat = dialect === "ec2" || schema.getMergedTraits().xmlFlattened !== undefined;
  const items = isFlat ? field : field[item.getMergedTraits().xmlName ?? "member"];
  return Object.entries(typeof items === "object" ? items : {})
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, value]) => readValue(dialect, item, value));
}

function readText(schema: NormalizedSchema, value: string): unknown {
  if (schema.isBooleanSchema()) return value === "true";
  return schema.isNumericSchema() ? Number(value) : value;
}

function membersOf(schema: NormalizedSchema, value: object): string {
  let xml = "";
  for (const [name, member] of schema.structIterator()) {
    const content = (value as Record<string, unknown>)[name];
    if (content !== undefined && content !== null)
      xml += elementOf(member.getMergedTraits().xmlName ?? name, member, content);
  }
  return xml;
}

function elementOf(name: string, schema: NormalizedSchema, value: unknown): string {
  if (Array.isArray(value)) {
    const item = schema.getValueSchema();
    const itemName = item.getMergedTraits().xmlName ?? "member";
    return element(name, value.map((it) => elementOf(itemName, item, it)).join(""));
  }
  if (value instanceof Date) return element(name, value.toISOString());
  return element(name, typeof value === "object" && value !== null ? membersOf(schema, value) : escapeText(value));
}

const element = (name: string, content: string) => `<${name}>${content}</${name}>`;

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const escapeText = (value: unknown) => String(value).replace(/[&<>]/g, (character) => entities[character] ?? "");
