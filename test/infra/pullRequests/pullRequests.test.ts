import { expect } from "chai";
import { scopedToken } from "../../../handlers/pullRequests/scope";
import type { Program } from "../../../rehearsal/program";
import {
  arnOf,
  CIRCLECI,
  containerOf,
  evaluateGitops,
  portsOf,
  TABLE,
  TASK,
  TOKENS,
  taskOptions,
} from "../gitopsStack";
import { DIGEST, GENERATED, ofType, optionsOf, ROTATED, resource } from "../support";

describe("a stack that delivers by pull requests", () => {
  let program: Program;
  before(async () => {
    program = await evaluateGitops();
  });
  const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;

  it("warns of nothing", () => {
    expect(program.warnings).to.deep.equal([]);
  });

  it("tells the API's address, and its token as a secret", () => {
    expect(program.outputs).to.deep.equal({
      webhookUrls: { "github/acme/storefront": "https://api.example/webhooks/github/acme/storefront" },
      webhookSecrets: { "github/acme/storefront": ROTATED },
      pullRequestsUrl: "https://api.example/pullrequests",
      pullRequestsToken: ROTATED,
      pullRequestsTokens: { "shop-team": scopedToken(ROTATED, "shop-team") },
      services: {},
      taskRoles: {},
      repositories: {
        storefront: "registry.example/storefront",
        reports: "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/reports",
      },
      pipelines: { storefront: "dev-storefront", reports: "dev-reports" },
    });
    expect([...program.secretOutputs].sort()).to.deep.equal([
      "pullRequestsToken",
      "pullRequestsTokens",
      "webhookSecrets",
    ]);
    const holders = program.registrations.filter(({ inputs }) => JSON.stringify(inputs).includes(GENERATED));
    expect(holders.map(({ name, secrets }) => [name, secrets.includes("secretString")])).to.deep.equal([
      ["slipway-pull-requests-token", true],
    ]);
  });

  it("runs no service, and needs no load balancer", () => {
    const made = program.registrations.filter(({ type }) =>
      /:lb\/|ecs\/service|infra:(LoadBalancer|Service)/.test(type),
    );
    expect(made.map(({ urn }) => urn)).to.deep.equal([]);
  });

  it("has functions that are their text alone, without a secret", () => {
    for (const name of ["slipway-pull-requests", "slipway-gitops-pr-stopped", "storefront-pull-request"]) {
      const { code, environment } = inputsOf("aws:lambda/function:Function", `${name}-function`);
      const { assets } = code as { assets: Record<string, { text: string }> };
      expect(Object.keys(assets), name).to.deep.equal(["__index.js"]);
      expect(assets["__index.js"]?.text).to.contain("exports.handler = ").and.not.contain(GENERATED);
      expect(Object.keys((environment as { variables: object }).variables)).to.deep.equal(["OPTIONS"]);
    }
  });

  describe("its table", () => {
    it("lists records newest first, forgets them, and is encrypted and recoverable", () => {
      const index = (name: string, of: string) => ({
        name,
        keySchemas: [
          { attributeName: of, keyType: "HASH" },
          { attributeName: "requestedAt", keyType: "RANGE" },
        ],
        projectionType: "ALL",
      });
      expect(inputsOf("aws:dynamodb/table:Table", "slipway-pull-requests")).to.deep.equal({
        billingMode: "PAY_PER_REQUEST",
        hashKey: "id",
        attributes: [
          { name: "id", type: "S" },
          { name: "list", type: "S" },
          { name: "requestedAt", type: "S" },
          { name: "service", type: "S" },
        ],
        globalSecondaryIndexes: [index("newest", "list"), index("service", "service")],
        ttl: { attributeName: "expires", enabled: true },
        serverSideEncryption: { enabled: true },
        pointInTimeRecovery: { enabled: true },
      });
    });
  });

  describe("its image", () => {
    it("is built for Fargate from images/gitops-pr, with the stack's registries", () => {
      expect(inputsOf("awsx:ecr:Image", "slipway-gitops-pr")).to.deep.equal({
        repositoryUrl: "registry.example/slipway-gitops-pr-0000000",
        context: "images/gitops-pr",
        platform: "linux/amd64",
        args: { BASE_IMAGE_REGISTRY: "mirror.acme.example/library", NPM_CONFIG_REGISTRY: "https://npm.acme.example" },
      });
    });

    it("is scanned, kept with nine others, and no hindrance to destroying the stack", () => {
      expect(inputsOf("aws:ecr/repository:Repository", "slipway-gitops-pr")).to.deep.equal({
        imageScanningConfiguration: { scanOnPush: true },
        imageTagMutability: "MUTABLE",
        forceDelete: true,
      });
      const { repository, policy } = inputsOf("aws:ecr/lifecyclePolicy:LifecyclePolicy", "slipway-gitops-pr");
      expect(repository).to.equal("slipway-gitops-pr-0000000");
      expect(JSON.parse(String(policy))).to.deep.equal({
        rules: [
          {
            rulePriority: 1,
            description: "Keep 10 images",
            selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 10 },
            action: { type: "expire" },
          },
        ],
      });
    });
  });

  describe("its task", () => {
    it("is small, and of a family that names the environment", () => {
      const { containerDefinitions: _, ...task } = inputsOf(
        "aws:ecs/taskDefinition:TaskDefinition",
        "slipway-gitops-pr-task",
      );
      expect(task).to.deep.equal({
        family: "dev-slipway-gitops-pr",
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture: "X86_64" },
        cpu: "256",
        memory: "512",
        executionRoleArn: arnOf("iam", "slipway-gitops-pr-execution-role"),
        taskRoleArn: arnOf("iam", "slipway-gitops-pr-task-role"),
        skipDestroy: true,
        tags: { environment: "dev" },
      });
    });

    it("runs the image by its digest, with the token from Secrets Manager alone", () => {
      const { environment, ...container } = containerOf(program);
      expect(container).to.deep.equal({
        name: "gitops-pr",
        image: `registry.example/slipway-gitops-pr-0000000@${DIGEST}`,
        essential: true,
        portMappings: [],
        secrets: [
          {
            name: "GITHUB_TOKEN",
            valueFrom: "arn:aws:secretsmanager:us-east-1:123456789012:secret:acme/gitops-token-AbCdEf",
          },
        ],
        logConfiguration: {
          logDriver: "awslogs",
          options: {
            "awslogs-group": "slipway-gitops-pr-logs-0000000",
            "awslogs-region": "us-east-1",
            "awslogs-stream-prefix": "gitops-pr",
          },
        },
      });
      expect(environment).to.have.length(1);
    });

    it("is told the gitops repository, and what pull requests look like there", () => {
      expect(taskOptions(program)).to.deep.equal({
        OPTIONS: {
          github: "https://github.com",
          api: "https://api.github.com",
          repository: "acme/gitops",
          branch: "trunk",
          table: TABLE,
          author: { name: "slipway", email: "slipway@acme.example" },
          reviewers: ["octocat"],
          teamReviewers: ["platform"],
          labels: ["delivery", "needs review"],
        },
      });
    });

    it("gets out by HTTPS, and nobody gets in", () => {
      expect(portsOf(program)).to.deep.equal([["tcp", 443, 443, "0.0.0.0/0"]]);
      const ingress = [...ofType(program, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").values()];
      expect(ingress).to.deep.equal([]);
      expect(inputsOf("aws:ec2/securityGroup:SecurityGroup", "slipway-gitops-pr-tasks")).to.deep.equal({
        description: "Tasks of slipway-gitops-pr: out by TCP",
        vpcId: "vpc-0",
      });
    });
  });

  describe("its API", () => {
    it("has four routes to one function, which those routes alone may invoke", () => {
      const routes = [...ofType(program, "aws:apigatewayv2/route:Route").values()]
        .filter(({ inputs }) => inputs.target === "integrations/slipway-pull-requests-id")
        .map(({ inputs }) => inputs.routeKey);
      expect(routes).to.deep.equal([
        "POST /pullrequests",
        "GET /pullrequests",
        "GET /pullrequests/{id}",
        "DELETE /pullrequests/{id}",
      ]);
      expect(inputsOf("aws:apigatewayv2/integration:Integration", "slipway-pull-requests").integrationUri).to.equal(
        arnOf("lambda", "slipway-pull-requests-function"),
      );
      expect(inputsOf("aws:lambda/permission:Permission", "slipway-pull-requests")).to.deep.equal({
        action: "lambda:InvokeFunction",
        function: "slipway-pull-requests-function-0000000",
        principal: "apigateway.amazonaws.com",
        sourceArn: "arn:aws:execute-api:us-east-1:123456789012:api/*/*/pullrequests*",
      });
    });

    it("lets pages of these origins call it", () => {
      expect(inputsOf("aws:apigatewayv2/api:Api", "slipway-api")).to.deep.equal({
        protocolType: "HTTP",
        corsConfiguration: {
          allowOrigins: ["https://ci.acme.example", "http://localhost:8080"],
          allowMethods: ["GET", "POST", "DELETE", "OPTIONS"],
          allowHeaders: ["authorization", "content-type"],
          maxAge: 3600,
        },
      });
    });

    it("writes no address, which may hold a token, to its access log", () => {
      const { accessLogSettings } = inputsOf("aws:apigatewayv2/stage:Stage", "slipway-api") as {
        accessLogSettings: { format: string };
      };
      expect(Object.values(JSON.parse(accessLogSettings.format))).to.deep.equal([
        "$context.requestId",
        "$context.identity.sourceIp",
        "$context.requestTime",
        "$context.routeKey",
        "$context.status",
        "$context.integrationErrorMessage",
      ]);
    });

    it("knows the table, the task and what CircleCI's payloads mean, and ends before API Gateway gives up", () => {
      expect(optionsOf(program, "slipway-pull-requests")).to.deep.equal({
        secretArn: arnOf("secretsmanager", "slipway-pull-requests-token"),
        table: TABLE,
        task: TASK,
        concurrentTasks: 10,
        scopes: TOKENS,
        circleci: { ...CIRCLECI, jobs: ["publish"] },
      });
      const { timeout, memorySize } = inputsOf("aws:lambda/function:Function", "slipway-pull-requests-function");
      expect([timeout, memorySize]).to.deep.equal([29, 256]);
    });
  });

  it("hears of its own tasks' ends, and no others'", () => {
    const { eventPattern } = inputsOf("aws:cloudwatch/eventRule:EventRule", "slipway-gitops-pr-stopped");
    expect(JSON.parse(String(eventPattern))).to.deep.equal({
      source: ["aws.ecs"],
      "detail-type": ["ECS Task State Change"],
      detail: {
        clusterArn: [arnOf("ecs", "slipway-cluster")],
        group: ["family:dev-slipway-gitops-pr"],
        lastStatus: ["STOPPED"],
      },
    });
    expect(inputsOf("aws:cloudwatch/eventTarget:EventTarget", "slipway-gitops-pr-stopped")).to.deep.equal({
      rule: "slipway-gitops-pr-stopped-0000000",
      arn: arnOf("lambda", "slipway-gitops-pr-stopped-function"),
    });
    expect(optionsOf(program, "slipway-gitops-pr-stopped")).to.deep.equal({ table: TABLE });
    const { timeout, memorySize } = inputsOf("aws:lambda/function:Function", "slipway-gitops-pr-stopped-function");
    expect([timeout, memorySize]).to.deep.equal([60, 256]);
  });

  it("raises an alarm when one of its functions fails", () => {
    const alarms = [...ofType(program, "aws:cloudwatch/metricAlarm:MetricAlarm").keys()];
    expect(alarms.filter((name) => /pull-request|gitops/.test(name)).sort()).to.deep.equal([
      "reports-pull-request-errors",
      "slipway-gitops-pr-stopped-errors",
      "slipway-pull-requests-errors",
      "storefront-pull-request-errors",
    ]);
  });
});
