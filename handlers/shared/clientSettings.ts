/**
 * Retries and timeouts of an AWS client. Without a request timeout, a connection dropped by a NAT gateway blocks the
 * function until Lambda kills it, and nothing is reported.
 *
 * @param attempts calls in total, including the first
 * @param seconds for one attempt
 */
export function clientSettings(attempts: number, seconds: number) {
  return {
    maxAttempts: attempts,
    retryMode: "standard",
    requestHandler: { connectionTimeout: 2_000, requestTimeout: seconds * 1_000, throwOnRequestTimeout: true },
  };
}

/** The same for an SQS client. By default, it calls the host in the queue's URL and ignores AWS_ENDPOINT_URL. */
export function queueClientSettings(attempts: number, seconds: number) {
  return { ...clientSettings(attempts, seconds), useQueueUrlAsEndpoint: false };
}
