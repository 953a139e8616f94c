import { text } from "node:stream/consumers";
import { fromBufferPromise } from "yauzl";
import { awsError } from "../service";
import type { Artifact } from "./actionType";

/** A container and its image. */
export interface ImageDefinition {
  name: string;
  imageUri: string;
}

// https://docs.aws.amazon.com/codepipeline/latest/userguide/file-reference.html
const largest = 100 * 1024;

/**
 * Reads the image definitions file from an input artifact.
 * @param archive of the artifact
 * @throws AwsError ConfigurationError, with CodePipeline's message where known
 */
export async function readImageDefinitions(
  archive: Buffer,
  fileName: string,
  artifact: Artifact | undefined,
): Promise<ImageDefinition[]> {
  const content = await entryOf(archive, fileName);
  if (content === undefined)
    throw fault(
      `Did not find the image definition file ${fileName} in the input artifacts ZIP file. Verify the file is stored in ` +
        `your pipeline's Amazon S3 artifact bucket: ${artifact?.bucket} key: ${artifact?.key}`,
    );
  if (Buffer.byteLength(content) > largest)
    throw fault(
      `The image definition file ${fileName} has ${Buffer.byteLength(content)} bytes; ${largest} are allowed.`,
    );
  return parse(content, fileName);
}

function parse(content: string, fileName: string): ImageDefinition[] {
  let list: unknown;
  try {
    list = JSON.parse(content);
  } catch (error) {
    throw fault(`The image definition file ${fileName} contains invalid JSON format: ${(error as Error).message}`);
  }
  if (!Array.isArray(list) || list.length === 0 || !list.every(isDefinition))
    throw fault(`The image definition file ${fileName} is no list of {"name", "imageUri"}: ${content}`);
  return list;
}

const isDefinition = (it: unknown): it is ImageDefinition =>
  typeof it === "object" && it !== null && "name" in it && typeof it.name === "string" && isImage(it);

const isImage = (it: object): boolean => "imageUri" in it && typeof it.imageUri === "string" && it.imageUri !== "";

async function entryOf(archive: Buffer, name: string): Promise<string | undefined> {
  const zip = await fromBufferPromise(archive, { lazyEntries: true }).catch((error: Error) => {
    throw fault(`The input artifact is no ZIP file: ${error.message}`);
  });
  for await (const entry of zip.eachEntry())
    if (entry.fileName === name) return text(await zip.openReadStreamPromise(entry));
  return undefined;
}

const fault = (message: string) => awsError("ConfigurationError", message);
