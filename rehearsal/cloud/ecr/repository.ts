import type { ImageDetail, ImageFailure, ImageIdentifier } from "@aws-sdk/client-ecr";
import { awsError } from "../service";
import { sha256 } from "./digest";

export interface Layer {
  digest: string;
  size: number;
  path: string;
}

export interface Image {
  digest: string;
  /** The exact bytes that were put, as text: the digest covers these. */
  manifest: string;
  mediaType: string;
  tags: Set<string>;
  pushedAt: Date;
  size: number;
}

export interface Repository {
  name: string;
  arn: string;
  registryId: string;
  /** Whether an existing tag may move to another image. */
  mutable(tag: string): boolean;
  layers: Map<string, Layer>;
  images: Map<string, Image>;
}

export interface Put {
  manifest: string;
  mediaType?: string;
  tag?: string;
  digest?: string;
}

interface Manifest {
  mediaType?: string;
  config?: { digest: string };
  layers?: { digest: string }[];
  manifests?: { digest: string }[];
}

const repositoryName = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** @throws AwsError InvalidParameterException as CreateRepository does */
export function checkRepositoryName(name: string): void {
  if (name.length < 2 || name.length > 256 || !repositoryName.test(name))
    throw awsError(
      "InvalidParameterException",
      `Invalid parameter at 'repositoryName' failed to satisfy constraint: '${name}' must have 2 to 256 characters and ` +
        "satisfy the regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'",
    );
}

/**
 * Puts a manifest and applies the tag, if any.
 * @throws AwsError as PutImage does: if the tag already names this image or may not move, or if the manifest names
 * layers or images that the repository lacks
 */
