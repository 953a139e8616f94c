import { expect } from "chai";
import github from "../../../infra/settings/githubCidrs.json";
import type { Program } from "../../../rehearsal/program";
import { gitopsStorefront, type Raw, withImage, withPullRequests } from "../configurations";
import { containerOf, evaluateGitopsInBeijing, portsOf, taskOptions } from "../gitopsStack";
import { outline } from "../stages";
import { evaluateStack, ofType, optionsOf, resource } from "../support";

describe("a stack that says the least of pull requests", () => {
  let program: Program;
  before(async () => {
    program = await evaluateStack({ settings: withPullRequests({}) });
  });

  it("has no CORS, no meaning for CircleCI's payloads, and builds as the Dockerfile says", () => {
    expect(resource(program, "aws:apigatewayv2/api:Api", "slipway-api").inputs).to.deep.equal({ protocolType: "HTTP" });
    expect(optionsOf(program, "slipway-pull-requests")).to.have.all.keys(
      "concurrentTasks",
      "secretArn",
      "table",
      "task",
    );
    expect(resource(program, "awsx:ecr:Image", "slipway-gitops-pr").inputs.args).to.deep.equal({});
  });

  it("asks for them against main, of nobody in particular", () => {
    const { OPTIONS } = taskOptions(program);
    expect([OPTIONS.branch, OPTIONS.reviewers, OPTIONS.teamReviewers, OPTIONS.labels]).to.deep.equal([
      "main",
      [],
      [],
      [],
    ]);
  });

  it("deploys its applications as before", () => {
    expect(outline(program, "storefront")).to.deep.equal([
      ["Source", "Source by S3"],
      ["Build", "Build by CodeBuild"],
      ["Deploy", "Deploy by Lambda"],
      ["Tag", "Tag by Lambda"],
    ]);
  });
});

describe("a stack without pull requests", () => {
  it("has nothing of them", async () => {
    const { registrations, outputs } = await evaluateStack({ settings: withImage({}) });
    const made = registrations.filter(({ type, name }) => /pull-?request|gitops|ecr:Image/i.test(`${type} ${name}`));
    expect(made.map(({ urn }) => urn)).to.deep.equal([]);
    expect(outputs).to.not.have.any.keys("pullRequestsUrl", "pullRequestsToken");
  });
});

describe("pull requests that nothing else in the stack needs an API or a way out for", () => {
  const SERVER = "https://git.acme.example:8443";
  let program: Program;
  before(async () => {
    const settings: Raw = {
      ...withPullRequests({ token: "arn:aws:secretsmanager:us-east-1:123456789012:secret:forges-AbCdEf:gitops::" }),
      "slipway:forges": { github: { url: SERVER } },
      "slipway:network": { natInstance: { githubCidrs: [], extraCidrs: ["198.51.100.0/24"] } },
      "slipway:applications": [
        { ...gitopsStorefront, source: { image: { repository: "storefront", tag: "staging" } } },
      ],
    };
    program = await evaluateStack({ settings });
  });

  it("have an API of their own", () => {
    const routes = [...ofType(program, "aws:apigatewayv2/route:Route").values()].map(({ inputs }) => inputs.routeKey);
    expect(routes.filter((key) => !String(key).includes("/pullrequests"))).to.deep.equal([]);
    expect(program.outputs.pullRequestsUrl).to.equal("https://api.example/pullrequests");
  });

  it("go to the Enterprise Server, at its port and under its API", () => {
    const { OPTIONS } = taskOptions(program);
    expect([OPTIONS.github, OPTIONS.api]).to.deep.equal([SERVER, `${SERVER}/api/v3`]);
    expect(portsOf(program)).to.deep.equal([
      ["tcp", 443, 443, "0.0.0.0/0"],
      ["tcp", 8443, 8443, "0.0.0.0/0"],
    ]);
  });

  it("have the NAT instance prove itself by that server", () => {
    const { userData } = resource(program, "aws:ec2/launchTemplate:LaunchTemplate", "slipway-nat").inputs;
    expect(Buffer.from(String(userData), "base64").toString()).to.contain(`PROBE='${SERVER}'\n`);
  });

  it("put no function into the VPC, and leave no security group for any", () => {
    const inVpc = [...ofType(program, "aws:lambda/function:Function").values()].filter(
      ({ inputs }) => inputs.vpcConfig,
    );
    expect(inVpc).to.deep.equal([]);
    expect([...ofType(program, "aws:ec2/securityGroup:SecurityGroup").keys()].sort()).to.deep.equal([
      "slipway-gitops-pr-tasks",
      "slipway-nat",
      "slipway-nat-primary",
    ]);
  });

  it("take one key of a secret's JSON as the token", () => {
    expect(containerOf(program).secrets).to.deep.equal([
      {
        name: "GITHUB_TOKEN",
        valueFrom: "arn:aws:secretsmanager:us-east-1:123456789012:secret:forges-AbCdEf:gitops::",
      },
    ]);
  });
});

describe("pull requests in a stack that polls, in Beijing", () => {
  let program: Program;
  before(async () => {
    program = await evaluateGitopsInBeijing();
  });

  it("are asked for by the API that the stack has for nothing else", () => {
    expect(program.outputs).to.deep.include({ pullRequestsUrl: "https://api.example/pullrequests" });
    expect(program.outputs).to.not.have.any.keys("webhookUrls", "deploymentsUrl");
  });

  it("go to GitHub through the NAT instance, which proves itself by it", () => {
    const { OPTIONS } = taskOptions(program);
    expect([OPTIONS.github, OPTIONS.api]).to.deep.equal(["https://github.com", "https://api.github.com"]);
    const { entries } = resource(program, "aws:ec2/managedPrefixList:ManagedPrefixList", "slipway-nat").inputs as {
      entries: { cidr: string }[];
    };
    expect(entries.map(({ cidr }) => cidr)).to.deep.equal(github.cidrs);
    const { userData } = resource(program, "aws:ec2/launchTemplate:LaunchTemplate", "slipway-nat").inputs;
    expect(Buffer.from(String(userData), "base64").toString()).to.contain("PROBE='https://github.com'\n");
  });

  it("have their tokens under China's names", () => {
    expect(containerOf(program).secrets).to.deep.equal([
      {
        name: "GITHUB_TOKEN",
        valueFrom: "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:acme/gitops-token-AbCdEf",
      },
    ]);
    expect(optionsOf(program, "slipway-pull-requests")).to.deep.include({
      secretArn: "arn:aws-cn:secretsmanager:cn-north-1:123456789012:slipway-pull-requests-token-0000000",
    });
  });
});
