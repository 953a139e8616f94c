import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import { evaluateStack, ofType, resource, roleStatements } from "./support";

const CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1f0e";
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret";
const PARAMETERS = "arn:aws:ssm:us-east-1:123456789012:parameter";

const source = (repository: string) => ({ push: { repository, branch: "main" } });

/** All that dev does not use. */
const FULL = {
  "aws:region": "us-east-1",
  "slipway:environment": "full",
  "slipway:network": {
    cidr: "10.8.0.0/20",
    availabilityZones: ["us-east-1b", "us-east-1d"],
    egress: "nat-gateway-per-zone",
  },
  "slipway:loadBalancer": { certificate: CERTIFICATE },
  "slipway:logRetentionDays": 7,
  "slipway:pipelineType": "V1",
  "slipway:baseImageRegistry": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mirror",
  "slipway:npmRegistry": "https://npm.acme.example",
  "slipway:alerts": { emails: ["team@example.com"] },
  "slipway:applications": [
    {
      name: "storefront",
      source: source("acme/storefront"),
      build: { dockerfile: "docker/web", context: "app", arguments: { BASE: "alpine", LEVEL: "2" }, test: "npm test" },
      services: [
        { name: "web", port: 8080, hosts: ["shop.example.com", "www.example.com"], environment: { B: "2", A: "1" } },
        {
          name: "worker",
          command: ["node", "worker.js"],
          cpu: 512,
          memory: 1024,
          secrets: {
            TOKEN: "/storefront/token",
            PASSWORD: "storefront/database:password",
            KEY: `${SECRET}:storefront/key-AbCdEf:private::`,
          },
        },
      ],
    },
    { name: "admin", source: source("acme/admin"), services: [{ name: "web", port: 3000 }] },
  ],
};

