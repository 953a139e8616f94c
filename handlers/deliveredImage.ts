import { type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

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
 * Records that the environment has delivered the image. The next environment promotes recorded images only: whoever may push
 * to the repository can move the environment's tag, and ECR cannot restrict that, but only slipway's functions write here.
 * A repetition changes nothing but the time.
 *
 * Needs dynamodb:PutItem on the table.
 */
export async function recordDeliveredImage(
  dynamo: DynamoDBClient,
  table: string,
  { repository, digest, version }: DeliveredImage,
): Promise<void> {
  await dynamo.send(
    new PutItemCommand({
      TableName: table,
      Item: {
        image: { S: `${repository}@${digest}` },
        version: { S: version },
        deliveredAt: { S: new Date().toISOString() },
      },
    }),
  );
}
