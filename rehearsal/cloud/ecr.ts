import { randomBytes } from "node:crypto";
import path from "node:path";
import type {
  BatchGetImageCommandInput,
  BatchGetImageCommandOutput,
  CreateRepositoryCommandInput,
  CreateRepositoryCommandOutput,
  DescribeImagesCommandInput,
  DescribeImagesCommandOutput,
  GetAuthorizationTokenCommandInput,
  GetAuthorizationTokenCommandOutput,
  PutImageCommandInput,
  PutImageCommandOutput,
  PutImageTagMutabilityCommandInput,
  PutImageTagMutabilityCommandOutput,
} from "@aws-sdk/client-ecr";
import type { LifecyclePolicyArgs } from "@pulumi/aws/ecr/lifecyclePolicy";
import type { RepositoryArgs } from "@pulumi/aws/ecr/repository";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { createImages } from "./ecr/image";
import { createLayerOperations } from "./ecr/layerOperations";
import { createLayers } from "./ecr/layers";
import { checkLifecyclePolicy } from "./ecr/lifecyclePolicy";
import { createRegistry } from "./ecr/registry";
import { checkRepositoryName, detailOf, existing, find, mutability, put, type Repository } from "./ecr/repository";
import { awsError, type Cloud, type Created, type Declaration, operation, type Service } from "./service";
import { sendServiceEvent } from "./serviceEvent";

type Answer<T> = Omit<T, "$metadata">;

const TOKEN_LIFETIME = 12 * 60 * 60_000;

/**
 * Amazon ECR: repositories of images, through its API and, for `docker push`, through the registry's own HTTP API.
 * Lifecycle policies are checked and not applied: ECR takes up to a day for it.
 */
