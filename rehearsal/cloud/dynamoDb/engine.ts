import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { DescribeTableOutput } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { guarded } from "../../loopback";
import { closeServer } from "../endpoint";
import { awsError } from "../service";

/** DynamoDB's API, without accounts and permissions. */
export interface Engine {
  /** Passes on a request unchanged. @throws AwsError with DynamoDB's code and message */
  request<O extends object>(operation: string, input: object): Promise<O>;
  close(): Promise<void>;
}

// dynalite requires a signature but does not check it.
const HEADERS = {
  "content-type": "application/x-amz-json-1.0",
  "x-amz-date": "20260101T000000Z",
  authorization: "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none",
};

/** Starts dynalite on its own port. */
export async function startEngine(): Promise<Engine> {
  const server = dynalite({ createTableMs: 0 });
  // dynalite lets every origin call it and read the responses (CORS).
  const [answer] = server.listeners("request") as RequestListener[];
  if (answer === undefined)
    throw new Error("dynalite has no request listener: see rehearsal/cloud/dynamoDb/engine.ts.");
  server.removeAllListeners("request").on("request", guarded({}, answer));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    async request<O extends object>(operation: string, input: object) {
      const response = await fetch(`http://127.0.0.1:${port}`, {
        method: "POST",
        headers: { ...HEADERS, "x-amz-target": `DynamoDB_20120810.${operation}` },
        body: JSON.stringify(input),
      });
      const answer = (await response.json()) as { __type?: string; message?: string; Message?: string };
      if (response.ok) return answer as O;
      const code = answer.__type?.split("#").at(-1) ?? "InternalServerError";
      throw awsError(code, answer.message ?? answer.Message ?? code, response.status);
    },
    close: () => closeServer(server),
  };
}

/** Creates a table and waits until it is active. */
export async function createTable(engine: Engine, request: object & { TableName: string }): Promise<void> {
  const { TableName } = request;
  await engine.request("CreateTable", request);
  let status: string | undefined;
  while (status !== "ACTIVE") {
    const { Table } = await engine.request<DescribeTableOutput>("DescribeTable", { TableName });
    status = Table?.TableStatus;
  }
}
