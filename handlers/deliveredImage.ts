import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { failure, isException } from "./failure";

/** An image that an environment has delivered. */
export interface DeliveredImage {
  /** The ECR repository's name. */
  repository: string;
  /** `sha256:…` */
  digest: string;
  /** The commit that the image was built from, or the tag that people call it by. */
  version: string;
}

/**
 * The digest of the repository's latest delivered image, `sha256:…`; `undefined` before the first delivery. Needs
 * dynamodb:GetItem on the table.
 */
export async function latestDeliveredImage(
  dynamo: DynamoDBClient,
  table: string,
  repository: string,
): Promise<string | undefined> {
  const input = { TableName: table, Key: { image: { S: repository } }, ConsistentRead: true };
  const { Item } = await dynamo.send(new GetItemCommand(input));
  return Item?.digest?.S;
}

/**
 * Records that the environment has delivered the image, and that it is the latest of its repository. The next environment
 * promotes only the latest recorded image: whoever may push to the repository can move the environment's tag, also to an
 * older image, and ECR cannot restrict that, but only slipway's functions write here.
 *
 * An image keeps the version that it was first delivered as.
 *
 * Needs dynamodb:UpdateItem on the table.
 * @param replacing the result of {@link latestDeliveredImage} that the image may replace; without it, the image replaces any
 * @throws Failure if another image was recorded since
 */
export async function recordDeliveredImage(
  dynamo: DynamoDBClient,
  table: string,
  { repository, digest, version }: DeliveredImage,
  replacing?: { latest: string | undefined },
): Promise<void> {
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
        ...(replacing && {
          ConditionExpression: `digest = :digest OR ${replacing.latest === undefined ? "attribute_not_exists(digest)" : "digest = :latest"}`,
        }),
        ExpressionAttributeValues: {
          ":digest": { S: digest },
          ":deliveredAt": deliveredAt,
          ...(replacing?.latest !== undefined && { ":latest": { S: replacing.latest } }),
        },
      }),
    );
  } catch (error) {
    if (isException(error, "ConditionalCheckFailedException")) {
      const what = `another delivery was recorded after ${replacing?.latest ?? "this one began"}`;
      throw failure("JobFailed", `${repository}: ${what}, and nothing is changed`, error);
    }
    throw error;
  }
}
