import { expect } from "chai";
import { imageBuildspec } from "../../handlers/build/imageBuildspec";
import type { Program } from "../../rehearsal/program";
import { countTypes, resourcesOf } from "./resourceTypes";
import { actionOf, outline } from "./stages";
import { ofType, resource, stackProd } from "./support";

const REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront";

describe("the program for stack prod", () => {
  let program: Program;
  before(async () => {
    program = await stackProd();
  });
  const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;

  it("warns of nothing", () => {
    expect(program.warnings).to.deep.equal([]);
  });

  it("gives each resource a URN of its own", () => {
    expect(new Set(program.registrations.map(({ urn }) => urn)).size).to.equal(program.registrations.length);
  });

  it("registers these resources, and no other: nothing that takes pushes in, and no images of its own", () => {
    expect(countTypes(program)).to.deep.equal(resourcesOf("prod"));
    expect(program.outputs).to.not.have.any.keys("webhookUrls", "webhookSecrets");
  });

  it("has somebody approve the image before the migration", () => {
    expect(outline(program, "storefront")).to.deep.equal([
      ["Source", "Source by ECR"],
      ["Image", "Image by CodeBuild"],
      ["Approval", "Approval by Manual"],
      ["Migrate", "Migrate by Lambda"],
      ["Deploy", "Deploy by Lambda", "Schedules by Lambda, 2"],
      ["Tag", "Tag by Lambda"],
    ]);
  });

  it("starts from the image that dev has tagged", () => {
    expect(actionOf(program, "storefront", "Source")).to.deep.equal({
      name: "Source",
      category: "Source",
      owner: "AWS",
      provider: "ECR",
      version: "1",
      outputArtifacts: ["Source"],
      configuration: { RepositoryName: "storefront", ImageTag: "dev" },
    });
  });

  it("settles which image that is before it is approved", () => {
    expect(actionOf(program, "storefront", "Image")).to.deep.equal({
      name: "Image",
      namespace: "Build",
      category: "Build",
      owner: "AWS",
      provider: "CodeBuild",
      version: "1",
      inputArtifacts: ["Source"],
      outputArtifacts: ["Build"],
      configuration: { ProjectName: "storefront-image-project-0000000" },
    });
    const { source, environment } = inputsOf("aws:codebuild/project:Project", "storefront-image-project");
    expect(source).to.deep.equal({ type: "CODEPIPELINE", buildspec: imageBuildspec });
    expect(environment).to.deep.include({
      privilegedMode: false,
      // Of the stack that has the environment dev: only images that it has recorded are promoted.
      environmentVariables: [
        { name: "DELIVERED_IMAGES", value: "slipway-dev-delivered-images", type: "PLAINTEXT" },
        { name: "SOURCE_TAG", value: "dev", type: "PLAINTEXT" },
      ],
    });
  });

  it("tells the topic what is to be approved: application, version, digest, environment", () => {
    expect(actionOf(program, "storefront", "Approval")).to.deep.equal({
      name: "Approval",
      category: "Approval",
      owner: "AWS",
      provider: "Manual",
      version: "1",
      configuration: {
        NotificationArn: "arn:aws:sns:us-east-1:123456789012:slipway-alerts-0000000",
        CustomData: "storefront #{Build.IMAGE_TAG} is to be deployed to prod: image #{Build.IMAGE_DIGEST}",
      },
    });
  });

  it("starts the pipeline when dev's tag moves, and at no other push", () => {
    const { description, eventPattern } = inputsOf("aws:cloudwatch/eventRule:EventRule", "storefront-promotion");
    expect(description).to.equal("storefront:dev was pushed, or moved to another image");
    expect(JSON.parse(String(eventPattern))).to.deep.equal({
      source: ["aws.ecr"],
      "detail-type": ["ECR Image Action"],
      detail: {
        "action-type": ["PUSH"],
        result: ["SUCCESS"],
        "repository-name": ["storefront"],
        "image-tag": ["dev"],
      },
    });
    expect(inputsOf("aws:cloudwatch/eventTarget:EventTarget", "storefront-promotion")).to.deep.equal({
      rule: "storefront-promotion-0000000",
      arn: "arn:aws:codepipeline:us-east-1:123456789012:prod-storefront",
      roleArn: "arn:aws:iam:us-east-1:123456789012:storefront-promotion-role-0000000",
    });
  });

  it("has an alarm on a move of dev's tag that did not start the pipeline", () => {
    expect(inputsOf("aws:cloudwatch/metricAlarm:MetricAlarm", "storefront-promotion")).to.deep.include({
      namespace: "AWS/Events",
      metricName: "FailedInvocations",
      dimensions: { RuleName: "storefront-promotion-0000000" },
      statistic: "Sum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      okActions: [],
    });
  });

  it("names dev's repository wherever an image is named", () => {
    expect(program.outputs.repositories).to.deep.equal({ storefront: REPOSITORY });
    const definitions = [...ofType(program, "aws:ecs/taskDefinition:TaskDefinition").values()];
    expect(
      definitions.map(({ inputs }) => [inputs.family, JSON.parse(String(inputs.containerDefinitions))[0].image]),
    ).to.deep.equal(["web", "worker", "task"].map((name) => [`prod-storefront-${name}`, `${REPOSITORY}:none`]));
    const { environment } = inputsOf("aws:lambda/function:Function", "storefront-tag-function") as {
      environment: { variables: { OPTIONS: string } };
    };
    expect(JSON.parse(environment.variables.OPTIONS)).to.deep.include({
      repository: "storefront",
      tag: "prod",
      deliveredImages: "slipway-prod-delivered-images",
    });
  });
});
