import { type DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";

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
 * Records that the environment has delivered the image, and that it is the latest of its repository. The next environment
 * promotes only the latest recorded image: whoever may push to the repository can move the environment's tag, also to an
 * older image, and ECR cannot restrict that, but only slipway's functions write here.
 *
 * An image keeps the version that it was first delivered as.
 *
 * Needs dynamodb:UpdateItem on the table.
 */
export async function recordDeliveredImage(
  dynamo: DynamoDBClient,
  table: string,
  { repository, digest, version }: DeliveredImage,
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
  await dynamo.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { image: { S: repository } },
      UpdateExpression: "SET digest = :digest, deliveredAt = :deliveredAt",
      ExpressionAttributeValues: { ":digest": { S: digest }, ":deliveredAt": deliveredAt },
    }),
  );
}
