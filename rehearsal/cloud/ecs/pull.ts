import { mkdir } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import path from "node:path";
import { text } from "node:stream/consumers";
import type {
  BatchCheckLayerAvailabilityCommandOutput,
  BatchGetImageCommandOutput,
  GetDownloadUrlForLayerCommandOutput,
} from "@aws-sdk/client-ecr";
import type { ImageConfig, RunConfig } from "../docker/imageStore";
import { unpackLayer } from "../docker/layer";
import type { Cloud, Principal } from "../service";

export interface PulledImage {
  /** Of the manifest. */
  digest: string;
  config: RunConfig;
  /** The image's files: read-only, shared by all tasks. */
  directory: string;
}

const MEDIA_TYPES = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.index.v1+json",
];

interface Manifest {
  config?: { digest: string };
  layers?: { digest: string }[];
}

/**
 * Pulls images, downloading each set of files once. Every pull makes all calls that AWS requires of the execution role,
 * even if the files are already here.
 */
export function createPuller(cloud: Cloud) {
  const registry = `${cloud.accountId}.dkr.ecr.${cloud.region}.${cloud.dnsSuffix}/`;
  const downloads = new Map<string, Promise<RunConfig>>();

  /** @throws if the image is missing or the role may not pull it, with the text after CannotPullContainerError */
  return async function pull(role: Principal, image: string): Promise<PulledImage> {
    if (!image.startsWith(registry)) throw unresolved(image, `the rehearsal pulls only from ${registry}`);
    const [, repositoryName = "", imageTag = "latest", imageDigest] =
      /^(.+?)(?::([\w][\w.-]*))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(image.slice(registry.length)) ?? [];
    const ask = <O>(operation: string, input: object): Promise<O> =>
      cloud.call<object, O>(role, "ecr", operation, { repositoryName, ...input });

    const imageIds = [imageDigest === undefined ? { imageTag } : { imageDigest }];
    const answer = await ask<BatchGetImageCommandOutput>("BatchGetImage", {
      imageIds,
      acceptedMediaTypes: MEDIA_TYPES,
    }).catch((error) => {
      throw unresolved(image, `unexpected status: 403 Forbidden: ${error.message}`);
    });
    const [found] = answer.images ?? [];
    if (found?.imageManifest === undefined) throw unresolved(image, "not found");
    const { config, layers = [] }: Manifest = JSON.parse(found.imageManifest);
    if (config === undefined) throw unresolved(image, "an image for several platforms is not simulated");

    try {
      const urls = await addresses(ask, [config, ...layers]);
      const directory = path.join(cloud.directory, "ecs", "images", config.digest.replace("sha256:", ""));
      const download = downloads.get(directory) ?? fetchImage(urls, directory);
      downloads.set(directory, download);
      // The next task retries a failed download.
      download.catch(() => downloads.delete(directory));
      return { digest: found.imageId?.imageDigest ?? "", config: await download, directory };
    } catch (error) {
      const cause = error instanceof Error ? error.message : error;
      throw new Error(`ref pull has been retried 1 time(s): failed to copy: ${image}: ${cause}`, { cause: error });
    }
  };
}

export type Pull = ReturnType<typeof createPuller>;

const unresolved = (image: string, why: string): Error =>
  new Error(`pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: ${why}`);

async function addresses(ask: <O>(operation: string, input: object) => Promise<O>, blobs: { digest: string }[]) {
  const layerDigests = blobs.map(({ digest }) => digest);
  const { layers } = await ask<BatchCheckLayerAvailabilityCommandOutput>("BatchCheckLayerAvailability", {
    layerDigests,
  });
  const missing = layers?.find(({ layerAvailability }) => layerAvailability !== "AVAILABLE");
  if (missing !== undefined) throw new Error(`${missing.layerDigest}: not found`);
  return Promise.all(
    layerDigests.map(async (layerDigest) => {
      const { downloadUrl } = await ask<GetDownloadUrlForLayerCommandOutput>("GetDownloadUrlForLayer", { layerDigest });
      return downloadUrl ?? "";
    }),
  );
}

/** @param urls of the configuration, then of each layer */
async function fetchImage([configUrl = "", ...layerUrls]: string[], directory: string): Promise<RunConfig> {
  const { config } = JSON.parse(await text(await open(configUrl))) as ImageConfig;
  await mkdir(directory, { recursive: true });
  for (const url of layerUrls) await unpackLayer(await open(url), directory);
  return config;
}

/** Not `fetch`: with NODE_USE_ENV_PROXY it would use a proxy for an address on this machine. */
async function open(url: string): Promise<IncomingMessage> {
  // No agent: the global one follows NODE_USE_ENV_PROXY too.
  const request = get(url, { agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    // If both address families refuse the connection, the AggregateError has only a code: its message is empty.
    request.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`GET request to ${url}: ${error.message || error.code}`, { cause: error })),
    );
  });
  if (response.statusCode === 200) return response;
  response.resume();
  throw new Error(`unexpected status from GET request to ${url}: ${response.statusCode}`);
}
