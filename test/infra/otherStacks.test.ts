import { expect } from "chai";
import { evaluate, type Program } from "../../rehearsal/program";
import { createProvider } from "../evaluation/provider";
import { smallest, withImage } from "./configurations";
import { asValues, evaluateStack, ROOT, resource } from "./support";

describe("a stack of workers in China", () => {
  let program: Program;
  before(async () => {
    program = await evaluateStack({
      partition: "aws-cn",
      region: "cn-north-1",
      settings: {
        "aws:region": "cn-north-1",
        "slipway:environment": "cn",
        "slipway:deploymentApi": true,
        "slipway:alerts": {
          chat: { dingtalk: "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:chats-AbCdEf:dingtalk::" },
        },
        "slipway:applications": [
          {
            name: "jobs",
            source: { push: { repository: "acme/jobs", branch: "main" } },
            services: [{ name: "mail", command: ["mail"], secrets: { TOKEN: "/jobs/token" } }],
            migrate: { command: ["migrate"] },
            schedules: "schedules.yaml",
            approval: true,
          },
        ],
      },
    });
  });

  it("has no load balancer", () => {
    expect(program.registrations.filter(({ type }) => /:lb\/|LoadBalancer|infra:Target/.test(type))).to.deep.equal([]);
    expect(program.outputs.services).to.deep.equal({});
    expect(program.outputs).to.not.have.any.keys("loadBalancer");
  });

  it("names nothing in the global partition", () => {
    const declared = JSON.stringify(program.registrations.map(({ inputs }) => inputs));
    for (const expected of [
      "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/jobs/token",
      "arn:aws-cn:events:cn-north-1:123456789012:rule/cn-jobs--*",
      "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
    ])
      expect(declared).to.contain(expected);
    expect(declared).not.to.match(/arn:aws:|amazonaws\.com(?!\.cn|\\*")/);
  });

  it("tells the roles of its tasks", () => {
    expect(program.outputs.taskRoles).to.deep.equal({
      "jobs/mail": "arn:aws-cn:iam:cn-north-1:123456789012:jobs-mail-task-role-0000000",
      "jobs/task": "arn:aws-cn:iam:cn-north-1:123456789012:jobs-task-task-role-0000000",
    });
  });

  it("links its notices to China's console", () => {
    const { environment } = resource(program, "aws:lambda/function:Function", "slipway-notices-function").inputs;
    const { variables } = environment as { variables: { OPTIONS: string } };
    expect(JSON.parse(variables.OPTIONS)).to.deep.include({
      console: "https://console.amazonaws.cn",
      region: "cn-north-1",
    });
  });

  it("asks for its branches where it does not say how pushes come in", () => {
    expect(
      program.registrations.filter(({ type }) => /infra:(Poll|Webhook)/.test(type)).map(({ type }) => type),
    ).to.deep.equal(["slipway:infra:Poll"]);
  });

  it("has V1 pipelines", () => {
    expect(resource(program, "aws:codepipeline/pipeline:Pipeline", "jobs-pipeline").inputs.pipelineType).to.equal("V1");
  });
});

describe("a stack that promotes images, and is called by nobody", () => {
  it("has no API, no way in for pushes, and no bucket for archives", async () => {
    const { registrations, outputs } = await evaluateStack({ settings: withImage({}) });
    const ways = registrations.filter(
      ({ type, name }) =>
        /apigatewayv2|sqs|infra:(Intake|Webhook|Poll|Source)/.test(type) || name.startsWith("slipway-archives"),
    );
    // The queue of the deploy function's own messages.
    expect(ways.map(({ name }) => name)).to.deep.equal(["storefront-deploy-requests"]);
    expect(outputs).to.not.have.any.keys("webhookUrls", "webhookSecrets", "deploymentsUrl", "deploymentToken");
    expect(outputs.repositories).to.deep.equal({
      storefront: "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront",
    });
  });
});

describe("a stack whose configuration is mistaken", () => {
  it("says each mistake in a line, and makes nothing", async () => {
    const created: string[] = [];
    const { create, invoke } = createProvider({ partition: "aws", region: "us-east-1" });
    // By a language host of its own, whose messages are those that `pulumi up` prints.
    const attempt = evaluate({
      root: ROOT,
      stack: "dev",
      values: asValues({ ...smallest, "slipway:logRetentionDays": 31, "slipway:intake": "pull" }),
      create: (declaration) => {
        created.push(declaration.type);
        return create(declaration);
      },
      invoke,
    });
    const message = await attempt.then(
      () => "it ended well",
      (error: Error) => error.message,
    );
    expect(message).to.equal(
      [
        'slipway:intake: "pull" is not a way to receive pushes; allowed: webhook, poll',
        "slipway:logRetentionDays: 31 is not a retention period that CloudWatch Logs supports; allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
      ].join("\n"),
    );
    expect(created).to.deep.equal([]);
  });

  it("says that a function has more options than Lambda takes", async () => {
    const applications = Array.from({ length: 10 }, (_, index) => ({
      name: `application-${index}`,
      source: { push: { repository: `acme/${"r".repeat(100)}`, branch: "b".repeat(200) } },
      services: [{ name: "job", command: ["run"] }],
    }));
    const attempt = evaluateStack({ settings: { ...smallest, "slipway:applications": applications } });
    const message = await attempt.then(
      () => "it ended well",
      (error: Error) => error.message,
    );
    expect(message).to.contain(
      "Lambda allows 4096 for environment variables. Split the applications between two stacks with different environments",
    );
  });
});
