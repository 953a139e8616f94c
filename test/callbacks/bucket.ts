import { createHash } from "node:crypto";
import type { PlainAnswer, PlainRequest } from "./endpoint";

export interface StoredObject {
  versionId: string;
  body: Buffer;
  metadata: Record<string, string>;
}

/** A versioned bucket: as much of S3's REST protocol as uploads and small objects need. */
export interface Bucket {
  /** Every version, oldest first, by `bucket/key`. */
  objects: Record<string, StoredObject[]>;
  /** What was asked, as `PUT /bucket/key?partNumber=1`. */
  requests: string[];
  answer(request: PlainRequest): PlainAnswer;
}

const CHECKSUM = "x-amz-checksum";
const CRC32 = `${CHECKSUM}-crc32`;

const xml = (name: string, fields: Record<string, string>) =>
  `<?xml version="1.0" encoding="UTF-8"?><${name}>${Object.entries(fields)
    .map(([field, value]) => `<${field}>${value}</${field}>`)
    .join("")}</${name}>`;

export function createBucket(): Bucket {
  const uploads: Record<
    string,
    { metadata: Record<string, string>; algorithm: unknown; parts: Record<string, Buffer> }
  > = {};
  const bucket: Bucket = { objects: {}, requests: [], answer };

  function answer({ method, url, headers, body }: PlainRequest): PlainAnswer {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    searchParams.delete("x-id");
    bucket.requests.push(`${method} ${pathname}${searchParams.size > 0 ? `?${searchParams}` : ""}`);
    const key = pathname.slice(1);
    const newest = bucket.objects[key]?.at(-1);
    const isWrite =
      method === "PUT" ? !searchParams.has("uploadId") : method === "POST" && !searchParams.has("uploads");
    if (isWrite && !holds(headers, newest)) {
      return { status: 412, body: xml("Error", { Code: "PreconditionFailed", Message: "a condition did not hold" }) };
    }
    const uploadId = searchParams.get("uploadId");
    const upload = uploads[uploadId ?? ""];
    if (method === "HEAD") {
      return head(newest);
    }
    if (method === "GET") {
      return get(newest);
    }
    if (method === "POST" && searchParams.has("uploads")) {
      const UploadId = `upload-${Object.keys(uploads).length + 1}`;
      uploads[UploadId] = { metadata: metadataOf(headers), algorithm: headers[`${CHECKSUM}-algorithm`], parts: {} };
      return { status: 200, body: xml("InitiateMultipartUploadResult", { UploadId }) };
    }
    if (method === "PUT" && upload !== undefined) {
      upload.parts[searchParams.get("partNumber") ?? ""] = body;
      return { status: 200, headers: { etag: etagOf(body), [CRC32]: String(headers[CRC32]) } };
    }
    if (method === "POST" && upload !== undefined) {
      if (body.includes("<ChecksumCRC32>") !== (upload.algorithm === "CRC32")) {
        return { status: 400, body: xml("Error", { Code: "InvalidPart", Message: "not as the upload was created" }) };
      }
      const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(
        ([, number]) => number ?? "",
      );
      const versionId = store(
        key,
        Buffer.concat(numbers.map((it) => upload.parts[it] ?? Buffer.alloc(0))),
        upload.metadata,
      );
      return {
        status: 200,
        headers: { "x-amz-version-id": versionId },
        body: xml("CompleteMultipartUploadResult", { Key: key }),
      };
    }
    if (method === "DELETE" && upload !== undefined) {
      delete uploads[uploadId ?? ""];
      return { status: 204 };
    }
    if (method === "PUT") {
      return {
        status: 200,
        headers: { "x-amz-version-id": store(key, body, metadataOf(headers)), etag: etagOf(body) },
      };
    }
    return { status: 400, body: xml("Error", { Code: "NotImplemented", Message: `${method} ${url}` }) };
  }

  function store(key: string, body: Buffer, metadata: Record<string, string>): string {
    const versions = bucket.objects[key] ?? [];
    bucket.objects[key] = versions;
    const versionId = `version.${versions.length + 1}`;
    versions.push({ versionId, body, metadata });
    return versionId;
  }

  return bucket;
}

/** Whether an object may be written, seeing its newest version. */
function holds(headers: PlainRequest["headers"], newest: StoredObject | undefined): boolean {
  const expected = headers["if-match"];
  const isExpected = expected === undefined || (newest !== undefined && etagOf(newest.body) === expected);
  return isExpected && (headers["if-none-match"] === undefined || newest === undefined);
}

function head(object: StoredObject | undefined): PlainAnswer {
  if (object === undefined) {
    return { status: 404 };
  }
  const metadata = Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  const headers = { "x-amz-version-id": object.versionId, etag: etagOf(object.body) };
  return { status: 200, headers: { ...headers, ...Object.fromEntries(metadata) } };
}

function get(object: StoredObject | undefined): PlainAnswer {
  const missing = { Code: "NoSuchKey", Message: "The specified key does not exist." };
  return object === undefined ? { status: 404, body: xml("Error", missing) } : { ...head(object), body: object.body };
}

function metadataOf(headers: PlainRequest["headers"]): Record<string, string> {
  const prefix = "x-amz-meta-";
  const own = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), String(value)]));
}

const etagOf = (body: Buffer) => `"${createHash("md5").update(body).digest("hex")}"`;
