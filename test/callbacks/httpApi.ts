import { expect } from "chai";
import { awsFault } from "./endpoint";
import type { Invocation } from "./lambda";

/** What callers of the platform's own API bring. */
export const TOKEN = "Zb7tQm2xV9cLw4kRy8nHs3dPf6gJu1aE0oTiXqMv";

/** What an operation answers whose permission is missing. */
export const denied = (action: string) => () => {
  throw awsFault("AccessDeniedException", `not authorized to perform: ${action}`);
};

export interface Call {
  authorization?: string | undefined;
  contentType?: string | undefined;
  body?: unknown;
  base64?: boolean;
  query?: Record<string, string>;
  id?: string;
}

export interface Told<Body = Record<string, unknown>> {
  status: number;
  /** Empty if the answer has no body. */
  told: Body;
  headers: Record<string, string>;
  logged: Record<string, unknown>[];
}

/** A call as API Gateway hands it over: an HTTP API, payload format 2.0. */
export function eventOf(routeKey: string, { base64 = false, query, id, ...rest }: Call): object {
  const body = typeof rest.body === "string" ? rest.body : JSON.stringify(rest.body);
  return {
    version: "2.0",
    routeKey,
    headers: {
      authorization: "authorization" in rest ? rest.authorization : `Bearer ${TOKEN}`,
      "content-type": "contentType" in rest ? rest.contentType : "application/json",
    },
    ...(query !== undefined && { queryStringParameters: query }),
    ...(id !== undefined && { pathParameters: { id } }),
    body: base64 && body !== undefined ? Buffer.from(body).toString("base64") : body,
    isBase64Encoded: base64,
  };
}

/** An invocation's answer, of which neither log nor body may tell the token. */
export function toldBy<Body>({ value, error, lines }: Invocation): Told<Body> {
  expect(error).to.equal(undefined);
  const {
    statusCode,
    headers = {},
    body,
  } = value as {
    statusCode: number;
    headers?: Record<string, string>;
    body?: string;
  };
  expect([...lines, body].join("\n")).not.to.include(TOKEN);
  expect(headers["content-type"]).to.equal(statusCode === 204 ? undefined : "application/json");
  const told = body === undefined ? {} : JSON.parse(body);
  return { status: statusCode, told, headers, logged: lines.map((line) => JSON.parse(line)) };
}
