import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import type { Archive, Asset } from "../../rehearsal/propertyValue";
import { GENERATED, ofType, ROOT, resource, stackDev } from "./support";

const KIB = 1024;

const TOPIC = "arn:aws:sns:us-east-1:123456789012:slipway-alerts-0000000";
const REQUESTS = "https://sqs.example/storefront-deploy-requests-0000000";
const TABLE = "slipway-deployments-0000000";
const LOCK = { application: "storefront", table: TABLE };
const MIGRATIONS = "https://sqs.example/storefront-migrate-requests-0000000";
const TASK_LOG = { logGroup: "storefront-task-logs-0000000", logStreamPrefix: "task" };
const ONE_OFF_TASK = {
  application: "storefront",
  taskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/storefront-task-task-0000000:1",
  container: "app",
  subnets: ["subnet-private-a", "subnet-private-b"],
  securityGroup: "storefront-task-tasks-id",
};

/** Seconds and MiB. */
interface Expected {
  timeout: number;
  memorySize: number;
  options: object;
  packages: string[];
  /** Of /tmp, if it is not Lambda's default. */
  temporary?: number;
}

const FUNCTIONS: Record<string, Expected> = {
  "slipway-webhook": {
    timeout: 9,
    memorySize: 256,
    options: {
      secretArn: "arn:aws:secretsmanager:us-east-1:123456789012:slipway-webhooks-0000000",
      queueUrl: "https://sqs.example/slipway-pushes-0000000.fifo",
      sources: [{ forge: "github", repository: "acme/storefront", branch: "main", application: "storefront" }],
    },
    packages: [],
  },
  "slipway-poll": {
    timeout: 55,
    memorySize: 256,
    options: {
      bucket: "slipway-archives-bucket-0000000",
      key: "poll/enqueued.json",
      queueUrl: "https://sqs.example/slipway-pushes-0000000.fifo",
      forges: { github: { url: "https://github.com" } },
      sources: [
        {
          forge: "github",
          repository: "acme/storefront",
          branch: "main",
          application: "storefront",
          key: "storefront/source.zip",
        },
      ],
    },
    packages: [],
  },
  "slipway-fetch": {
    timeout: 300,
    memorySize: 512,
    options: {
      bucket: "slipway-archives-bucket-0000000",
      queueUrl: "https://sqs.example/slipway-pushes-0000000.fifo",
      deadLetterUrl: "https://sqs.example/slipway-dead-letters-0000000.fifo",
      topicArn: TOPIC,
      environment: "dev",
      forges: { github: { url: "https://github.com" } },
      sources: [
        {
          forge: "github",
          repository: "acme/storefront",
          branch: "main",
          application: "storefront",
          key: "storefront/source.zip",
          pipeline: "dev-storefront",
          overridable: true,
        },
      ],
    },
    packages: ["node_modules/pend", "node_modules/yauzl"],
    // As much as the largest archive, and what the file system takes.
    temporary: 2176,
  },
  "storefront-deploy": {
    timeout: 120,
    memorySize: 256,
    options: {
      application: "storefront",
      cluster: "slipway-cluster-0000000",
      services: [
        {
          service: "storefront-web-service-0000000",
          container: "app",
          taskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/storefront-web-task-0000000:1",
          count: 2,
        },
        {
          service: "storefront-worker-service-0000000",
          container: "app",
          taskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/storefront-worker-task-0000000:1",
          count: 1,
        },
      ],
      deadlineMinutes: 30,
      records: { table: TABLE, queueUrl: REQUESTS, pipeline: "dev-storefront" },
      requests: {
        repository: "storefront",
        tag: "dev",
        deliveredImages: "slipway-dev-delivered-images",
        topicArn: TOPIC,
      },
    },
    packages: [],
  },
  "slipway-deployments": {
    timeout: 25,
    memorySize: 256,
    options: {
      secretArn: "arn:aws:secretsmanager:us-east-1:123456789012:slipway-deployment-token-0000000",
      table: "slipway-deployments-0000000",
      deadlineMinutes: 30,
      registry: "123456789012.dkr.ecr.us-east-1.amazonaws.com",
      applications: [{ application: "storefront", repository: "storefront", queueUrl: REQUESTS }],
    },
    packages: [],
  },
  "slipway-notices": {
    timeout: 60,
    memorySize: 256,
    options: {
      environment: "dev",
      topicArn: TOPIC,
      console: "https://console.aws.amazon.com",
      region: "us-east-1",
      pipelines: { "dev-storefront": "storefront" },
    },
    packages: [],
  },
  "slipway-service-check": {
    timeout: 55,
    memorySize: 256,
    options: {
      cluster: "slipway-cluster-0000000",
      services: ["storefront-web-service-0000000", "storefront-worker-service-0000000"],
      countedByProgram: [],
    },
    packages: [],
  },
  "slipway-scheduled-tasks": {
    timeout: 60,
    memorySize: 256,
    options: {
      environment: "dev",
      cluster: "arn:aws:ecs:us-east-1:123456789012:slipway-cluster-0000000",
      topicArn: TOPIC,
      applications: [{ application: "storefront", prefix: "dev-storefront--" }],
    },
    packages: [],
  },
  "storefront-migrate": {
    timeout: 120,
    memorySize: 256,
    options: {
      ...ONE_OFF_TASK,
      cluster: "slipway-cluster-0000000",
      command: ["node", "migrate.js"],
      ...TASK_LOG,
      records: { table: TABLE, queueUrl: MIGRATIONS, pipeline: "dev-storefront" },
    },
    packages: [],
  },
  "storefront-schedules": {
    timeout: 300,
    memorySize: 256,
    options: {
      ...ONE_OFF_TASK,
      environment: "dev",
      cluster: "arn:aws:ecs:us-east-1:123456789012:slipway-cluster-0000000",
      roleArn: "arn:aws:iam:us-east-1:123456789012:storefront-schedules-rules-role-0000000",
      lock: LOCK,
    },
    packages: ["node_modules/yaml"],
  },
  "storefront-tag": {
    timeout: 60,
    memorySize: 256,
    options: {
      repository: "storefront",
      tag: "dev",
      deliveredImages: "slipway-dev-delivered-images",
      lock: LOCK,
    },
    packages: [],
  },
};

