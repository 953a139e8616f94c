import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import { grants, named, on } from "./policies";
import {
  ARTIFACTS,
  ON_REGISTERING,
  passedTo,
  passingRolesOf,
  revisionsOf,
  serviceOf,
  TOPIC,
} from "./policiesOfStorefront";
import { actionOf, outline } from "./stages";
import { evaluateStack, ofType, optionsOf, resource, roleStatements } from "./support";

const source = (repository: string) => ({ push: { repository, branch: "main" } });

/** Each way to deliver that neither dev nor prod has. */
const SETTINGS = {
  "aws:region": "us-east-1",
  "slipway:environment": "staging",
  "slipway:applications": [
    {
      name: "storefront",
      source: source("acme/storefront"),
      services: [
        { name: "web", port: 8080, count: 3 },
        { name: "worker", command: ["node", "worker.js"] },
      ],
      migrate: { command: ["node", "migrate.js"] },
      task: { cpu: 512, memory: 1024, environment: { MODE: "once" }, secrets: { TOKEN: "/storefront/token" } },
      approval: true,
      deploy: "ecs",
    },
    {
      name: "reports",
      source: { image: { repository: "acme/reports", tag: "dev" } },
      services: [{ name: "feed", command: ["node", "feed.js"] }],
      schedules: "ops/schedules.yaml",
    },
  ],
};

