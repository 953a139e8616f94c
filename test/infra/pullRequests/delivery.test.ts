import { expect } from "chai";
import type { Program } from "../../../rehearsal/program";
import { evaluateGitops, TABLE, TASK } from "../gitopsStack";
import { actionOf, invocation, outline } from "../stages";
import { optionsOf, resource } from "../support";

describe("the pipelines of a stack that delivers by pull requests", () => {
  let program: Program;
  before(async () => {
    program = await evaluateGitops();
  });
  const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;

  it("open a pull request where others deploy", () => {
    expect(outline(program, "storefront")).to.deep.equal([
      ["Source", "Source by S3"],
      ["Build", "Build by CodeBuild"],
      ["Deploy", "PullRequest by Lambda"],
      ["Tag", "Tag by Lambda"],
    ]);
    expect(outline(program, "reports")).to.deep.equal([
      ["Source", "Source by ECR"],
      ["Image", "Image by CodeBuild"],
      ["Approval", "Approval by Manual"],
      ["Deploy", "PullRequest by Lambda"],
      ["Tag", "Tag by Lambda"],
    ]);
    expect(actionOf(program, "storefront", "PullRequest")).to.deep.equal(
      invocation("PullRequest", "storefront-pull-request", {
        image: "#{Build.IMAGE_URI}",
        version: "#{Build.IMAGE_TAG}",
        execution: "#{codepipeline.PipelineExecutionId}",
      }),
    );
  });

  it("keep every image that has a tag: what a cluster runs is not known here", () => {
    const { policy } = inputsOf("aws:ecr/lifecyclePolicy:LifecyclePolicy", "storefront-lifecycle");
    const { rules } = JSON.parse(String(policy));
    expect(rules.map(({ selection }: { selection: object }) => selection)).to.deep.equal([
      { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 },
    ]);
  });

  const ACTIONS: [application: string, options: object][] = [
    ["storefront", { service: "storefront", imageName: "storefront", repository: "acme/storefront" }],
    ["reports", { service: "reporting", imageName: "registry.acme.example/reports", repository: "reporting" }],
  ];
  for (const [application, options] of ACTIONS)
    it(`tell the action of ${application} which folder and which image it is about`, () => {
      expect(optionsOf(program, `${application}-pull-request`)).to.deep.equal({
        table: TABLE,
        task: TASK,
        environment: "dev",
        ...options,
      });
      const { timeout, memorySize } = inputsOf("aws:lambda/function:Function", `${application}-pull-request-function`);
      expect([timeout, memorySize]).to.deep.equal([300, 256]);
    });
});
