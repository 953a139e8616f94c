// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html; every service's reference has this page.
const COMMON = [
  "AccessDenied",
  "AccessDeniedException",
  "InternalFailure",
  "RequestTimeoutException",
  "SerializationException",
  "ServiceUnavailable",
  "ThrottlingException",
  "UnknownOperationException",
  "UnrecognizedClientException",
  "ValidationError",
  "ValidationException",
];

// Errors returned by services but missing in their models.
const UNDECLARED: Record<string, string[]> = {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: S3's model declares almost none of its errors.
  s3: [
    "BadDigest",
    "EntityTooSmall",
    "IncompleteBody",
    "InvalidArgument",
    "InvalidPart",
    "InvalidPartOrder",
    "InvalidRequest",
    "MalformedXML",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchUpload",
    "NoSuchVersion",
    "PreconditionFailed",
    "SlowDown",
  ],
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
  sqs: ["InvalidParameterCombination", "InvalidParameterValue", "MissingParameter"],
};

/** Whether any operation of the service may return the code without declaring it. */
export function isCommon(service: string, code: string): boolean {
  // The model of EC2 declares no errors: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html lists them.
  return service === "ec2" || COMMON.includes(code) || (UNDECLARED[service]?.includes(code) ?? false);
}
