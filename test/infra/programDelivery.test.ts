import { expect } from "chai";
import { testBuildspec } from "../../handlers/build/buildspec";
import type { Program } from "../../rehearsal/program";
import { actionOf, invocation, outline } from "./stages";
import { ofType, resource, stackDev } from "./support";

const IMAGE = { image: "#{Build.IMAGE_URI}", version: "#{Build.IMAGE_TAG}" };

describe("the delivery of stack dev", () => {
  let program: Program;
  before(async () => {
    program = await stackDev();
  });
  const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;

  it("migrates before it deploys, and changes the schedules once the services have changed", () => {
    expect(outline(program, "storefront")).to.deep.equal([
      ["Source", "Source by S3"],
      ["Build", "Test by CodeBuild", "Build by CodeBuild, 2"],
      ["Migrate", "Migrate by Lambda"],
      ["Deploy", "Deploy by Lambda", "Schedules by Lambda, 2"],
      ["Tag", "Tag by Lambda"],
    ]);
  });

  it("takes the commit's archive, and is not started by polling for it", () => {
    expect(actionOf(program, "storefront", "Source")).to.deep.equal({
      name: "Source",
      namespace: "Source",
      category: "Source",
      owner: "AWS",
      provider: "S3",
      version: "1",
      outputArtifacts: ["Source"],
      configuration: {
        S3Bucket: "slipway-archives-bucket-0000000",
        S3ObjectKey: "storefront/source.zip",
        PollForSourceChanges: "false",
      },
    });
  });

  it("builds it, and tells the build which version of the archive it is", () => {
    const { configuration, ...action } = actionOf(program, "storefront", "Build");
    expect(action).to.deep.equal({
      name: "Build",
      namespace: "Build",
      category: "Build",
      owner: "AWS",
      provider: "CodeBuild",
      version: "1",
      inputArtifacts: ["Source"],
      outputArtifacts: ["Build"],
      runOrder: 2,
    });
    expect(configuration.ProjectName).to.equal("storefront-build-project-0000000");
    expect(JSON.parse(configuration.EnvironmentVariables ?? "")).to.deep.equal([
      { name: "SOURCE_BUCKET", value: "#{Source.BucketName}", type: "PLAINTEXT" },
      { name: "SOURCE_KEY", value: "#{Source.ObjectKey}", type: "PLAINTEXT" },
      { name: "SOURCE_VERSION_ID", value: "#{Source.VersionId}", type: "PLAINTEXT" },
    ]);
  });

  const execution = "#{codepipeline.PipelineExecutionId}";
  for (const [name, parameters, more] of [
    ["Migrate", { ...IMAGE, execution }, {}],
    ["Deploy", { ...IMAGE, execution }, {}],
    ["Schedules", { ...IMAGE, execution }, { runOrder: 2 }],
    ["Tag", { image: "#{Build.IMAGE_URI}", version: "#{Build.IMAGE_TAG}", execution }, {}],
  ] as const)
    it(`tells ${name} the image by what the build exports`, () => {
      expect(actionOf(program, "storefront", name)).to.deep.equal({
        ...invocation(name, `storefront-${name.toLowerCase()}`, parameters),
        ...more,
      });
    });

  it("tests it before, in a project of its own, whose role can push no image", () => {
    expect(actionOf(program, "storefront", "Test")).to.deep.equal({
      name: "Test",
      category: "Build",
      owner: "AWS",
      provider: "CodeBuild",
      version: "1",
      inputArtifacts: ["Source"],
      configuration: { ProjectName: "storefront-test-project-0000000" },
    });
    const { source, environment, serviceRole } = inputsOf("aws:codebuild/project:Project", "storefront-test-project");
    expect(source).to.deep.equal({ type: "CODEPIPELINE", buildspec: testBuildspec });
    expect(environment).to.deep.include({
      environmentVariables: [
        { name: "TEST_COMMAND", value: "npm test", type: "PLAINTEXT" },
        { name: "BASE_IMAGE_REGISTRY", value: "", type: "PLAINTEXT" },
      ],
    });
    expect(serviceRole).to.equal("arn:aws:iam:us-east-1:123456789012:storefront-test-role-0000000");
    const build = inputsOf("aws:codebuild/project:Project", "storefront-build-project");
    expect(build.serviceRole).to.equal("arn:aws:iam:us-east-1:123456789012:storefront-build-role-0000000");
  });

  it("keeps commits' tags where they are, and lets those of environments move", () => {
    const { imageTagMutability, imageTagMutabilityExclusionFilters } = inputsOf(
      "aws:ecr/repository:Repository",
      "storefront-repository",
    );
    expect({ imageTagMutability, imageTagMutabilityExclusionFilters }).to.deep.equal({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [
        { filter: "dev", filterType: "WILDCARD" },
        { filter: "prod", filterType: "WILDCARD" },
      ],
    });
  });

  it("builds in an image of CodeBuild's that is not past its end of life", () => {
    const images = [...ofType(program, "aws:codebuild/project:Project").values()].map(
      ({ inputs }) => (inputs.environment as { image: string }).image,
    );
    expect(new Set(images)).to.deep.equal(new Set(["aws/codebuild/standard:8.0"]));
  });

  it("keeps images where other stacks find them, and those that environments run for ever", () => {
    expect(inputsOf("aws:ecr/repository:Repository", "storefront-repository").name).to.equal("storefront");
    const { policy } = inputsOf("aws:ecr/lifecyclePolicy:LifecyclePolicy", "storefront-lifecycle");
    const { rules } = JSON.parse(String(policy));
    const kept = (tag: string) => ({
      tagStatus: "tagged",
      tagPatternList: [tag],
      countType: "imageCountMoreThan",
      countNumber: 1,
    });
    expect(
      rules.map((rule: { rulePriority: number; selection: object }) => [rule.rulePriority, rule.selection]),
    ).to.deep.equal([
      [1, kept("dev")],
      [2, kept("prod")],
      [3, { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 }],
      [4, { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 50 }],
    ]);
  });

  it("has one task definition for migrations and schedules", () => {
    const { containerDefinitions, ...task } = inputsOf("aws:ecs/taskDefinition:TaskDefinition", "storefront-task-task");
    expect(task).to.deep.equal({
      family: "dev-storefront-task",
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture: "X86_64" },
      cpu: "256",
      memory: "512",
      executionRoleArn: "arn:aws:iam:us-east-1:123456789012:storefront-task-execution-role-0000000",
      taskRoleArn: "arn:aws:iam:us-east-1:123456789012:storefront-task-task-role-0000000",
      skipDestroy: true,
      tags: { environment: "dev", application: "storefront" },
    });
    expect(JSON.parse(String(containerDefinitions))).to.deep.equal([
      {
        name: "app",
        image: "registry.example/storefront:none",
        essential: true,
        portMappings: [],
        environment: [],
        secrets: [],
        logConfiguration: {
          logDriver: "awslogs",
          options: {
            "awslogs-group": "storefront-task-logs-0000000",
            "awslogs-region": "us-east-1",
            "awslogs-stream-prefix": "task",
          },
        },
      },
    ]);
  });

  it("lets one-off tasks out, and nobody in", () => {
    const groups = (type: string) => [...ofType(program, type).values()].map(({ inputs }) => inputs.securityGroupId);
    expect(groups("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")).to.include("storefront-task-tasks-id");
    expect(groups("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")).not.to.include(
      "storefront-task-tasks-id",
    );
  });

  for (const [name, what] of [
    ["deploy", "deployments"],
    ["migrate", "migrations"],
  ] as const)
    it(`brings records of ${what} up by a message, one at a time and again while they are under way`, () => {
      expect(inputsOf("aws:sqs/queue:Queue", `storefront-${name}-requests`)).to.deep.equal({
        visibilityTimeoutSeconds: 180,
        messageRetentionSeconds: 345_600,
        sqsManagedSseEnabled: true,
      });
      expect(inputsOf("aws:lambda/eventSourceMapping:EventSourceMapping", `storefront-${name}-requests`)).to.deep.equal(
        {
          eventSourceArn: `arn:aws:sqs:us-east-1:123456789012:storefront-${name}-requests-0000000`,
          functionName: `arn:aws:lambda:us-east-1:123456789012:storefront-${name}-function-0000000`,
          batchSize: 1,
          functionResponseTypes: ["ReportBatchItemFailures"],
        },
      );
      expect(inputsOf("aws:lambda/function:Function", `storefront-${name}-function`).timeout).to.equal(120);
    });

  it("drops events of jobs that nobody waits for any more", () => {
    for (const name of ["deploy", "migrate", "schedules", "tag"])
      expect(
        inputsOf("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", `storefront-${name}-events`),
      ).to.deep.equal({ functionName: `storefront-${name}-function-0000000`, maximumEventAgeInSeconds: 900 });
  });

  it("invokes the deploy function when a rollout ends, and the migrate function when a task of its family stops", () => {
    const patternOf = (name: string) =>
      JSON.parse(String(inputsOf("aws:cloudwatch/eventRule:EventRule", name).eventPattern));
    expect(patternOf("storefront-deploy-rollouts")).to.deep.equal({
      source: ["aws.ecs"],
      "detail-type": ["ECS Deployment State Change"],
      resources: ["web", "worker"].map(
        (name) => `arn:aws:ecs:us-east-1:123456789012:storefront-${name}-service-0000000`,
      ),
      detail: { eventName: ["SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED"] },
    });
    expect(patternOf("storefront-migrate-tasks")).to.deep.equal({
      source: ["aws.ecs"],
      "detail-type": ["ECS Task State Change"],
      detail: {
        clusterArn: ["arn:aws:ecs:us-east-1:123456789012:slipway-cluster-0000000"],
        group: ["family:dev-storefront-task"],
        lastStatus: ["STOPPED"],
      },
    });
  });
});
