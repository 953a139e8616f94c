import { ARN, HERE, itHasThesePolicies, logging, named, on } from "./policies";
import { ARTIFACTS, pipelineGrants, pipelineOf, storefrontPolicies, TOPIC } from "./policiesOfStorefront";
import { stackProd } from "./support";

const REPOSITORY = `${ARN}:ecr:${HERE}:repository/storefront`;
const PROJECT = named("codebuild", "storefront-image-project");

const { grants, conditions, trust } = storefrontPolicies("prod", REPOSITORY);

describe("the policies of stack prod", () => {
  itHasThesePolicies(stackProd, {
    grants: {
      ...grants,
      "storefront-pipeline-role": [
        ...pipelineGrants,
        ...on(PROJECT, "codebuild:BatchGetBuilds", "codebuild:StartBuild"),
        `ecr:DescribeImages ${REPOSITORY}`,
        `sns:Publish ${TOPIC}`,
      ],
      "storefront-image-role": [
        `dynamodb:GetItem ${ARN}:dynamodb:${HERE}:table/slipway-dev-delivered-images`,
        ...logging("storefront-image-logs"),
        ...on(`${ARTIFACTS}/*`, "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
      ],
      "storefront-promotion-role": [`codepipeline:StartPipelineExecution ${pipelineOf("prod")}`],
    },
    conditions,
    trust: {
      ...trust,
      "storefront-image-role": ["codebuild.amazonaws.com", true],
      "storefront-promotion-role": ["events.amazonaws.com", true],
    },
  });
});
