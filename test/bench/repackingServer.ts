// A forge that serves one archive, and a bucket that forgets what it is sent: in a process of their own, whose work is not measured.
import { createReadStream } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const [, , directory = "."] = process.argv;

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  if (request.method === "GET") {
    response.writeHead(200, { "content-type": "application/zip" });
    createReadStream(`${directory}${pathname}`).pipe(response);
    return;
  }
  request.resume().once("end", () => answer(response, request.method ?? "", searchParams));
});

/** As much of S3 as an upload in parts needs. */
function answer(response: ServerResponse, method: string, query: URLSearchParams): void {
  if (method === "PUT") response.writeHead(200, { etag: '"part"', "x-amz-version-id": "v1" }).end();
  else if (query.has("uploads")) response.end(xml("InitiateMultipartUploadResult", "<UploadId>u1</UploadId>"));
  else response.writeHead(200, { "x-amz-version-id": "v1" }).end(xml("CompleteMultipartUploadResult", "<Key>k</Key>"));
}

const xml = (name: string, body: string) => `<?xml version="1.0" encoding="UTF-8"?><${name}>${body}</${name}>`;

server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