export function createEcr(cloud: Cloud): Service {
  const repositories = new Map<string, Repository>();
  const layers = createLayers(path.join(cloud.directory, "ecr"));
  const registry = createRegistry(cloud);
  const registryId = cloud.accountId;

  function repositoryOf(name: string | undefined): Repository {
    const repository = repositories.get(name ?? "");
    if (repository === undefined)
      throw awsError(
        "RepositoryNotFoundException",
        `The repository with name '${name}' does not exist in the registry with id '${registryId}'`,
      );
    return repository;
  }

  async function createRepository(declaration: Declaration): Promise<Created> {
    const args = inputsOf<Unwrap<RepositoryArgs>>(declaration, [
      "name",
      "imageTagMutability",
      "imageTagMutabilityExclusionFilters",
      "tags",
      "region",
      // What it finds, how it is encrypted and how it is deleted changes nothing here.
      "imageScanningConfiguration",
      "encryptionConfigurations",
      "forceDelete",
    ]);
    const name = cloud.physicalName(declaration, args.name);
    const mutable = mutability(args.imageTagMutability, args.imageTagMutabilityExclusionFilters);
    const { arn } = await addRepository(name, mutable);
    return { id: name, outputs: { arn, name, registryId, repositoryUrl: `${registry.host}/${name}` } };
  }

  async function addRepository(name: string, mutable: Repository["mutable"]): Promise<Repository> {
    checkRepositoryName(name);
    if (repositories.has(name))
      throw awsError(
        "RepositoryAlreadyExistsException",
        `The repository with name '${name}' already exists in the registry with id '${registryId}'`,
      );
    const arn = cloud.arn("ecr", `repository/${name}`);
    const repository = { name, arn, registryId, mutable, layers: new Map(), images: new Map() };
    repositories.set(name, repository);
    await registry.open();
    return repository;
  }

  function createLifecyclePolicy(declaration: Declaration): Created {
    const { repository, policy } = inputsOf<Unwrap<LifecyclePolicyArgs>>(declaration, [
      "repository",
      "policy",
      "region",
    ]);
    checkLifecyclePolicy(policy);
    return { id: repositoryOf(repository).name, outputs: { registryId } };
  }

  const resource = (name: string | undefined) => cloud.arn("ecr", `repository/${name}`);
  const allows = (action: string) => (input: { repositoryName: string | undefined }) => [
    { action: `ecr:${action}`, resource: resource(input.repositoryName) },
  ];

  const getAuthorizationToken = operation<
    GetAuthorizationTokenCommandInput,
    Answer<GetAuthorizationTokenCommandOutput>
  >({
    permissions: () => [{ action: "ecr:GetAuthorizationToken", resource: "*" }],
    perform: (_input, { caller }) => {
      const password = randomBytes(48).toString("base64url");
      const expiresAt = cloud.clock.now() + TOKEN_LIFETIME;
      registry.admit(password, { caller, expiresAt });
      const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
      return {
        authorizationData: [
          { authorizationToken, expiresAt: new Date(expiresAt), proxyEndpoint: `https://${registry.host}` },
        ],
      };
    },
  });

  const createRepositoryByCall = operation<CreateRepositoryCommandInput, Answer<CreateRepositoryCommandOutput>>({
    permissions: allows("CreateRepository"),
    perform: async ({ repositoryName = "", imageTagMutability, imageTagMutabilityExclusionFilters }) => {
      const mutable = mutability(imageTagMutability, imageTagMutabilityExclusionFilters);
      const { arn: repositoryArn } = await addRepository(repositoryName, mutable);
      const repositoryUri = `${registry.host}/${repositoryName}`;
      return { repository: { repositoryArn, registryId, repositoryName, repositoryUri } };
    },
  });

  const putImage = operation<PutImageCommandInput, Answer<PutImageCommandOutput>>({
    permissions: allows("PutImage"),
    perform: (input) => {
      const repository = repositoryOf(input.repositoryName);
      const {
        imageManifest: manifest = "",
        imageManifestMediaType: mediaType,
        imageTag: tag,
        imageDigest: digest,
      } = input;
      const image = put(repository, { manifest, mediaType, tag, digest }, cloud.clock.now());
      const tags = tag === undefined ? [] : [tag];
      cloud.tell({ kind: "image-pushed", repository: repository.name, tags, digest: image.digest });
      // https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
      sendServiceEvent(cloud, {
        source: "aws.ecr",
        detailType: "ECR Image Action",
        detail: {
          result: "SUCCESS",
          "repository-name": repository.name,
          "image-digest": image.digest,
          "action-type": "PUSH",
          ...(tag === undefined ? {} : { "image-tag": tag }),
        },
      });
      return {
        image: {
          registryId,
          repositoryName: repository.name,
          imageId: { imageDigest: image.digest, imageTag: tag },
          imageManifest: manifest,
          imageManifestMediaType: image.mediaType,
        },
      };
    },
  });

  const batchGetImage = operation<BatchGetImageCommandInput, Answer<BatchGetImageCommandOutput>>({
    permissions: allows("BatchGetImage"),
    perform: ({ repositoryName, imageIds = [], acceptedMediaTypes }) => {
      const repository = repositoryOf(repositoryName);
      const answer: Required<Pick<BatchGetImageCommandOutput, "images" | "failures">> = { images: [], failures: [] };
      for (const imageId of imageIds) {
        const found = find(repository, imageId);
        if ("failure" in found) answer.failures?.push(found.failure);
        // ECR translates some manifests into a type that was asked for, and so changes the digest. Here an image whose own
        // type was not asked for is not found: whoever deploys by digest must ask for it.
        else if (acceptedMediaTypes !== undefined && !acceptedMediaTypes.includes(found.image.mediaType))
          answer.failures?.push({
            imageId,
            failureCode: "ImageNotFound",
            failureReason: `Requested image not found: it is of type ${found.image.mediaType}, which acceptedMediaTypes leaves out`,
          });
        else
          answer.images?.push({
            registryId,
            repositoryName,
            imageId: { imageDigest: found.image.digest, imageTag: imageId.imageTag },
            imageManifest: found.image.manifest,
            imageManifestMediaType: found.image.mediaType,
          });
      }
      return answer;
    },
  });

  const describeImages = operation<DescribeImagesCommandInput, Answer<DescribeImagesCommandOutput>>({
    permissions: allows("DescribeImages"),
    perform: ({ repositoryName, imageIds }) => {
      const repository = repositoryOf(repositoryName);
      const all = [...repository.images.values()];
      const images = imageIds === undefined ? all : imageIds.map((imageId) => existing(repository, imageId));
      return { imageDetails: images.map((image) => detailOf(repository, image)) };
    },
  });

  const putImageTagMutability = operation<
    PutImageTagMutabilityCommandInput,
    Answer<PutImageTagMutabilityCommandOutput>
  >({
    permissions: allows("PutImageTagMutability"),
    perform: ({ repositoryName, imageTagMutability, imageTagMutabilityExclusionFilters }) => {
      repositoryOf(repositoryName).mutable = mutability(imageTagMutability, imageTagMutabilityExclusionFilters);
      return { registryId, repositoryName, imageTagMutability, imageTagMutabilityExclusionFilters };
    },
  });

  return {
    name: "ecr",
    resources: {
      "aws:ecr/repository:Repository": createRepository,
      "aws:ecr/lifecyclePolicy:LifecyclePolicy": createLifecyclePolicy,
      "awsx:ecr:Image": createImages(cloud, registry.host),
    },
    operations: {
      CreateRepository: createRepositoryByCall,
      GetAuthorizationToken: getAuthorizationToken,
      ...createLayerOperations({ repositoryOf, layers, registry, allows }),
      PutImage: putImage,
      PutImageTagMutability: putImageTagMutability,
      BatchGetImage: batchGetImage,
      DescribeImages: describeImages,
    },
    stop: registry.close,
  };
}
