import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { explain, failure, failureType, isException } from "../failure";
import { versioned } from "../fetch/upload";
import type { TrackedBranch } from "../forge";

/** The commit that was enqueued last, by {@link headKey}. */
export type PolledHeads = Record<string, string>;

export interface PollState {
  heads: PolledHeads;
  /** The version of the object that it was read from; undefined before the first poll. */
  version: string | undefined;
}

/** Where the state is: an object of a versioned bucket. */
export interface StatePlace {
  bucket: string;
  key: string;
}

/** None of the parts but the last may hold a colon: git refuses it in a branch, and forges in a repository. */
export function headKey({ forge, repository, branch, application }: TrackedBranch): string {
  return `${forge}:${repository}:${branch}:${application}`;
}

/** @throws Failure that names the object if it cannot be read, or holds something else */
export async function readState(s3: S3Client, place: StatePlace): Promise<PollState> {
  const name = `s3://${place.bucket}/${place.key}`;
  try {
    const { Body, VersionId } = await s3.send(new GetObjectCommand({ Bucket: place.bucket, Key: place.key }));
    const text = (await Body?.transformToString()) ?? "";
    return { heads: parseHeads(text, name), version: versioned(place.bucket, VersionId) };
  } catch (error) {
    if (isException(error, "NoSuchKey")) {
      return { heads: {}, version: undefined };
    }
    if (isException(error, "Failure")) {
      throw error;
    }
    const hint = isException(error, "AccessDenied")
      ? "; the function's role needs s3:GetObject on it, and s3:ListBucket on the bucket while it is not there"
      : "";
    throw failure(failureType(error), `GetObject of ${name}: ${explain(error)}${hint}`, error);
  }
}

/** @param name of the object, for the error */
export function parseHeads(text: string, name: string): PolledHeads {
  const value = parsed(text);
  if (!isHeads(value)) {
    throw failure(
      "ConfigurationError",
      `${name} is not what polls write there, commits by branch: nothing is delivered. Restore its previous version, or ` +
        "delete it: then the next poll delivers each branch's head once",
    );
  }
  return value;
}

function isHeads(value: unknown): value is PolledHeads {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((commit) => typeof commit === "string" && /^[0-9a-f]{40}$/.test(commit))
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws Failure that names the object */
export async function writeState(s3: S3Client, place: StatePlace, heads: PolledHeads): Promise<void> {
  const command = new PutObjectCommand({
    Bucket: place.bucket,
    Key: place.key,
    Body: JSON.stringify(heads),
    ContentType: "application/json",
  });
  await s3.send(command).catch((error: unknown) => {
    const after = "what was enqueued is enqueued again by the next poll, which starts nothing twice";
    throw failure(
      failureType(error),
      `PutObject of s3://${place.bucket}/${place.key}: ${explain(error)}; ${after}`,
      error,
    );
  });
}
