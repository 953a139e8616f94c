import type { Program } from "../../rehearsal/program";
import {
  ARN,
  HERE,
  itHasThesePolicies,
  joiningVpc,
  logging,
  named,
  on,
  type Policies,
  sessionManager,
} from "./policies";
import {
  ARCHIVE,
  ARTIFACTS,
  fetchGrantsOf,
  PUSHES,
  pipelineGrants,
  pollGrants,
  SOURCE,
  storefrontPolicies,
} from "./policiesOfStorefront";
import { stackBeijing, stackNingxia } from "./support";

const REPOSITORY = named("ecr", "storefront").replace(/-0000000$/, "");
const PROJECTS = ["storefront-test-project", "storefront-build-project"].map((name) => named("codebuild", name));

const inVpc = on("*", ...joiningVpc);
/** Lambda's own calls lack the key that the function's calls carry. */
const ITSELF = [joiningVpc.join(), { Null: { "lambda:SourceFunctionArn": "false" } }] as [string, object];
const ITS_OWN = { StringEquals: { "aws:ResourceTag/slipway:network-interface": "slipway-nat-id" } };

/** What both stacks have. */
function common(environment: string): Policies {
  const { grants, conditions, trust } = storefrontPolicies(environment, REPOSITORY);
  const { "slipway-deployments-role": _, ...withoutHttp } = grants;
  const { "slipway-deployments-role": __, ...trusted } = trust;
  const deploying = (grants["storefront-deploy-role"] ?? []).filter(
    (grant) => !/^(sns:|ecr:PutImage|dynamodb:UpdateItem .*-delivered-images)/.test(grant),
  );
  return {
    grants: {
      ...withoutHttp,
      "storefront-deploy-role": deploying,
      "slipway-fetch-role": fetchGrantsOf(environment),
      "slipway-fetch-network": inVpc,
      "slipway-poll-role": pollGrants,
      "slipway-poll-network": inVpc,
      "slipway-nat-role": [
        `autoscaling:SetInstanceHealth ${ARN}:autoscaling:${HERE}:autoScalingGroup:*:autoScalingGroupName/*`,
        `ec2:AttachNetworkInterface ${ARN}:ec2:${HERE}:instance/*`,
        `ec2:AttachNetworkInterface ${ARN}:ec2:${HERE}:network-interface/slipway-nat-id`,
        ...on("*", ...sessionManager),
      ],
      "storefront-pipeline-role": [
        ...pipelineGrants,
        ...PROJECTS.flatMap((project) => on(project, "codebuild:BatchGetBuilds", "codebuild:StartBuild")),
        ...on(SOURCE, "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
        ...on(ARCHIVE, "s3:GetObject", "s3:GetObjectVersion"),
      ],
      "storefront-test-role": [
        ...on(
          `${ARN}:ecr:${HERE}:repository/mirror/*`,
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:GetDownloadUrlForLayer",
        ),
        "ecr:GetAuthorizationToken *",
        ...logging("storefront-test-logs"),
        ...on(`${ARTIFACTS}/*`, "s3:GetObject", "s3:GetObjectVersion"),
      ],
      "storefront-build-role": [
        ...on(REPOSITORY, "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload"),
        ...on(REPOSITORY, "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"),
        ...on(
          `${ARN}:ecr:${HERE}:repository/mirror/*`,
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:GetDownloadUrlForLayer",
        ),
        "ecr:GetAuthorizationToken *",
        ...logging("storefront-build-logs"),
        ...on(`${ARTIFACTS}/*`, "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
        `s3:GetObjectVersion ${ARCHIVE}`,
      ],
    },
    conditions: {
      ...conditions,
      "slipway-nat-role": [
        ["ec2:AttachNetworkInterface", ITS_OWN],
        ["autoscaling:SetInstanceHealth", ITS_OWN],
      ],
    },
    denials: { "slipway-fetch-network": [ITSELF], "slipway-poll-network": [ITSELF] },
    trust: {
      ...trusted,
      "slipway-fetch-role": ["lambda.amazonaws.com", false],
      "slipway-poll-role": ["lambda.amazonaws.com", false],
      "slipway-nat-role": ["ec2.amazonaws.com.cn", false],
      "storefront-build-role": ["codebuild.amazonaws.com", true],
      "storefront-test-role": ["codebuild.amazonaws.com", true],
    },
  };
}

const beijing = common("beijing");
const ningxia = common("ningxia");

const STACKS: [region: string, stack: () => Promise<Program>, policies: Policies][] = [
  ["cn-north-1", stackBeijing, beijing],
  [
    "cn-northwest-1",
    stackNingxia,
    {
      ...ningxia,
      grants: {
        ...ningxia.grants,
        "slipway-webhook-role": [
          ...logging("slipway-webhook-logs"),
          `secretsmanager:GetSecretValue ${named("secretsmanager", "slipway-webhooks")}`,
          `sqs:SendMessage ${PUSHES}`,
        ],
      },
      trust: { ...ningxia.trust, "slipway-webhook-role": ["lambda.amazonaws.com", false] },
    },
  ],
];

/** The same in a region of China. */
const moved = (policies: Policies, region: string): Policies =>
  JSON.parse(JSON.stringify(policies).replaceAll("arn:aws:", "arn:aws-cn:").replaceAll("us-east-1", region));

for (const [region, stack, policies] of STACKS)
  describe(`the policies of stack ${region}`, () => {
    itHasThesePolicies(stack, moved(policies, region));
  });
