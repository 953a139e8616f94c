import {
  CompleteLayerUploadCommand,
  ECRClient,
  InitiateLayerUploadCommand,
  PutImageCommand,
  UploadLayerPartCommand,
} from "@aws-sdk/client-ecr";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { sha256 } from "../../../../rehearsal/cloud/ecr/digest";
import { createTestCloud } from "../../support";
import { createBus } from "../eventBridge/busSupport";

export const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
export const ARN = "arn:aws:ecr:us-east-1:123456789012:repository/shop";
export const DOCKER = "application/vnd.docker.distribution.manifest.v2+json";

/** An account in which the repository `shop` can be declared, and a client that may do everything with ECR. */
export async function createRegistryCloud() {
  const bus = createBus();
  const cloud = await createTestCloud([createEcr, bus.create]);
  const client = await clientWith([{ Effect: "Allow", Action: "ecr:*", Resource: "*" }], "builder");

  async function clientWith(statements: object[], name: string): Promise<ECRClient> {
    const role = await cloud.role(name, "codebuild.amazonaws.com", statements);
    return new ECRClient(await cloud.clientOptions("codebuild.amazonaws.com", role));
  }

  const declareShop = (inputs: object = {}) =>
    cloud.declare("aws:ecr/repository:Repository", "shop", { name: "shop", ...inputs });

  async function upload(content: string): Promise<{ digest: string; size: number }> {
    const { uploadId } = await client.send(new InitiateLayerUploadCommand({ repositoryName: "shop" }));
    const bytes = Buffer.from(content);
    const half = Math.floor(bytes.length / 2);
    for (const [first, last] of [
      [0, half - 1],
      [half, bytes.length - 1],
    ] as const)
      await client.send(
        new UploadLayerPartCommand({
          repositoryName: "shop",
          uploadId,
          partFirstByte: first,
          partLastByte: last,
          layerPartBlob: bytes.subarray(first, last + 1),
        }),
      );
    const layerDigests = [sha256(bytes)];
    await client.send(new CompleteLayerUploadCommand({ repositoryName: "shop", uploadId, layerDigests }));
    return { digest: sha256(bytes), size: bytes.length };
  }

  async function manifest(content: string, mediaType: string | undefined = DOCKER): Promise<string> {
    const config = await upload(`config of ${content}`);
    const layer = await upload(content);
    return JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] });
  }

  const put = (imageManifest: string, imageTag?: string, more: object = {}) =>
    client.send(new PutImageCommand({ repositoryName: "shop", imageManifest, imageTag, ...more }));

  return { cloud, bus, client, clientWith, declareShop, manifest, put };
}

export type RegistryCloud = Awaited<ReturnType<typeof createRegistryCloud>>;

/** How a request ended, by the name and message of its error. */
export const nameOfRefusal = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no refusal",
    (error) => `${error.name}: ${error.message}`,
  );
