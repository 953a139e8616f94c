import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { until } from "./containerSupport";
import { EXECUTION, LOG_CONFIGURATION, type Shop, serverOf } from "./support";
import { openTasks, type Tasks, writing } from "./taskSupport";

describe("ECS tasks", () => {
  let tasks: Tasks;
  let shop: Shop;

  beforeEach(async () => {
    tasks = await openTasks();
    ({ shop } = tasks);
  });
  afterEach(() => shop.cloud.close());

  it("tell the account's time, however far ahead it is when they start", async () => {
    const day = 24 * 3_600_000;
    await shop.cloud.clock.turn(10_000 * day);
    const image = await shop.push("v1", writing("new Date().toISOString()"));
    const told = Date.parse(await tasks.firstLine(image));
    expect(Math.round((told - shop.cloud.clock.now()) / day)).to.equal(0);
  });

  it("have the environment of the image, the task definition and Fargate, and nothing else", async () => {
    const image = await shop.push("v1", writing("JSON.stringify(process.env)"));
    const environment = [
      { name: "COLOR", value: "" },
      { name: "NODE_OPTIONS", value: "--no-warnings" },
    ];
    const { PATH, HOME, TMPDIR, NODE_OPTIONS, AWS_ENDPOINT_URL, ...rest } = JSON.parse(
      await tasks.firstLine(image, { environment }),
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
    await tasks.firstLine(await shop.push("v1", writing('"hello"')));
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
    expect(await tasks.firstLine(image, { secrets })).to.equal('{"user":"shop","port":5432},shop,k');
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
    expect(await tasks.firstLine(image, { command: ["node", program], environment }, { taskRoleArn })).to.match(
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
      expect(await tasks.firstLine(await shop.push("v1", server), { environment })).to.match(line);
    });

  it("lose lines that they may not deliver, and go on", async () => {
    shop.executionRole = await shop.cloud.role("silent", "ecs-tasks.amazonaws.com", [
      EXECUTION.token,
      EXECUTION.pull,
      { ...EXECUTION.logs, Action: ["logs:CreateLogStream"] },
    ]);
    await tasks.run(await shop.register(await shop.push("v1", serverOf("v1"))), "RUNNING");
    const denied = shop.cloud.trail.filter((entry) => entry.outcome === "denied").map((entry) => entry.operation);
    expect(denied).to.deep.equal(["PutLogEvents"]);
    expect(shop.lines()).to.deep.equal([]);
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
    expect(await tasks.firstLine(image, {}, { containerDefinitions })).to.equal("neighbour");
  });

  it("are ended when their stop timeout is over", async () => {
    const image = await shop.push("v1", `process.on("SIGTERM", () => console.log("not yet")); ${writing('"up"')}`);
    await tasks.run(await shop.register(image, { stopTimeout: 120 }), "RUNNING");
    const stopped = tasks.taskEvent("STOPPED");
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
    const stopped = await tasks.run(await shop.register(image, {}, { containerDefinitions }), "STOPPED");
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
