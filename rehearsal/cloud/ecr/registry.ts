import { createReadStream } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type {
  BatchCheckLayerAvailabilityCommandOutput,
  BatchGetImageCommandOutput,
  GetDownloadUrlForLayerCommandOutput,
  PutImageCommandOutput,
} from "@aws-sdk/client-ecr";
import { createLocalServer } from "../../loopback";
import { closeServer } from "../endpoint";
import { awsError, type Cloud, type Principal } from "../service";
import { PART_SIZE } from "./layers";
import type { Layer } from "./repository";

interface Admission {
  caller: Principal;
  expiresAt: number;
}

interface Exchange {
  caller: Principal;
  request: IncomingMessage;
  response: ServerResponse;
  repositoryName: string;
  /** The path after the repository's name. */
  rest: string;
  query: URLSearchParams;
}

/**
 * The registry's HTTP API (opencontainers/distribution-spec), limited to what `docker login`, `docker push` and base
 * images need, and the addresses for layer downloads. A token acts for the principal that fetched it: docker itself has
 * no AWS credentials, and ECR authorises its requests as calls of the ECR API.
 */
export function createRegistry(cloud: Cloud) {
  const host = `${cloud.accountId}.dkr.ecr.${cloud.region}.${cloud.dnsSuffix}`;
  const admissions = new Map<string, Admission>();
  const published = new Map<string, Layer>();
  const server = createLocalServer({ hasName: (name) => name === host }, (request, response) => {
    serve(request, response).catch((error) => refuse(response, error));
  });
  let listening: Promise<string> | undefined;

  function open(): Promise<string> {
    listening ??= new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        cloud.addresses.set(host, url);
        resolve(url);
      });
    });
    return listening;
  }

  function callerOf(request: IncomingMessage): Principal | undefined {
    const [scheme, encoded = ""] = (request.headers.authorization ?? "").split(" ");
    if (scheme !== "Basic") return undefined;
    const [user, password = ""] = Buffer.from(encoded, "base64").toString().split(":");
    const admission = admissions.get(password);
    if (user !== "AWS" || admission === undefined) return undefined;
    if (admission.expiresAt <= cloud.clock.now())
      throw awsError("Denied", "Your authorization token has expired. Reauthenticate and try again.", 403);
    return admission.caller;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${host}`);
    const layer = published.get(url.pathname);
    // AWS signs such an address: anyone who has it may read the layer.
    if (layer !== undefined) {
      response.writeHead(200, { "content-length": layer.size });
      return pipeline(createReadStream(layer.path), response);
    }
    const caller = callerOf(request);
    if (caller === undefined) {
      response.writeHead(401, { "www-authenticate": `Basic realm="https://${host}/",service="ecr.amazonaws.com"` });
      response.end(body("UNAUTHORIZED", "Not Authorized"));
      return;
    }
    if (url.pathname === "/v2/") {
      response.writeHead(200).end("{}");
      return;
    }
    const [, repositoryName = "", rest = ""] = /^\/v2\/(.+?)\/((?:blobs|manifests)\/.*)$/.exec(url.pathname) ?? [];
    await answer({ caller, request, response, repositoryName, rest, query: url.searchParams });
  }

  function answer(exchange: Exchange): Promise<void> {
    const { request, rest } = exchange;
    const [kind, reference = ""] = rest.split("/");
    if (request.method === "HEAD" && kind === "blobs") return checkLayer(exchange, reference);
    if (request.method === "GET" && kind === "blobs") return sendLayer(exchange, reference);
    if (kind === "manifests" && (request.method === "HEAD" || request.method === "GET"))
      return sendManifest(exchange, reference);
    if (request.method === "POST" && rest === "blobs/uploads/") return beginUpload(exchange);
    if (request.method === "PATCH" && rest.startsWith("blobs/uploads/")) return upload(exchange, lastOf(rest));
    if (request.method === "PUT" && rest.startsWith("blobs/uploads/")) return endUpload(exchange, lastOf(rest));
    if (request.method === "PUT" && kind === "manifests") return putManifest(exchange, reference);
    throw awsError(
      "NotSimulated",
      `${request.method} ${request.url} is not simulated: add it in rehearsal/cloud/ecr/registry.ts.`,
      501,
    );
  }

  async function checkLayer({ caller, response, repositoryName }: Exchange, digest: string): Promise<void> {
    const input = { repositoryName, layerDigests: [digest] };
    const { layers } = await cloud.call<typeof input, BatchCheckLayerAvailabilityCommandOutput>(
      caller,
      "ecr",
      "BatchCheckLayerAvailability",
      input,
    );
    const [layer] = layers ?? [];
    if (layer?.layerAvailability === "AVAILABLE")
      response.writeHead(200, { "content-length": layer.layerSize, "docker-content-digest": digest }).end();
    else response.writeHead(404).end();
  }

  /** As in ECR, the layer itself is read from an S3 address. */
  async function sendLayer({ caller, response, repositoryName }: Exchange, layerDigest: string): Promise<void> {
    const input = { repositoryName, layerDigest };
    const { downloadUrl } = await cloud.call<typeof input, GetDownloadUrlForLayerCommandOutput>(
      caller,
      "ecr",
      "GetDownloadUrlForLayer",
      input,
    );
    response.writeHead(307, { location: downloadUrl }).end();
  }

  async function sendManifest({ caller, request, response, repositoryName }: Exchange, name: string): Promise<void> {
    const imageId = name.startsWith("sha256:") ? { imageDigest: name } : { imageTag: name };
    const input = { repositoryName, imageIds: [imageId] };
    const { images } = await cloud.call<typeof input, BatchGetImageCommandOutput>(
      caller,
      "ecr",
      "BatchGetImage",
      input,
    );
    const [image] = images ?? [];
    if (image === undefined) {
      response.writeHead(404).end(body("MANIFEST_UNKNOWN", "Requested image not found"));
      return;
    }
    const headers = {
      "content-type": image.imageManifestMediaType,
      "docker-content-digest": image.imageId?.imageDigest,
    };
    response.writeHead(200, headers).end(request.method === "GET" ? image.imageManifest : undefined);
  }

  async function beginUpload({ caller, response, repositoryName }: Exchange): Promise<void> {
    const { uploadId } = await cloud.call<object, { uploadId: string }>(caller, "ecr", "InitiateLayerUpload", {
      repositoryName,
    });
    response.writeHead(202, { location: `/v2/${repositoryName}/blobs/uploads/${uploadId}` }).end();
  }

  async function upload({ caller, request, response, repositoryName }: Exchange, uploadId: string): Promise<void> {
    let partFirstByte = 0;
    for await (const layerPartBlob of parts(request)) {
      const partLastByte = partFirstByte + layerPartBlob.byteLength - 1;
      const input = { repositoryName, uploadId, partFirstByte, partLastByte, layerPartBlob };
      await cloud.call(caller, "ecr", "UploadLayerPart", input);
      partFirstByte = partLastByte + 1;
    }
    response.writeHead(202, { location: request.url, range: `0-${partFirstByte - 1}` }).end();
  }

  async function endUpload({ caller, response, repositoryName, query }: Exchange, uploadId: string): Promise<void> {
    const digest = query.get("digest") ?? "";
    await cloud.call(caller, "ecr", "CompleteLayerUpload", { repositoryName, uploadId, layerDigests: [digest] });
    response.writeHead(201, { "docker-content-digest": digest }).end();
  }

  async function putManifest({ caller, request, response, repositoryName }: Exchange, tag: string): Promise<void> {
    const input = {
      repositoryName,
      imageManifest: await text(request),
      imageManifestMediaType: request.headers["content-type"],
      imageTag: tag,
    };
    const { image } = await cloud.call<typeof input, PutImageCommandOutput>(caller, "ecr", "PutImage", input);
    response.writeHead(201, { "docker-content-digest": image?.imageId?.imageDigest }).end();
  }

  return {
    host,
    /** Opens the registry's address. */
    open,
    close: () => closeServer(server),
    /** Accepts the password as its owner's until it expires. */
    admit: (password: string, admission: Admission) => admissions.set(password, admission),
    /** An address from which the layer can be read without credentials. */
    async publish(layer: Layer): Promise<string> {
      const url = await open();
      const address = `/layers/${cloud.id()}`;
      published.set(address, layer);
      return `${url}${address}`;
    },
  };
}

export type Registry = ReturnType<typeof createRegistry>;

const lastOf = (path: string): string => path.split("/").at(-1) ?? "";

const body = (code: string, message: string): string => JSON.stringify({ errors: [{ code, message }] });

function refuse(response: ServerResponse, error: Error & { status?: number }): void {
  if (response.headersSent) {
    response.destroy(error);
    return;
  }
  const denied = error.name.startsWith("AccessDenied");
  const missing = error.name === "RepositoryNotFoundException";
  const status = denied ? 403 : missing ? 404 : (error.status ?? 500);
  // A HEAD response has no body, and the log should still name role, action and resource.
  const line = error.message.replace(/[^\x20-\x7e]+/g, " ");
  response.writeHead(status, { "content-type": "application/json", "x-amzn-errormessage": line });
  response.end(body(denied ? "DENIED" : missing ? "NAME_UNKNOWN" : error.name, error.message));
}

async function* parts(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    held.push(chunk);
    size += chunk.length;
    if (size < PART_SIZE) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}
