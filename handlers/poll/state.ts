import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { explain, failure, failureType, isException } from "../shared/failure";
import type { TrackedBranch } from "../shared/forge";

/** A head that a poll has enqueued. */
export interface EnqueuedHead {
  commit: string;
  /** The archive's version at that time. Absent before the first delivery. */
  over?: string;
}

/** The heads that polls enqueued last, by {@link headKey}. */
export type EnqueuedHeads = Record<string, EnqueuedHead>;

export interface StatePlace {
  bucket: string;
  key: string;
}

/** Only the last part may contain a colon: git forbids it in branches, and forges in repository names. */
export function headKey({ forge, repository, branch, application }: TrackedBranch): string {
  return `${forge}:${repository}:${branch}:${application}`;
}

/** @throws Failure that names the object if it cannot be read or is not a valid state */
export async function readState(s3: S3Client, place: StatePlace): Promise<EnqueuedHeads> {
  const name = `s3://${place.bucket}/${place.key}`;
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: place.bucket, Key: place.key }));
    return parseState((await Body?.transformToString()) ?? "", name);
  } catch (error) {
    if (isException(error, "NoSuchKey")) {
      return {};
    }
    if (isException(error, "Failure")) {
      throw error;
    }
    const hint = isException(error, "AccessDenied")
      ? "; the function's role needs s3:GetObject on it, and s3:ListBucket on the bucket while the object does not exist"
      : "";
    throw failure(failureType(error), `GetObject of ${name}: ${explain(error)}${hint}`, error);
  }
}

/** @param name of the object, for the error */
export function parseState(text: string, name: string): EnqueuedHeads {
  const value = parsed(text);
  if (!isState(value)) {
    throw failure(
      "ConfigurationError",
      `${name} does not contain the commits by branch that the poll writes: nothing is delivered. Restore its previous version, or ` +
        "delete it, and the next poll will enqueue each head that is not delivered yet",
    );
  }
  return value;
}

function isState(value: unknown): value is EnqueuedHeads {
  return isObject(value) && Object.values(value).every(isEnqueued);
}

function isEnqueued(value: unknown): value is EnqueuedHead {
  return (
    isObject(value) &&
    typeof value.commit === "string" &&
    /^[0-9a-f]{40}$/.test(value.commit) &&
    (value.over === undefined || typeof value.over === "string")
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws Failure that names the object */
export async function writeState(s3: S3Client, place: StatePlace, enqueued: EnqueuedHeads): Promise<void> {
  const command = new PutObjectCommand({
    Bucket: place.bucket,
    Key: place.key,
    Body: JSON.stringify(enqueued),
    ContentType: "application/json",
  });
  await s3.send(command).catch((error: unknown) => {
    const after = "the next poll enqueues the same heads again, and no pipeline is started twice";
    throw failure(
      failureType(error),
      `PutObject of s3://${place.bucket}/${place.key}: ${explain(error)}; ${after}`,
      error,
    );
  });
}