describe("a stack with other ways to deliver", () => {
  let program: Program;
  before(async () => {
    program = await evaluateStack({ settings: SETTINGS });
  });
  const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;

  it("has somebody approve a push, and CodePipeline deploy each service", () => {
    expect(outline(program, "storefront")).to.deep.equal([
      ["Source", "Source by S3"],
      ["Build", "Build by CodeBuild"],
      ["Approval", "Approval by Manual"],
      ["Migrate", "Migrate by Lambda"],
      ["Deploy", "web by ECS", "worker by ECS"],
      ["Tag", "Tag by Lambda"],
    ]);
    expect(actionOf(program, "storefront", "worker")).to.deep.equal({
      name: "worker",
      category: "Deploy",
      owner: "AWS",
      provider: "ECS",
      version: "1",
      inputArtifacts: ["Build"],
      configuration: {
        ClusterName: "slipway-cluster-0000000",
        ServiceName: "storefront-worker-service-0000000",
        FileName: "imagedefinitions.json",
        DeploymentTimeout: "30",
      },
    });
  });

  it("changes schedules without a migration, and a promoted image without approval", () => {
    expect(outline(program, "reports")).to.deep.equal([
      ["Source", "Source by ECR"],
      ["Image", "Image by CodeBuild"],
      ["Deploy", "Deploy by Lambda", "Schedules by Lambda, 2"],
      ["Tag", "Tag by Lambda"],
    ]);
  });

  it("makes functions for what is configured alone, each that keeps records with a queue", () => {
    const ofApplications = [...ofType(program, "aws:lambda/function:Function").keys()].filter(
      (name) => !name.startsWith("slipway-"),
    );
    expect(ofApplications.sort()).to.deep.equal([
      "reports-deploy-function",
      "reports-schedules-function",
      "reports-tag-function",
      "storefront-migrate-function",
      "storefront-tag-function",
    ]);
    expect([...ofType(program, "aws:sqs/queue:Queue").keys()].sort()).to.deep.equal([
      "reports-deploy-requests",
      "slipway-dead-letters",
      "slipway-pushes",
      "storefront-migrate-requests",
    ]);
  });

  it("holds no lock where CodePipeline deploys", () => {
    expect(optionsOf(program, "storefront-tag")).to.deep.equal({
      repository: "storefront",
      tag: "staging",
      deliveredImages: "slipway-staging-delivered-images",
    });
    expect(optionsOf(program, "reports-tag")).to.have.property("lock");
    expect(optionsOf(program, "reports-schedules")).to.have.property("lock");
  });

  it("has services that CodePipeline deploys run their count from the start, and keeps it", () => {
    const services = [...ofType(program, "aws:ecs/service:Service").values()];
    expect(
      services.map(({ name, inputs, ignoreChanges }) => [name, inputs.desiredCount, ignoreChanges]).sort(),
    ).to.deep.equal([
      ["reports-feed-service", 0, ["taskDefinition", "desiredCount"]],
      ["storefront-web-service", 3, ["taskDefinition"]],
      ["storefront-worker-service", 1, ["taskDefinition"]],
    ]);
  });

  it("lets the pipeline's role deploy what AWS names as the least", () => {
    expect(grants(roleStatements(program, "storefront-pipeline-role"))).to.deep.equal(
      [
        ...on(named("codebuild", "storefront-build-project"), "codebuild:BatchGetBuilds", "codebuild:StartBuild"),
        ...on(serviceOf("web"), "ecs:DescribeServices", "ecs:UpdateService"),
        ...on(serviceOf("worker"), "ecs:DescribeServices", "ecs:UpdateService"),
        "ecs:DescribeTaskDefinition *",
        ...on(revisionsOf("web"), "ecs:RegisterTaskDefinition", "ecs:TagResource"),
        ...on(revisionsOf("worker"), "ecs:RegisterTaskDefinition", "ecs:TagResource"),
        ...passingRolesOf("web", "worker"),
        `lambda:InvokeFunction ${named("lambda", "storefront-migrate-function")}`,
        `lambda:InvokeFunction ${named("lambda", "storefront-tag-function")}`,
        ...on(ARTIFACTS, "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
        ...on(
          named("s3", "slipway-archives-bucket"),
          "s3:GetBucketAcl",
          "s3:GetBucketLocation",
          "s3:GetBucketVersioning",
        ),
        ...on(`${ARTIFACTS}/*`, "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"),
        ...on(`${named("s3", "slipway-archives-bucket")}/storefront/source.zip`, "s3:GetObject", "s3:GetObjectVersion"),
        `sns:Publish ${TOPIC}`,
      ].sort(),
    );
    const conditions = roleStatements(program, "storefront-pipeline-role").flatMap(({ Action, Condition }) =>
      Condition === undefined ? [] : [[Action, Condition]],
    );
    expect(conditions).to.deep.equal([
      [["iam:PassRole"], passedTo("ecs-tasks")],
      [["ecs:TagResource"], ON_REGISTERING],
    ]);
  });

  it("gives a one-off task the size, the environment and the secrets that are configured", () => {
    const task = inputsOf("aws:ecs/taskDefinition:TaskDefinition", "storefront-task-task");
    expect([task.cpu, task.memory]).to.deep.equal(["512", "1024"]);
    const [container] = JSON.parse(String(task.containerDefinitions));
    expect(container).to.deep.include({
      environment: [{ name: "MODE", value: "once" }],
      secrets: [{ name: "TOKEN", valueFrom: "arn:aws:ssm:us-east-1:123456789012:parameter/storefront/token" }],
    });
    expect(grants(roleStatements(program, "storefront-task-execution-role"))).to.include(
      "ssm:GetParameters arn:aws:ssm:us-east-1:123456789012:parameter/storefront/token",
    );
  });

  it("tells a build that there are no schedules to put on the image", () => {
    const { environment } = inputsOf("aws:codebuild/project:Project", "storefront-build-project") as {
      environment: { environmentVariables: { name: string; value: string }[] };
    };
    expect(environment.environmentVariables).to.deep.include({ name: "SCHEDULES", value: "", type: "PLAINTEXT" });
  });
});

describe("a stack that takes its images in China", () => {
  it("names them by the hosts and ARNs that are China's", async () => {
    const program = await evaluateStack({
      partition: "aws-cn",
      region: "cn-northwest-1",
      settings: {
        "aws:region": "cn-northwest-1",
        "slipway:environment": "prod",
        "slipway:applications": [
          {
            name: "jobs",
            source: { image: { repository: "jobs", tag: "dev" } },
            services: [{ name: "mail", command: ["mail"] }],
          },
        ],
      },
    });
    expect(program.outputs.repositories).to.deep.equal({
      jobs: "123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn/jobs",
    });
    expect(grants(roleStatements(program, "jobs-pipeline-role"))).to.include(
      "ecr:DescribeImages arn:aws-cn:ecr:cn-northwest-1:123456789012:repository/jobs",
    );
    expect(JSON.stringify(program.registrations.map(({ inputs }) => inputs))).not.to.match(/arn:aws:/);
  });
});