export function put(repository: Repository, { manifest, mediaType, tag, digest }: Put, now: number): Image {
  const parsed = parseManifest(manifest);
  const type = mediaType ?? parsed.mediaType;
  // An OCI manifest need not contain its type. Without imageManifestMediaType, ECR rejects it with this message.
  if (type === undefined)
    throw awsError(
      "InvalidParameterException",
      "Invalid parameter at 'imageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    );
  const actual = sha256(manifest);
  if (digest !== undefined && digest !== actual)
    throw awsError("ImageDigestDoesNotMatchException", `The image digest is '${actual}' instead of '${digest}'`);
  checkParts(repository, parsed);
  const existing = repository.images.get(actual);
  if (existing !== undefined && (tag === undefined || existing.tags.has(tag)))
    throw awsError(
      "ImageAlreadyExistsException",
      `Image with digest '${actual}' and tag '${tag ?? "null"}' already exists in the repository with name '${repository.name}' in registry with id '${repository.registryId}'`,
    );
  if (tag !== undefined) takeTag(repository, tag);
  const image = existing ?? {
    digest: actual,
    manifest,
    mediaType: type,
    tags: new Set<string>(),
    pushedAt: new Date(now),
    size: digestsOf(parsed).reduce((sum, it) => sum + (repository.layers.get(it)?.size ?? 0), 0),
  };
  if (tag !== undefined) image.tags.add(tag);
  repository.images.set(actual, image);
  return image;
}

function takeTag(repository: Repository, tag: string): void {
  const holder = [...repository.images.values()].find((image) => image.tags.has(tag));
  if (holder === undefined) return;
  if (!repository.mutable(tag))
    throw awsError(
      "ImageTagAlreadyExistsException",
      `The image tag '${tag}' already exists in the '${repository.name}' repository and cannot be overwritten because the tag is immutable.`,
    );
  holder.tags.delete(tag);
}

function parseManifest(manifest: string): Manifest {
  try {
    return JSON.parse(manifest);
  } catch (error) {
    throw awsError(
      "InvalidParameterException",
      `Invalid parameter at 'imageManifest' failed to satisfy constraint: 'Invalid JSON syntax' (${error instanceof Error ? error.message : error})`,
    );
  }
}

const digestsOf = ({ config, layers }: Manifest): string[] =>
  [...(config === undefined ? [] : [config]), ...(layers ?? [])].map((it) => it.digest);

function checkParts(repository: Repository, manifest: Manifest): void {
  const layers = digestsOf(manifest).filter((digest) => !repository.layers.has(digest));
  if (layers.length > 0)
    throw awsError(
      "LayersNotFoundException",
      `Layers with digests '[${layers.join(", ")}]' required for pushing image into repository with name '${repository.name}' in the registry with id '${repository.registryId}' do not exist`,
    );
  const images = (manifest.manifests ?? []).map((it) => it.digest).filter((digest) => !repository.images.has(digest));
  if (images.length > 0)
    throw awsError(
      "ReferencedImagesNotFoundException",
      `Images with digests '[${images.join(", ")}]' required for pushing image into repository with name '${repository.name}' in the registry with id '${repository.registryId}' do not exist`,
    );
}

/** The image with an identifier, or why there is none. */
export function find(
  repository: Repository,
  imageId: ImageIdentifier,
): { image: Image } | { failure: Required<Pick<ImageFailure, "imageId" | "failureCode" | "failureReason">> } {
  const { imageDigest, imageTag } = imageId;
  const failure = (failureCode: ImageFailure["failureCode"], failureReason: string) => ({
    failure: { imageId, failureCode: failureCode ?? "ImageNotFound", failureReason },
  });
  if (imageDigest === undefined && imageTag === undefined)
    return failure("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null");
  if (imageDigest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(imageDigest))
    return failure(
      "InvalidImageDigest",
      "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    );
  const image =
    imageDigest === undefined
      ? [...repository.images.values()].find((it) => it.tags.has(imageTag ?? ""))
      : repository.images.get(imageDigest);
  if (image === undefined) return failure("ImageNotFound", "Requested image not found");
  if (imageTag !== undefined && !image.tags.has(imageTag))
    return failure("ImageTagDoesNotMatchDigest", `Image tag '${imageTag}' does not match digest '${image.digest}'`);
  return { image };
}

/** @throws AwsError ImageNotFoundException */
export function existing(repository: Repository, imageId: ImageIdentifier): Image {
  const found = find(repository, imageId);
  if ("image" in found) return found.image;
  throw awsError(
    "ImageNotFoundException",
    `The image with imageId {imageDigest:'${imageId.imageDigest ?? "null"}', imageTag:'${imageId.imageTag ?? "null"}'} does not exist within the repository with name '${repository.name}' in the registry with id '${repository.registryId}'`,
  );
}

export function detailOf(repository: Repository, image: Image): ImageDetail {
  return {
    registryId: repository.registryId,
    repositoryName: repository.name,
    imageDigest: image.digest,
    ...(image.tags.size > 0 ? { imageTags: [...image.tags].sort() } : {}),
    imageSizeInBytes: image.size,
    imagePushedAt: image.pushedAt,
    imageManifestMediaType: image.mediaType,
  };
}

const SETTINGS = ["MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"];
const MOST_FILTERS = 5;

/** @throws AwsError InvalidParameterException as CreateRepository and PutImageTagMutability do */
function checkMutability(setting: string, filters: { filter?: string; filterType?: string }[]): void {
  const invalid = (field: string, problem: string) =>
    awsError("InvalidParameterException", `Invalid parameter at '${field}' failed to satisfy constraint: '${problem}'`);
  if (!SETTINGS.includes(setting))
    throw invalid("imageTagMutability", `Member must satisfy enum value set: [${SETTINGS.join(", ")}]`);
  const field = "imageTagMutabilityExclusionFilters";
  const needed = setting.endsWith("_WITH_EXCLUSION");
  if (needed !== filters.length > 0)
    throw invalid(field, needed ? `${setting} needs at least one` : `${setting} takes none`);
  if (filters.length > MOST_FILTERS)
    throw invalid(field, `Member must have length less than or equal to ${MOST_FILTERS}`);
  for (const { filter = "", filterType } of filters) {
    if (!/^[0-9a-zA-Z._*-]{1,128}$/.test(filter))
      throw invalid(`${field}.filter`, "Member must satisfy regular expression pattern: ^[0-9a-zA-Z._*-]{1,128}$");
    if (filterType !== "WILDCARD")
      throw invalid(`${field}.filterType`, "Member must satisfy enum value set: [WILDCARD]");
  }
}

/**
 * Which tags may move.
 * @param exclusions tag patterns for which the opposite holds
 */
export function mutability(
  setting = "MUTABLE",
  exclusions: { filter?: string | undefined; filterType?: string | undefined }[] = [],
): Repository["mutable"] {
  checkMutability(setting, exclusions);
  const excluded = exclusions.map(
    ({ filter = "" }) => new RegExp(`^${filter.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`),
  );
  const immutable = setting.startsWith("IMMUTABLE");
  return (tag) => immutable === excluded.some((pattern) => pattern.test(tag));
}