describe("a stack with everything", () => {
  let program: Program;
  before(async () => {
    program = await evaluateStack({ settings: FULL });
  });
  const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;
  const containerOf = (name: string) =>
    JSON.parse(String(inputsOf("aws:ecs/taskDefinition:TaskDefinition", `${name}-task`).containerDefinitions))[0];

  it("has a load balancer of the internet unless told otherwise", () => {
    const { internal, subnets } = inputsOf("aws:lb/loadBalancer:LoadBalancer", "slipway-load-balancer");
    expect([internal, subnets]).to.deep.equal([false, ["subnet-public-a", "subnet-public-b"]]);
  });

  it("redirects HTTP to HTTPS, and answers 404 where no service has the host", () => {
    const listener = (name: string) => inputsOf("aws:lb/listener:Listener", name);
    expect(listener("slipway-http")).to.deep.include({
      port: 80,
      protocol: "HTTP",
      defaultActions: [{ type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } }],
    });
    expect(listener("slipway-https")).to.deep.include({ port: 443, protocol: "HTTPS", certificateArn: CERTIFICATE });
    expect(listener("slipway-https").defaultActions).to.deep.equal([
      {
        type: "fixed-response",
        fixedResponse: { statusCode: "404", contentType: "text/plain", messageBody: "No service has this address.\n" },
      },
    ]);
  });

  it("leads hosts to their service, and every other one to the service without hosts", () => {
    const rules = [...ofType(program, "aws:lb/listenerRule:ListenerRule").values()];
    expect(
      rules.map(({ name, inputs }) => [name, inputs.listenerArn, inputs.priority, inputs.conditions]),
    ).to.deep.equal([
      [
        "storefront-web-rule",
        "arn:aws:lb:us-east-1:123456789012:slipway-https-0000000",
        28559,
        [{ hostHeader: { values: ["shop.example.com", "www.example.com"] } }],
      ],
      [
        "admin-web-rule",
        "arn:aws:lb:us-east-1:123456789012:slipway-https-0000000",
        45584,
        [{ pathPattern: { values: ["/*"] } }],
      ],
    ]);
    expect(program.outputs.services).to.deep.equal({
      "storefront/web": "https://shop.example.com",
      "admin/web": "https://balancer.example",
    });
  });

  it("keeps each application's artifacts in a bucket that the other one's build cannot reach", () => {
    for (const [application, other] of [
      ["storefront", "admin"],
      ["admin", "storefront"],
    ]) {
      expect(inputsOf("aws:codepipeline/pipeline:Pipeline", `${application}-pipeline`).artifactStores).to.deep.equal([
        { type: "S3", location: `${application}-artifacts-bucket-0000000` },
      ]);
      for (const role of [`${application}-build-role`, `${application}-pipeline-role`]) {
        const granted = JSON.stringify(roleStatements(program, role));
        expect(granted).to.contain(`:${application}-artifacts-bucket-0000000/*"`);
        expect(granted).not.to.contain(`:${other}-artifacts-bucket`);
      }
    }
  });

  it("opens a web service's port to the load balancer alone, and a worker's not at all", () => {
    const rules = [...ofType(program, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").values()];
    expect(
      rules
        .map(({ inputs }) => [
          inputs.securityGroupId,
          inputs.fromPort,
          inputs.cidrIpv4 ?? inputs.referencedSecurityGroupId,
        ])
        .sort(),
    ).to.deep.equal([
      ["admin-web-tasks-id", 3000, "slipway-load-balancer-id"],
      ["slipway-load-balancer-id", 443, "0.0.0.0/0"],
      ["slipway-load-balancer-id", 80, "0.0.0.0/0"],
      ["storefront-web-tasks-id", 8080, "slipway-load-balancer-id"],
    ]);
  });

  it("describes a web service's container", () => {
    expect(containerOf("storefront-web")).to.deep.equal({
      name: "app",
      image: "registry.example/storefront:none",
      essential: true,
      portMappings: [{ containerPort: 8080, protocol: "tcp" }],
      environment: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
      secrets: [],
      logConfiguration: {
        logDriver: "awslogs",
        options: {
          "awslogs-group": "storefront-web-logs-0000000",
          "awslogs-region": "us-east-1",
          "awslogs-stream-prefix": "web",
        },
      },
    });
  });

  it("describes a worker's task: its size, its command, its secrets by where they are kept", () => {
    const { containerDefinitions, executionRoleArn, taskRoleArn, ...task } = inputsOf(
      "aws:ecs/taskDefinition:TaskDefinition",
      "storefront-worker-task",
    );
    expect(task).to.deep.equal({
      family: "full-storefront-worker",
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture: "X86_64" },
      cpu: "512",
      memory: "1024",
      skipDestroy: true,
      tags: { environment: "full", application: "storefront", service: "worker" },
    });
    expect(containerOf("storefront-worker")).to.deep.include({
      command: ["node", "worker.js"],
      portMappings: [],
      secrets: [
        { name: "KEY", valueFrom: `${SECRET}:storefront/key-AbCdEf:private::` },
        { name: "PASSWORD", valueFrom: `${SECRET}:storefront/database-AbCdEf:password::` },
        { name: "TOKEN", valueFrom: `${PARAMETERS}/storefront/token` },
      ],
    });
  });

  it("lets a worker's tasks read these secrets alone", () => {
    const reading = roleStatements(program, "storefront-worker-execution-role").slice(3);
    expect(reading.map(({ Action, Resource }) => [Action, Resource])).to.deep.equal([
      [["secretsmanager:GetSecretValue"], [`${SECRET}:storefront/key-AbCdEf`]],
      [["secretsmanager:GetSecretValue"], [`${SECRET}:storefront/database-AbCdEf`]],
      [["ssm:GetParameters"], [`${PARAMETERS}/storefront/token`]],
    ]);
  });

  it("keeps a worker away from the load balancer", () => {
    const service = (name: string) => inputsOf("aws:ecs/service:Service", `${name}-service`);
    expect(service("storefront-worker")).to.not.have.any.keys("loadBalancers", "healthCheckGracePeriodSeconds");
    expect(service("storefront-web").loadBalancers).to.deep.equal([
      {
        targetGroupArn: "arn:aws:lb:us-east-1:123456789012:storefront-web-0000000",
        containerName: "app",
        containerPort: 8080,
      },
    ]);
  });

  it("brings services up without tasks, and leaves count and task definition to deliveries", () => {
    const services = [...ofType(program, "aws:ecs/service:Service").values()];
    expect(services.map(({ inputs, ignoreChanges }) => [inputs.desiredCount, ignoreChanges])).to.deep.equal(
      Array(3).fill([0, ["taskDefinition", "desiredCount"]]),
    );
    for (const { inputs } of services)
      expect(inputs.deploymentCircuitBreaker).to.deep.equal({ enable: true, rollback: true });
  });

  it("stops a service's tasks once as many new ones run", () => {
    for (const { inputs } of ofType(program, "aws:ecs/service:Service").values())
      expect([inputs.deploymentMinimumHealthyPercent, inputs.deploymentMaximumPercent]).to.deep.equal([100, 200]);
  });

  it("hands the build its arguments by name, and its registries", () => {
    const { environment } = inputsOf("aws:codebuild/project:Project", "storefront-build-project") as {
      environment: { environmentVariables: { name: string; value: string }[] };
    };
    expect(environment.environmentVariables.map(({ name, value }) => [name, value])).to.deep.equal([
      ["IMAGE_REPOSITORY", "registry.example/storefront"],
      ["DOCKERFILE", "docker/web"],
      ["CONTEXT", "app"],
      ["SCHEDULES", ""],
      ["BASE_IMAGE_REGISTRY", "123456789012.dkr.ecr.us-east-1.amazonaws.com/mirror"],
      ["NPM_CONFIG_REGISTRY", "https://npm.acme.example"],
      ["BUILD_ARGUMENTS", "BASE LEVEL"],
      ["BASE", "alpine"],
      ["LEVEL", "2"],
    ]);
  });

  it("tells fetch that V1 pipelines take no source revision", () => {
    const { environment } = inputsOf("aws:lambda/function:Function", "slipway-fetch-function") as {
      environment: { variables: { OPTIONS: string } };
    };
    const { sources } = JSON.parse(environment.variables.OPTIONS);
    expect(
      sources.map((it: { pipeline: string; overridable: boolean }) => [it.pipeline, it.overridable]),
    ).to.deep.equal([
      ["full-storefront", false],
      ["full-admin", false],
    ]);
    expect(inputsOf("aws:codepipeline/pipeline:Pipeline", "admin-pipeline").pipelineType).to.equal("V1");
  });

  it("uses the zones, the retention and the addresses that it is told", () => {
    expect(inputsOf("awsx:ec2:Vpc", "slipway-vpc")).to.deep.include({
      availabilityZoneNames: ["us-east-1b", "us-east-1d"],
      natGateways: { strategy: "OnePerAz" },
    });
    for (const { inputs } of ofType(program, "aws:cloudwatch/logGroup:LogGroup").values())
      expect(inputs.retentionInDays).to.equal(7);
    expect(inputsOf("aws:sns/topicSubscription:TopicSubscription", "slipway-alerts-team@example.com")).to.deep.equal({
      topic: "arn:aws:sns:us-east-1:123456789012:slipway-alerts-0000000",
      protocol: "email",
      endpoint: "team@example.com",
    });
  });
});

describe("a stack whose load balancer is internal", () => {
  it("has it in the private subnets, with private addresses only", async () => {
    const settings = { ...FULL, "slipway:loadBalancer": { scheme: "internal" } };
    const program = await evaluateStack({ settings });
    const { internal, subnets } = resource(program, "aws:lb/loadBalancer:LoadBalancer", "slipway-load-balancer").inputs;
    expect([internal, subnets]).to.deep.equal([true, ["subnet-private-a", "subnet-private-b"]]);
  });
});
