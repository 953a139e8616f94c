import { expect } from "chai";
import { ARN, HERE, itHasThesePolicies, logging, named, on } from "./policies";
import {
  ARCHIVE,
  ARTIFACTS,
  fetchGrantsOf,
  pipelineGrants,
  pollGrants,
  SOURCE,
  storefrontPolicies,
  webhookGrants,
} from "./policiesOfStorefront";
import { ofType, stackDev, statementsOf } from "./support";

const REPOSITORY = `${ARN}:ecr:${HERE}:storefront`;
const PROJECTS = ["storefront-test-project", "storefront-build-project"].map((name) => named("codebuild", name));

const { grants, conditions, trust } = storefrontPolicies("dev", REPOSITORY);

const GRANTS: Record<string, string[]> = {
  ...grants,
  "slipway-webhook-role": webhookGrants,
  "slipway-fetch-role": fetchGrantsOf("dev"),
  "slipway-poll-role": pollGrants,
  "storefront-pipeline-role": [
    ...pipelineGrants,
    ...PROJECTS.flatMap((project) => on(project, "codebuild:BatchGetBuilds", "codebuild:StartBuild")),
    ...on(SOURCE, "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
    ...on(ARCHIVE, "s3:GetObject", "s3:GetObjectVersion"),
  ],
  // Neither may the tests push an image, nor replace what the build takes as its input.
  "storefront-test-role": [
    ...logging("storefront-test-logs"),
    ...on(`${ARTIFACTS}/*`, "s3:GetObject", "s3:GetObjectVersion"),
  ],
  "storefront-build-role": [
    ...on(REPOSITORY, "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload"),
    ...on(REPOSITORY, "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"),
    "ecr:GetAuthorizationToken *",
    ...logging("storefront-build-logs"),
    ...on(`${ARTIFACTS}/*`, "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
    `s3:GetObjectVersion ${ARCHIVE}`,
  ],
};

describe("the policies of stack dev", () => {
  itHasThesePolicies(stackDev, {
    grants: GRANTS,
    conditions,
    trust: {
      ...trust,
      "slipway-fetch-role": ["lambda.amazonaws.com", false],
      "slipway-poll-role": ["lambda.amazonaws.com", false],
      "slipway-webhook-role": ["lambda.amazonaws.com", false],
      "storefront-build-role": ["codebuild.amazonaws.com", true],
      "storefront-test-role": ["codebuild.amazonaws.com", true],
    },
  });

  it("refuse the buckets to whoever comes without TLS", async () => {
    const policies = [...ofType(await stackDev(), "aws:s3/bucketPolicy:BucketPolicy").values()];
    expect(policies.map(({ inputs }) => statementsOf(inputs.policy))).to.deep.equal(
      [SOURCE, ARTIFACTS].map((bucket) => [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [bucket, `${bucket}/*`],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ]),
    );
  });
});
