import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type AwsError, awsError, type Cloud, type HttpAnswer, type Protocol } from "../service";
import { type Body, checksumHeader } from "./body";
import { decodeChunks } from "./chunked";
import type * as shapes from "./shapes";
import { elements, errorXml, xml } from "./xml";

/** The simulated REST requests: method, scope of the path, and the query key that selects the operation. */
const routes: Record<string, string> = {
  "HEAD bucket": "HeadBucket",
  "GET bucket?versioning": "GetBucketVersioning",
  "GET object": "GetObject",
  "HEAD object": "HeadObject",
  "PUT object": "PutObject",
  "POST object?uploads": "CreateMultipartUpload",
  "PUT object?uploadId": "UploadPart",
  "POST object?uploadId": "CompleteMultipartUpload",
  "DELETE object?uploadId": "AbortMultipartUpload",
};

/** Query keys that do not select the operation. */
const parameters = ["x-id", "versionId", "partNumber"];

/** Conditions of writes. Those of reads are not simulated. */
const conditions = ["if-match", "if-none-match"];

const algorithmHeader = "x-amz-checksum-algorithm";

/** Headers that change a request's meaning and are not simulated. */
const unsupported = [
  /^range$/,
  /^if-/,
  /^x-amz-(acl|grant-|tagging|copy-source|object-lock-|server-side-encryption-customer-)/,
  /^x-amz-checksum-(crc32c|crc64nvme|sha1|sha256|md5|sha512|xxhash)/,
];

export function createProtocol(cloud: Pick<Cloud, "dnsSuffix">): Protocol {
  return {
    async read(request) {
      const { bucket, key, query } = locate(request, cloud.dnsSuffix);
      const operation = operationOf(request.method ?? "", key === undefined ? "bucket" : "object", query);
      refuseUnsupported(request);
      const input = { Bucket: bucket, Key: key, ...fromQuery(query), ...fromHeaders(request) };
      if (operation === "CompleteMultipartUpload")
        return { operation, input: { ...input, MultipartUpload: { Parts: readParts(await text(request)) } } };
      return { operation, input: { ...input, Body: bodyOf(request) } };
    },
    answer: (operation, output) => (answers[operation] ?? noContent)(output as never),
    fail,
  };
}

function locate(request: IncomingMessage, dnsSuffix: string) {
  const url = new URL(request.url ?? "/", "http://s3");
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  const suffix = new RegExp(String.raw`^(.+)\.(?:s3(?:\.[a-z0-9-]+)?\.${dnsSuffix.replaceAll(".", "\\.")}|localhost)$`);
  const virtual = suffix.exec(host)?.[1];
  const path = virtual === undefined ? url.pathname : `/${virtual}${url.pathname}`;
  const [, bucket = "", rest = ""] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return { bucket, key: rest === "" ? undefined : decodeURIComponent(rest), query: url.searchParams };
}

/** The SDK sends the operation's name in `x-id`; it names unsupported operations in errors. */
function operationOf(method: string, scope: string, query: URLSearchParams): string {
  const chooser = [...query.keys()].find((it) => !parameters.includes(it));
  const route = `${method} ${scope}${chooser === undefined ? "" : `?${chooser}`}`;
  return routes[route] ?? query.get("x-id") ?? route;
}

function refuseUnsupported(request: IncomingMessage): void {
  const announced = [...Object.keys(request.headers), String(request.headers["x-amz-trailer"] ?? "")];
  const isWrite = ["PUT", "POST"].includes(request.method ?? "");
  const found = announced.find(
    (name) => unsupported.some((pattern) => pattern.test(name)) && !(isWrite && conditions.includes(name)),
  );
  if (found !== undefined) throw awsError("NotSimulated", `The S3 header ${found} is not simulated.`, 501);
  const encryption = request.headers["x-amz-server-side-encryption"] ?? "AES256";
  if (encryption !== "AES256")
    throw awsError("NotSimulated", `The S3 encryption ${String(encryption)} is not simulated: only AES256 is.`, 501);
  const algorithm = request.headers[algorithmHeader] ?? "CRC32";
  if (algorithm !== "CRC32")
    throw awsError("NotSimulated", `The S3 checksum ${String(algorithm)} is not simulated: only CRC32 is.`, 501);
}

