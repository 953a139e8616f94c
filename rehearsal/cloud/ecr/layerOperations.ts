import type {
  BatchCheckLayerAvailabilityCommandInput,
  BatchCheckLayerAvailabilityCommandOutput,
  CompleteLayerUploadCommandInput,
  CompleteLayerUploadCommandOutput,
  GetDownloadUrlForLayerCommandInput,
  GetDownloadUrlForLayerCommandOutput,
  InitiateLayerUploadCommandInput,
  InitiateLayerUploadCommandOutput,
  UploadLayerPartCommandInput,
  UploadLayerPartCommandOutput,
} from "@aws-sdk/client-ecr";
import { awsError, operation, type Permission, type Service } from "../service";
import { type Layers, PART_SIZE } from "./layers";
import type { Registry } from "./registry";
import type { Repository } from "./repository";

type Answer<T> = Omit<T, "$metadata">;

export interface LayerOperationsOptions {
  /** @throws AwsError RepositoryNotFoundException */
  repositoryOf(name: string | undefined): Repository;
  layers: Layers;
  registry: Pick<Registry, "publish">;
  /** The permission for an ECR action on the repository in the request. */
  allows(action: string): (input: { repositoryName: string | undefined }) => Permission[];
}

/** The operations that upload layers to a repository and download them. */
export function createLayerOperations({
  repositoryOf,
  layers,
  registry,
  allows,
}: LayerOperationsOptions): Service["operations"] {
  const batchCheckLayerAvailability = operation<
    BatchCheckLayerAvailabilityCommandInput,
    Answer<BatchCheckLayerAvailabilityCommandOutput>
  >({
    permissions: allows("BatchCheckLayerAvailability"),
    perform: ({ repositoryName, layerDigests = [] }) => {
      const known = repositoryOf(repositoryName).layers;
      return {
        layers: layerDigests.map((layerDigest) => {
          const layer = known.get(layerDigest);
          return layer === undefined
            ? { layerDigest, layerAvailability: "UNAVAILABLE" }
            : { layerDigest, layerAvailability: "AVAILABLE", layerSize: layer.size };
        }),
        failures: [],
      };
    },
  });

  const initiateLayerUpload = operation<InitiateLayerUploadCommandInput, Answer<InitiateLayerUploadCommandOutput>>({
    permissions: allows("InitiateLayerUpload"),
    perform: async ({ repositoryName }) => ({
      uploadId: await layers.initiate(repositoryOf(repositoryName)),
      partSize: PART_SIZE,
    }),
  });

  const uploadLayerPart = operation<UploadLayerPartCommandInput, Answer<UploadLayerPartCommandOutput>>({
    permissions: allows("UploadLayerPart"),
    perform: async ({ repositoryName, uploadId, partFirstByte = 0, layerPartBlob }) => {
      const repository = repositoryOf(repositoryName);
      const size = await layers.append(repository, uploadId ?? "", partFirstByte, bytes(layerPartBlob));
      return { registryId: repository.registryId, repositoryName, uploadId, lastByteReceived: size - 1 };
    },
  });

  const completeLayerUpload = operation<CompleteLayerUploadCommandInput, Answer<CompleteLayerUploadCommandOutput>>({
    permissions: allows("CompleteLayerUpload"),
    perform: async ({ repositoryName, uploadId, layerDigests }) => {
      const repository = repositoryOf(repositoryName);
      const layer = await layers.complete(repository, uploadId ?? "", layerDigests?.[0] ?? "");
      return { registryId: repository.registryId, repositoryName, uploadId, layerDigest: layer.digest };
    },
  });

  const getDownloadUrlForLayer = operation<
    GetDownloadUrlForLayerCommandInput,
    Answer<GetDownloadUrlForLayerCommandOutput>
  >({
    permissions: allows("GetDownloadUrlForLayer"),
    perform: async ({ repositoryName, layerDigest }) => {
      const { layers, registryId } = repositoryOf(repositoryName);
      const layer = layers.get(layerDigest ?? "");
      if (layer === undefined)
        throw awsError(
          "LayersNotFoundException",
          `Layers with digests '[${layerDigest}]' could not be found in the repository with name '${repositoryName}' in the registry with id '${registryId}'`,
        );
      return { layerDigest, downloadUrl: await registry.publish(layer) };
    },
  });

  return {
    BatchCheckLayerAvailability: batchCheckLayerAvailability,
    InitiateLayerUpload: initiateLayerUpload,
    UploadLayerPart: uploadLayerPart,
    CompleteLayerUpload: completeLayerUpload,
    GetDownloadUrlForLayer: getDownloadUrlForLayer,
  };
}

/** Blobs arrive as base64 over HTTP, and as bytes from within the account. */
function bytes(blob: Uint8Array | string | undefined): Uint8Array {
  return typeof blob === "string" ? Buffer.from(blob, "base64") : (blob ?? new Uint8Array());
}