describe("the functions of stack dev", () => {
  let program: Program;
  before(async () => {
    program = await stackDev();
  });
  const inputsOf = (name: string) => resource(program, "aws:lambda/function:Function", `${name}-function`).inputs;

  it("are these", () => {
    const names = Object.keys(FUNCTIONS).map((name) => `${name}-function`);
    expect([...ofType(program, "aws:lambda/function:Function").keys()].sort()).to.deep.equal(names.sort());
  });

  for (const [name, { timeout, memorySize, options, packages, temporary }] of Object.entries(FUNCTIONS))
    describe(name, () => {
      it("says its runtime, size, role and log group", () => {
        const { code, environment, ...inputs } = inputsOf(name);
        expect(inputs).to.deep.equal({
          runtime: "nodejs24.x",
          architectures: ["x86_64"],
          handler: "__index.handler",
          timeout,
          memorySize,
          ...(temporary === undefined ? {} : { ephemeralStorage: { size: temporary } }),
          role: `arn:aws:iam:us-east-1:123456789012:${name}-role-0000000`,
          loggingConfig: { logFormat: "Text", logGroup: `${name}-logs-0000000` },
        });
      });

      it("is given its options, and no other variable", () => {
        const { variables } = inputsOf(name).environment as { variables: Record<string, string> };
        expect(Object.keys(variables)).to.deep.equal(["OPTIONS"]);
        expect(JSON.parse(variables.OPTIONS ?? "")).to.deep.equal(options);
      });

      it("uploads its text, and only the packages that Lambda lacks", () => {
        const { assets } = inputsOf(name).code as { assets: Record<string, Asset | Archive> };
        expect(Object.keys(assets).sort()).to.deep.equal(["__index.js", ...packages]);
        for (const folder of packages) expect(assets[folder]).to.deep.equal({ kind: "archive", path: folder });
        expect(compressed(assets)).to.be.lessThan((packages.length > 0 ? 512 : 64) * KIB);
      });

      it("has no secret, and no path of this machine, in its text", () => {
        const text = sourceOf(inputsOf(name).code as Archive);
        expect(text).to.contain("exports.handler = ");
        expect(text).not.to.contain(GENERATED);
        expect(text).not.to.contain(ROOT);
      });
    });
});

function sourceOf(archive: Archive): string {
  const entry = "assets" in archive ? archive.assets["__index.js"] : undefined;
  if (entry === undefined || !("text" in entry)) throw new Error("the archive has no __index.js");
  return entry.text;
}

/** What the entries take when they are deflated, as a zip file has them. */
function compressed(assets: Record<string, Asset | Archive>): number {
  const contents = Object.values(assets).flatMap((entry) =>
    "text" in entry ? [Buffer.from(entry.text)] : "path" in entry ? filesIn(path.join(ROOT, entry.path)) : [],
  );
  return contents.reduce((sum, content) => sum + deflateRawSync(content).length, 0);
}

const filesIn = (folder: string): Buffer[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)));