function fromQuery(query: URLSearchParams) {
  const part = query.get("partNumber");
  return {
    VersionId: query.get("versionId") ?? undefined,
    UploadId: query.get("uploadId") ?? undefined,
    PartNumber: part === null ? undefined : Number(part),
  };
}

function fromHeaders({ headers }: IncomingMessage) {
  const one = (name: string) => (headers[name] === undefined ? undefined : String(headers[name]));
  const length = one("x-amz-decoded-content-length") ?? one("content-length");
  const prefix = "x-amz-meta-";
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return {
    IfMatch: one("if-match"),
    IfNoneMatch: one("if-none-match"),
    ContentType: one("content-type"),
    ContentMD5: one("content-md5"),
    ContentLength: length === undefined ? undefined : Number(length),
    ChecksumCRC32: one(checksumHeader),
    ChecksumAlgorithm: one(algorithmHeader),
    ChecksumMode: one("x-amz-checksum-mode"),
    Metadata: Object.fromEntries(metadata.map(([name, value]) => [name.slice(prefix.length), String(value)])),
  };
}

function bodyOf(request: IncomingMessage): Body {
  if (!/\baws-chunked\b/.test(request.headers["content-encoding"] ?? "")) return request;
  const chunkTrailers: Record<string, string> = {};
  return Object.assign(Readable.from(decodeChunks(request, chunkTrailers)), { chunkTrailers });
}

function readParts(body: string) {
  return elements(body, "Part").map((part) => ({
    PartNumber: Number(elements(part, "PartNumber")[0]),
    ETag: elements(part, "ETag")[0],
    ChecksumCRC32: elements(part, "ChecksumCRC32")[0],
  }));
}

const noContent = (): HttpAnswer => ({ status: 204 });
const emptyOk = (): HttpAnswer => ({ status: 200 });

const answers: Record<string, (output: never) => HttpAnswer> = {
  HeadBucket: emptyOk,
  GetBucketVersioning: ({ Status }: shapes.GetBucketVersioningOutput) =>
    document("VersioningConfiguration", { Status }),
  HeadObject: (output: shapes.HeadObjectOutput) => ({ status: 200, headers: objectHeaders(output) }),
  GetObject: ({ Body, ...output }: shapes.GetObjectOutput) => ({
    status: 200,
    headers: objectHeaders(output),
    body: Body,
  }),
  PutObject: (output: shapes.PutObjectOutput) => ({ status: 200, headers: objectHeaders(output) }),
  CreateMultipartUpload: ({ ChecksumAlgorithm, ...output }: shapes.CreateMultipartUploadOutput) =>
    document("InitiateMultipartUploadResult", output, present({ [algorithmHeader]: ChecksumAlgorithm })),
  UploadPart: (output: shapes.UploadPartOutput) => ({ status: 200, headers: objectHeaders(output) }),
  CompleteMultipartUpload: ({ VersionId, ...output }: shapes.CompleteMultipartUploadOutput) =>
    document("CompleteMultipartUploadResult", output, present({ "x-amz-version-id": VersionId })),
};

function document(name: string, fields: object, headers: Record<string, string> = {}): HttpAnswer {
  return { status: 200, headers: { ...headers, "content-type": "application/xml" }, body: xml(name, fields) };
}

function objectHeaders(output: Partial<shapes.HeadObjectOutput>): Record<string, string> {
  const metadata = Object.entries(output.Metadata ?? {}).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  return {
    ...present({
      etag: output.ETag,
      "content-type": output.ContentType,
      "content-length": output.ContentLength,
      "last-modified": output.LastModified?.toUTCString(),
      "x-amz-version-id": output.VersionId,
      "x-amz-server-side-encryption": output.ServerSideEncryption,
      [checksumHeader]: output.ChecksumCRC32,
    }),
    ...Object.fromEntries(metadata),
  };
}

function present(headers: Record<string, string | number | undefined>): Record<string, string> {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

/** S3 returns AccessDenied with 403. HEAD responses have no body, so the SDK then sees only the status. */
function fail(error: AwsError, request: IncomingMessage): HttpAnswer {
  const denied = error.code === "AccessDeniedException";
  const headers = { "content-type": "application/xml" };
  const body = errorXml({ Code: denied ? "AccessDenied" : error.code, Message: error.message });
  return { status: denied ? 403 : error.status, headers, body: request.method === "HEAD" ? undefined : body };
}
