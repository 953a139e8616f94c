import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { isException } from "./failure";

/** Replaces the time of the latest record if there is none. */
export const NONE = "none";

/** An image that an environment has delivered. */
export interface DeliveredImage {
  /** The ECR repository's name. */
  repository: string;
  /** `sha256:…` */
  digest: string;
  /** The commit that the image was built from, or its release tag. */
  version: string;
}

/** The image that an environment recorded last. */
export interface LatestImage {
  /** `sha256:…` */
  digest: string;
  /** ISO 8601. Unique for each record, even if an image is delivered again. */
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
 * Records that the environment has delivered the image, as the latest of its repository. The next environment promotes
 * only the latest recorded image: anyone who can push to the repository can move the environment's tag, even to an
 * older image, and ECR cannot restrict that. But only slipway's functions can write here.
 *
 * An image keeps the version of its first delivery.
 *
 * Needs dynamodb:UpdateItem on the table.
 * @param seen records the image only if the latest record still has this time, or is of the same image; `none`: only if
 * there is no other
 * @returns whether the image is recorded as the latest
 */
export async function recordDeliveredImage(
  dynamo: DynamoDBClient,
  table: string,
  { repository, digest, version }: DeliveredImage,
  seen?: string,
): Promise<boolean> {
  const deliveredAt = { S: new Date().toISOString() };
  // This order ensures that the latest image always has a version, even if the second write fails.
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
