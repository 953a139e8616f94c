import type { Cloud } from "../service";

/**
 * A queue's URL on the endpoint: the SDK sends requests to the host of the queue's URL, not to AWS_ENDPOINT_URL, unless
 * its client has an endpoint set in code (middleware-sdk-sqs, queueUrlMiddleware).
 */
export const queueUrl = ({ endpointUrl, accountId }: Cloud, name: string): string =>
  `${endpointUrl}/${accountId}/${name}`;
