/**
 * Retries and timeouts of an AWS client. Without a request timeout a connection that a NAT gateway has dropped holds
 * the function until Lambda kills it, and nothing is reported.
 *
 * @param attempts calls in all, the first one included
 * @param seconds for one attempt
 */
export function clientSettings(attempts: number, seconds: number) {
  return {
    maxAttempts: attempts,
    retryMode: "standard",
    requestHandler: { connectionTimeout: 2_000, requestTimeout: seconds * 1_000, throwOnRequestTimeout: true },
  };
}

/** The same of a client of SQS. Left to itself it calls the host in the queue's URL, whatever AWS_ENDPOINT_URL says. */
export function queueClientSettings(attempts: number, seconds: number) {
  return { ...clientSettings(attempts, seconds), useQueueUrlAsEndpoint: false };
}
