import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { isException } from "./failure";

/** Stands for the time of the latest record where there is none. */
export const NONE = "none";

/** An image that an environment has delivered. */
export interface DeliveredImage {
  /** The ECR repository's name. */
  repository: string;
  /** `sha256:…` */
  digest: string;
  /** The commit that the image was built from, or the tag that people call it by. */
  version: string;
}

/** The image that an environment has recorded last. */
export interface LatestImage {
  /** `sha256:…` */
  digest: string;
  /** ISO 8601. Every record has its own, also where an image is delivered again. */
  deliveredAt: string;
}

/** @returns `undefined` before the first delivery. Needs dynamodb:GetItem on the table. */
export async function latestDeliveredImage(
  dynamo: DynamoDBClient,
  table: string,
  repository: string,
): Promise<LatestImage | undefined> {
  const input = { TableName: table, Key: { image: { S: repository } }, ConsistentRead: true };
  const { Item } = await dynamo.send(new GetItemCommand(input));
  const digest = Item?.digest?.S;
  return digest === undefined ? undefined : { digest, deliveredAt: Item?.deliveredAt?.S ?? "" };
}

/**
 * Records that the environment has delivered the image, and that it is the latest of its repository. The next environment
 * promotes only the latest recorded image: whoever may push to the repository can move the environment's tag, also to an
 * older image, and ECR cannot restrict that, but only slipway's functions write here.
 *
 * An image keeps the version that it was first delivered as.
 *
 * Needs dynamodb:UpdateItem on the table.
 * @param seen records the image only if this is still when the latest one was recorded, or the image itself is the latest;
 *   `none`: only if there is no other
 * @returns whether the image is recorded as the latest
 */
export async function recordDeliveredImage(
  dynamo: DynamoDBClient,
  table: string,
  { repository, digest, version }: DeliveredImage,
  seen?: string,
): Promise<boolean> {
  const deliveredAt = { S: new Date().toISOString() };
  // In this order, the latest image always has a version, even if the second write fails.
  await dynamo.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { image: { S: `${repository}@${digest}` } },
      UpdateExpression: "SET version = if_not_exists(version, :version), deliveredAt = :deliveredAt",
      ExpressionAttributeValues: { ":version": { S: version }, ":deliveredAt": deliveredAt },
    }),
  );
  try {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { image: { S: repository } },
        UpdateExpression: "SET digest = :digest, deliveredAt = :deliveredAt",
        ...(seen !== undefined && {
          ConditionExpression: `digest = :digest OR ${seen === NONE ? "attribute_not_exists(digest)" : "deliveredAt = :seen"}`,
        }),
        ExpressionAttributeValues: {
          ":digest": { S: digest },
          ":deliveredAt": deliveredAt,
          ...(seen !== undefined && seen !== NONE && { ":seen": { S: seen } }),
        },
      }),
    );
    return true;
  } catch (error) {
    if (isException(error, "ConditionalCheckFailedException")) {
      return false;
    }
    throw error;
  }
}
