import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { createPuller } from "../../../../rehearsal/cloud/ecs/pull";
import type { Cloud } from "../../../../rehearsal/cloud/service";
import { until } from "./containerSupport";
import { EXECUTION, LOG_CONFIGURATION, openShop, type Shop, serverOf, type TaskEvent } from "./support";

/** A process that writes this, and then waits for its end. */
const writing = (expression: string): string => `console.log(${expression}); setInterval(() => {}, 1000);`;

describe("ECS tasks", () => {
  let shop: Shop;

  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.cloud.close());

  const taskEvent = (status: TaskEvent["status"]) =>
    shop.cloud.until((event): event is TaskEvent => event.kind === "task" && event.status === status);

  /** Runs a task of a service that has no load balancer, and resolves with the event of its status. */
  async function run(taskDefinition: string, status: TaskEvent["status"], inputs: object = {}): Promise<TaskEvent> {
    const event = taskEvent(status);
    await shop.declareService(taskDefinition, { desiredCount: 1, loadBalancers: [], ...inputs });
    await shop.cloud.start();
    return event;
  }

  /** The first line that the task writes. */
  async function firstLine(image: string, container: object = {}, task: object = {}): Promise<string> {
    const line = shop.cloud.until((event): event is Extract<typeof event, { kind: "log" }> => event.kind === "log");
    await shop.declareService(await shop.register(image, container, task), { desiredCount: 1, loadBalancers: [] });
    await shop.cloud.start();
    return (await line).line;
  }

  it("tell the account's time, however far ahead it is when they start", async () => {
    const day = 24 * 3_600_000;
    await shop.cloud.clock.turn(10_000 * day);
    const image = await shop.push("v1", writing("new Date().toISOString()"));
    const told = Date.parse(await firstLine(image));
    expect(Math.round((told - shop.cloud.clock.now()) / day)).to.equal(0);
  });

  it("have the environment of the image, the task definition and Fargate, and nothing else", async () => {
    const image = await shop.push("v1", writing("JSON.stringify(process.env)"));
    const environment = [
      { name: "COLOR", value: "" },
      { name: "NODE_OPTIONS", value: "--no-warnings" },
    ];
    const { PATH, HOME, TMPDIR, NODE_OPTIONS, AWS_ENDPOINT_URL, ...rest } = JSON.parse(
      await firstLine(image, { environment }),
    );
    expect(rest).to.deep.equal({
      GREETING: "image",
      COLOR: "",
      NODE_VERSION: process.versions.node,
      AWS_REGION: "us-east-1",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_EXECUTION_ENV: "AWS_ECS_FARGATE",
    });
    const own = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];
    const programs = path.join(shop.cloud.directory, "ecs/programs/debian-slim");
    expect(PATH.split(":")).to.deep.equal([...own.map((it) => `${HOME}/root/${it}`), programs]);
    expect(HOME).to.include(shop.cloud.directory);
    expect(TMPDIR).to.equal(`${HOME}/tmp`);
    expect(NODE_OPTIONS).to.match(/^--require ".*preload\.js" --no-warnings$/);
    expect(AWS_ENDPOINT_URL).to.equal(shop.cloud.endpointUrl);
  });

  it("write to a stream of their own", async () => {
    await firstLine(await shop.push("v1", writing('"hello"')));
    const [task] = await shop.tasks();
    const id = task?.taskArn?.split("/").at(-1);
    const logs = shop.cloud.events.filter((event) => event.kind === "log");
    expect(logs).to.deep.equal([{ kind: "log", group: "shop", stream: `web/app/${id}`, line: "hello" }]);
  });

  it("get secrets from Secrets Manager, whole or by key, and from parameters", async () => {
    const { id } = await shop.cloud.declare("aws:secretsmanager/secret:Secret", "database", { name: "database" });
    await shop.cloud.declare("aws:secretsmanager/secretVersion:SecretVersion", "database", {
      secretId: id,
      secretString: '{"user":"shop","port":5432}',
    });
    const parameter = { name: "/shop/key", type: "SecureString", value: "k" };
    const { outputs } = await shop.cloud.declare("aws:ssm/parameter:Parameter", "key", parameter);
    shop.executionRole = await shop.cloud.role("reader", "ecs-tasks.amazonaws.com", [
      ...Object.values(EXECUTION),
      { Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: [id] },
      { Effect: "Allow", Action: ["ssm:GetParameters"], Resource: [outputs.arn] },
    ]);
    const image = await shop.push("v1", writing("[process.env.ALL, process.env.USER_NAME, process.env.KEY].join()"));
    const secrets = [
      { name: "ALL", valueFrom: id },
      { name: "USER_NAME", valueFrom: `${id}:user::` },
      { name: "KEY", valueFrom: "/shop/key" },
    ];
    expect(await firstLine(image, { secrets })).to.equal('{"user":"shop","port":5432},shop,k');
  });

  it("act under their task role", async () => {
    const taskRoleArn = await shop.cloud.role("tasks", "ecs-tasks.amazonaws.com", [
      { Effect: "Allow", Action: ["sqs:ListQueues"], Resource: ["*"] },
    ]);
    // Not of the image: that could not load the project's packages.
    const program = path.join(shop.cloud.directory, "reader.js");
    await writeFile(
      program,
      `const { SecretsManagerClient, GetSecretValueCommand } = require("@aws-sdk/client-secrets-manager");
       new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: "database" }))
         .catch((error) => console.log(error.name, error.message));
       setInterval(() => {}, 1000);`,
    );
    const image = await shop.push("v1", serverOf("v1"));
    const environment = [{ name: "NODE_PATH", value: path.resolve("node_modules") }];
    expect(await firstLine(image, { command: ["node", program], environment }, { taskRoleArn })).to.match(
      /^AccessDeniedException User: arn:aws:sts::123456789012:assumed-role\/tasks\/\S+ is not authorized to perform: secretsmanager:GetSecretValue/,
    );
  });

  const loads: [name: string, statement: string, line: RegExp][] = [
    ["a package of the project", 'require("yaml")', /^Cannot find module 'yaml' \(it is not in the image\)$/],
    [
      "a file of the project by its path",
      `require(${JSON.stringify(path.resolve("package.json"))})`,
      /^Cannot find module '\/.*\/package\.json' \(it is not in the image\)$/,
    ],
    [
      "a module of the project by import",
      'await import("yaml")',
      /^Cannot find module 'yaml' \(it is not in the image\)$/,
    ],
    ["Node's own and its own", 'require("node:os"); require("fs"); require("./server.js")', /^loaded$/],
  ];
  for (const [name, statement, line] of loads)
    it(`load ${name} as they would on AWS`, async () => {
      const server = `if (require.main === module) (async () => { ${statement}; return "loaded"; })()
        .catch((error) => error.message.split("\\n")[0]).then(console.log);
        setInterval(() => {}, 1000);`;
      // The task's folder is not inside the project here, from where Node would find its packages by itself.
      const environment = [{ name: "NODE_PATH", value: path.resolve("node_modules") }];
      expect(await firstLine(await shop.push("v1", server), { environment })).to.match(line);
    });

  const grants: [action: string, reason: RegExp][] = [
    [
      "ecr:GetAuthorizationToken",
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*AccessDeniedException: /,
    ],
    [
      "ecr:BatchGetImage",
      /^CannotPullContainerError: pull image manifest has been retried 1 time\(s\): .*403 Forbidden: /,
    ],
    ["ecr:BatchCheckLayerAvailability", /^CannotPullContainerError: ref pull has been retried 1 time\(s\): /],
    ["ecr:GetDownloadUrlForLayer", /^CannotPullContainerError: ref pull has been retried 1 time\(s\): /],
    ["logs:CreateLogStream", /^ResourceInitializationError: failed to validate logger args: .*AccessDeniedException: /],
    [
      "secretsmanager:GetSecretValue",
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*unable to retrieve secret from asm: /,
    ],
  ];
  for (const [missing, reason] of grants)
    it(`do not start without ${missing}, and say why`, async () => {
      const { id } = await shop.cloud.declare("aws:secretsmanager/secret:Secret", "database", { name: "database" });
      await shop.cloud.declare("aws:secretsmanager/secretVersion:SecretVersion", "database", {
        secretId: id,
        secretString: "x",
      });
      const secrets = { Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: [id] };
      const statements = [...Object.values(EXECUTION), secrets].map((statement) => ({
        ...statement,
        Action: statement.Action.map((action) => (action === missing ? "ecr:TagResource" : action)),
      }));
      shop.executionRole = await shop.cloud.role("lacking", "ecs-tasks.amazonaws.com", statements);
      const image = await shop.push("v1", writing("1"));
      const taskDefinition = await shop.register(image, { secrets: [{ name: "X", valueFrom: id }] });
      const stopped = await run(taskDefinition, "STOPPED");
      expect(stopped.reason).to.match(reason);
      expect(stopped.reason).to.match(
        new RegExp(`assumed-role/lacking/\\S+ is not authorized to perform: ${missing} on resource: `),
      );
      expect(stopped.exitCode).to.equal(undefined);
      const [task] = await shop.tasks("STOPPED");
      expect([task?.stopCode, task?.containers?.[0]?.reason]).to.deep.equal(["TaskFailedToStart", stopped.reason]);
    });

  it("lose lines that they may not deliver, and go on", async () => {
    shop.executionRole = await shop.cloud.role("silent", "ecs-tasks.amazonaws.com", [
      EXECUTION.token,
      EXECUTION.pull,
      { ...EXECUTION.logs, Action: ["logs:CreateLogStream"] },
    ]);
    await run(await shop.register(await shop.push("v1", serverOf("v1"))), "RUNNING");
    const denied = shop.cloud.trail.filter((entry) => entry.outcome === "denied").map((entry) => entry.operation);
    expect(denied).to.deep.equal(["PutLogEvents"]);
    expect(shop.lines()).to.deep.equal([]);
  });

  it("say why a layer cannot be downloaded", async () => {
    const image = await shop.push("v1", writing("1"));
    const call: Cloud["call"] = async (caller, service, operation, input) =>
      operation === "GetDownloadUrlForLayer"
        ? JSON.parse('{ "downloadUrl": "http://127.0.0.1:1/blob" }')
        : shop.cloud.call(caller, service, operation, input);
    const cloud: Cloud = Object.create(shop.cloud, { call: { value: call } });
    const refused = await createPuller(cloud)({ kind: "operator" }, image).catch((error) => error.message);
    expect(refused).to.equal(
      `ref pull has been retried 1 time(s): failed to copy: ${image}: GET request to http://127.0.0.1:1/blob: connect ECONNREFUSED 127.0.0.1:1`,
    );
  });

  it("do not start under a role that does not trust them", async () => {
    shop.executionRole = await shop.cloud.role("execution", "lambda.amazonaws.com", Object.values(EXECUTION));
    const { reason } = await run(await shop.register(await shop.push("v1", writing("1"))), "STOPPED");
    expect(reason).to.match(/^ECS was unable to assume the role 'arn:aws:iam::123456789012:role\/execution'/);
  });

  const starts: [name: string, container: object, inputs: () => object, reason: RegExp][] = [
    [
      "an image that is not there",
      { image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:none" },
      () => ({}),
      /^CannotPullContainerError: .*shop:none: not found$/,
    ],
    [
      "an image of another registry",
      { image: "docker.io/library/redis:8" },
      () => ({}),
      /^CannotPullContainerError: .*the rehearsal pulls only from 123456789012\.dkr\.ecr/,
    ],
    [
      "a program that is not there",
      { entryPoint: ["./missing"] },
      () => ({}),
      /^CannotStartContainerError: .*exec: "\.\/missing": /,
    ],
    [
      "no way to the registry",
      {},
      () => ({ networkConfiguration: { subnets: shop.web.publicSubnets, securityGroups: [shop.web.taskGroup] } }),
      /^ResourceInitializationError: .*i\/o timeout: .*has no public address: set assignPublicIp/,
    ],
    [
      "no way out of its security group",
      {},
      () => ({ networkConfiguration: { subnets: shop.web.privateSubnets, securityGroups: [] } }),
      /^ResourceInitializationError: .*do not reach port 443/,
    ],
  ];
  for (const [name, container, inputs, reason] of starts)
    it(`do not start with ${name}`, async () => {
      const taskDefinition = await shop.register(await shop.push("v1", writing("1")), container);
      expect((await run(taskDefinition, "STOPPED", inputs())).reason).to.match(reason);
    });

  it("reach the ports of their own task where they really are", async () => {
    const image = await shop.push(
      "v1",
      `if (process.argv[2] !== "client") require("node:http").createServer((_, response) => response.end("neighbour")).listen(9000);
       else (async function ask() {
         const answer = await fetch("http://localhost:9000").catch(() => setTimeout(ask, 50));
         if (answer.text) console.log(await answer.text());
       })();`,
    );
    const client = { name: "client", image, command: ["node", "server.js", "client"], essential: false };
    const containerDefinitions = [
      { name: "app", image },
      { ...client, logConfiguration: LOG_CONFIGURATION },
    ];
    expect(await firstLine(image, {}, { containerDefinitions })).to.equal("neighbour");
  });

  it("are ended when their stop timeout is over", async () => {
    const image = await shop.push("v1", `process.on("SIGTERM", () => console.log("not yet")); ${writing('"up"')}`);
    await run(await shop.register(image, { stopTimeout: 120 }), "RUNNING");
    const stopped = taskEvent("STOPPED");
    await shop.update({ desiredCount: 0 });
    expect((await stopped).exitCode).to.equal(137);
    expect(shop.lines()).to.deep.equal(["up", "not yet"]);
  });

  it("end with a container that is essential, and stop the others", async () => {
    const image = await shop.push(
      "v1",
      'if (process.argv[2]) setTimeout(() => process.exit(4), 1200); else process.once("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000);',
    );
    const containerDefinitions = [
      { name: "app", image },
      { name: "helper", image, command: ["node", "server.js", "exit"] },
    ];
    const stopped = await run(await shop.register(image, {}, { containerDefinitions }), "STOPPED");
    expect(stopped.reason).to.equal("Essential container in task exited");
    const [task] = await shop.tasks("STOPPED");
    expect(task?.containers?.map((it) => [it.name, it.exitCode])).to.deep.equal([
      ["app", 0],
      ["helper", 4],
    ]);
  });

  it("do not outlive a rehearsal that is killed", async () => {
    const parent = spawn(
      process.execPath,
      ["-r", "ts-node/register/transpile-only", path.join(__dirname, "../../programs", "abandonedTasks.ts")],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const lines = createInterface({ input: parent.stdout });
    const [line] = await once(lines, "line");
    const { pid, directory } = JSON.parse(line);
    expect(runs(pid)).to.equal(true);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await until(() => !runs(pid));
    await rm(directory, { recursive: true });
  });
});

function runs(pid: number): boolean {
  try {
    // Signal 0 only asks whether there is such a process.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
