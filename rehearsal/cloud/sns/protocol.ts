import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { type AwsError, awsError, type HttpAnswer, type Protocol } from "../service";

const NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/";

/**
 * SNS speaks AWS's Query protocol: a form that names its action, and an answer in XML.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export const snsProtocol: Protocol = {
  async read(request: IncomingMessage) {
    const { Action, Version: _, ...input } = Object.fromEntries(new URLSearchParams(await text(request)));
    if (Action === undefined) throw awsError("MissingAction", "The request names no Action.");
    return { operation: Action, input };
  },
  answer: (operation, output = {}) =>
    document(200, `${operation}Response`, {
      [`${operation}Result`]: output,
      ResponseMetadata: { RequestId: randomUUID() },
    }),
  fail: (error) =>
    document(statusOf(error), "ErrorResponse", {
      Error: { Type: error.status < 500 ? "Sender" : "Receiver", Code: codeOf(error), Message: error.message },
      RequestId: randomUUID(),
    }),
};

/** SNS has a name of its own for a denial. */
const codeOf = ({ code }: AwsError) => (code === "AccessDeniedException" ? "AuthorizationError" : code);
const statusOf = (error: AwsError) => (error.code === "AccessDeniedException" ? 403 : error.status);

function document(status: number, name: string, content: object): HttpAnswer {
  const body = `<${name} xmlns="${NAMESPACE}">${elementsOf(content)}</${name}>`;
  return { status, headers: { "content-type": "text/xml" }, body };
}

function elementsOf(content: object): string {
  return Object.entries(content)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${typeof value === "object" ? elementsOf(value) : escapeText(value)}</${name}>`)
    .join("");
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const escapeText = (value: unknown) => String(value).replace(/[&<>]/g, (character) => entities[character] ?? "");
