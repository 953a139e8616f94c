import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import { withGitops } from "./configurations";
import { evaluateGitopsInBeijing } from "./gitopsStack";
import { ARN, HERE, itHasThesePolicies, logging, named, on, type Policies, reporting } from "./policies";
import {
  ARCHIVE,
  ARTIFACTS,
  deliveredImagesOf,
  fetchGrantsOf,
  IN_CLUSTER,
  PIPELINE,
  passedTo,
  pollGrants,
  SOURCE,
  TOPIC,
  webhookGrants,
} from "./policiesOfStorefront";
import { evaluateStack, roleStatements } from "./support";

const TABLE = named("dynamodb", "slipway-pull-requests");
const TASK_IMAGES = named("ecr", "slipway-gitops-pr");
const REPOSITORY = `${ARN}:ecr:${HERE}:storefront`;
const PROJECT = named("codebuild", "storefront-build-project");

/** Recording a pull request, and running its task with its two roles. */
const starting = [
  ...on(TABLE, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
  `ecs:RunTask ${named("ecs", "task-definition/slipway-gitops-pr-task")}:*`,
  `iam:PassRole ${named("iam", "slipway-gitops-pr-execution-role")}`,
  `iam:PassRole ${named("iam", "slipway-gitops-pr-task-role")}`,
];
const startingConditions: [string, object][] = [
  ["ecs:RunTask", IN_CLUSTER],
  ["iam:PassRole", passedTo("ecs-tasks")],
];

const POLICIES: Policies = {
  grants: {
    "slipway-pull-requests-role": [
      ...starting,
      `dynamodb:DeleteItem ${TABLE}`,
      `dynamodb:Query ${TABLE}/index/newest`,
      `dynamodb:Query ${TABLE}/index/service`,
      ...logging("slipway-pull-requests-logs"),
      `secretsmanager:GetSecretValue ${named("secretsmanager", "slipway-pull-requests-token")}`,
    ],
    "storefront-pull-request-role": [...starting, ...reporting, ...logging("storefront-pull-request-logs")],
    "slipway-gitops-pr-stopped-role": [`dynamodb:UpdateItem ${TABLE}`, ...logging("slipway-gitops-pr-stopped-logs")],
    "slipway-gitops-pr-task-role": on(TABLE, "dynamodb:GetItem", "dynamodb:UpdateItem"),
    "slipway-gitops-pr-execution-role": [
      ...on(TASK_IMAGES, "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
      "ecr:GetAuthorizationToken *",
      ...logging("slipway-gitops-pr-logs"),
      `secretsmanager:GetSecretValue ${ARN}:secretsmanager:${HERE}:secret:acme/gitops-token-AbCdEf`,
    ],
    "storefront-pipeline-role": [
      ...on(PROJECT, "codebuild:BatchGetBuilds", "codebuild:StartBuild"),
      `lambda:InvokeFunction ${named("lambda", "storefront-pull-request-function")}`,
      `lambda:InvokeFunction ${named("lambda", "storefront-tag-function")}`,
      ...on(SOURCE, "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
      ...on(ARTIFACTS, "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
      ...on(ARCHIVE, "s3:GetObject", "s3:GetObjectVersion"),
      ...on(`${ARTIFACTS}/*`, "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"),
    ],
    "storefront-build-role": [
      ...on(REPOSITORY, "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload"),
      ...on(REPOSITORY, "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"),
      "ecr:GetAuthorizationToken *",
      ...logging("storefront-build-logs"),
      ...on(`${ARTIFACTS}/*`, "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
      `s3:GetObjectVersion ${ARCHIVE}`,
    ],
    "storefront-tag-role": [
      ...reporting,
      ...on(deliveredImagesOf("dev"), "dynamodb:GetItem", "dynamodb:UpdateItem"),
      ...on(REPOSITORY, "ecr:BatchGetImage", "ecr:PutImage"),
      ...logging("storefront-tag-logs"),
    ],
    "slipway-notices-role": [
      `codepipeline:ListActionExecutions ${PIPELINE}`,
      ...logging("slipway-notices-logs"),
      `sns:Publish ${TOPIC}`,
    ],
    "slipway-webhook-role": webhookGrants,
    "slipway-fetch-role": fetchGrantsOf("dev"),
    "slipway-poll-role": pollGrants,
  },
  conditions: {
    "slipway-pull-requests-role": startingConditions,
    "storefront-pull-request-role": startingConditions,
  },
  trust: {
    "slipway-pull-requests-role": ["lambda.amazonaws.com", false],
    "storefront-pull-request-role": ["lambda.amazonaws.com", false],
    "slipway-gitops-pr-stopped-role": ["lambda.amazonaws.com", false],
    "slipway-gitops-pr-task-role": ["ecs-tasks.amazonaws.com", true],
    "slipway-gitops-pr-execution-role": ["ecs-tasks.amazonaws.com", false],
    "storefront-pipeline-role": ["codepipeline.amazonaws.com", false],
    "storefront-build-role": ["codebuild.amazonaws.com", true],
    "storefront-tag-role": ["lambda.amazonaws.com", false],
    "slipway-notices-role": ["lambda.amazonaws.com", false],
    "slipway-webhook-role": ["lambda.amazonaws.com", false],
    "slipway-fetch-role": ["lambda.amazonaws.com", false],
    "slipway-poll-role": ["lambda.amazonaws.com", false],
  },
};

let evaluated: Promise<Program> | undefined;
const stack = (): Promise<Program> => {
  evaluated ??= evaluateStack({ settings: withGitops({}) });
  return evaluated;
};

describe("the policies of a stack that delivers by pull requests", () => {
  itHasThesePolicies(stack, POLICIES);
});

describe("what opens pull requests in Beijing", () => {
  it("may do the same there", async () => {
    const [here, beijing] = [await stack(), await evaluateGitopsInBeijing()];
    const roles = ["pull-requests", "gitops-pr-stopped", "gitops-pr-task", "gitops-pr-execution"].map(
      (name) => `slipway-${name}-role`,
    );
    for (const role of [...roles, "storefront-pull-request-role"]) {
      const moved = JSON.stringify(roleStatements(here, role))
        .replaceAll("arn:aws:", "arn:aws-cn:")
        .replaceAll("us-east-1", "cn-north-1");
      expect(roleStatements(beijing, role), role).to.deep.equal(JSON.parse(moved));
    }
  });
});
