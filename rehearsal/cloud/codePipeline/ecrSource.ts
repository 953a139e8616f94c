import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { DescribeImagesCommandInput, DescribeImagesCommandOutput, ImageDetail } from "@aws-sdk/client-ecr";
import { ZipFile } from "yazl";
import { awsError } from "../service";
import type { ActionResult, ActionRun, ActionType } from "./actionType";
import { storeOutput } from "./artifactStore";

/**
 * Looks up which image a tag currently names and outputs imageDetail.json. It pulls no image: the only ECR permission
 * that AWS requires is ecr:DescribeImages.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECR.html
 */
export const ecrSource: ActionType = {
  inputs: [0, 0],
  outputs: [1, 1],
  required: ["RepositoryName"],
  optional: ["ImageTag"],
  revisionType: "IMAGE_DIGEST",
  run,
};

async function run(action: ActionRun): Promise<ActionResult> {
  const { cloud, role, configuration, override } = action;
  const { RepositoryName: repositoryName = "", ImageTag: imageTag = "latest" } = configuration;
  const imageIds = [override === undefined ? { imageTag } : { imageDigest: override }];
  const { imageDetails = [] } = await cloud.call<DescribeImagesCommandInput, DescribeImagesCommandOutput>(
    role,
    "ecr",
    "DescribeImages",
    { repositoryName, imageIds },
  );
  const [image] = imageDetails;
  if (image?.imageDigest === undefined)
    throw awsError("JobFailed", `ECR described no image ${JSON.stringify(imageIds)} of ${repositoryName}.`);
  const registry = `${image.registryId}.dkr.ecr.${cloud.region}.${cloud.dnsSuffix}`;
  const uri = `${registry}/${repositoryName}@${image.imageDigest}`;
  await storeOutput(action, await zipOf("imageDetail.json", detail(image, uri), new Date(cloud.clock.now())));
  return {
    summary: uri,
    revision: { id: image.imageDigest, summary: uri },
    variables: {
      RegistryId: String(image.registryId),
      RepositoryName: repositoryName,
      ImageTag: imageTag,
      ImageDigest: image.imageDigest,
      ImageURI: uri,
    },
  };
}

/** https://docs.aws.amazon.com/codepipeline/latest/userguide/file-reference.html#file-reference-ecs-bluegreen */
function detail(image: ImageDetail, uri: string): string {
  return JSON.stringify({
    ImageSizeInBytes: String(image.imageSizeInBytes),
    ImageDigest: image.imageDigest,
    Version: "1.0",
    ImagePushedAt: pushedAt(image.imagePushedAt ?? new Date(0)),
    RegistryId: image.registryId,
    RepositoryName: image.repositoryName,
    ImageURI: uri,
    ImageTags: image.imageTags ?? [],
  });
}

/** `Mon Jan 21 20:04:00 UTC 2019` */
function pushedAt(time: Date): string {
  const [weekday, day, month, year, clock] = time.toUTCString().replace(",", "").split(" ");
  return `${weekday} ${month} ${day} ${clock} UTC ${year}`;
}

async function zipOf(name: string, text: string, mtime: Date): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(text), name, { mtime });
  zip.end();
  return buffer(zip.outputStream.pipe(new PassThrough()));
}
