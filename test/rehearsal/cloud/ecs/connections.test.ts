import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { RunTaskCommandOutput } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { file } from "../../../../rehearsal/forges/files";
import { enterpriseHost, type Forges, startForges } from "../../../../rehearsal/forges/forges";
import { pushImage } from "./containerSupport";
import { closedNetwork, openShop, type Shop, type TaskEvent } from "./support";

const OPERATOR = { kind: "operator" } as const;
const TOKEN = "token-of-acme";
const OWN_ENDPOINTS = ["ecr.api", "ecr.dkr", "s3", "logs"];

const FETCH = `const [url] = process.argv.slice(2);
  fetch(url, { redirect: "manual" }).then((it) => console.log(it.status, it.headers.get("location")),
    ({ message, cause }) => console.log(message, cause.message));`;

/** Runs git with nothing in its environment but PATH and HOME, and says who it asked for what. */
const GIT = `
  const { execFile } = require("node:child_process");
  const { writeFileSync } = require("node:fs");
  const { tmpdir } = require("node:os");
  const { promisify } = require("node:util");
  const askpass = tmpdir() + "/askpass";
  writeFileSync(askpass, '#!/bin/sh\\necho "$1" >> "$HOME/asked"\\ncase "$1" in Username*) echo x-access-token;; *) echo ${TOKEN};; esac\\n', { mode: 0o755 });
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, GIT_ASKPASS: askpass, GIT_TERMINAL_PROMPT: "0" };
  const git = (...args) => promisify(execFile)("git", args, { env, cwd: tmpdir() });
  const commit = ["-C", "work", "-c", "user.name=slipway", "-c", "user.email=slipway@acme.example", "commit", "--quiet", "--allow-empty", "-m", "Change"];
  (async () => {
    const url = process.argv[2];
    await git("clone", "--quiet", "--depth=1", url, "work");
    await git(...commit);
    const { stderr } = await git("-C", "work", "push", "origin", "HEAD:refs/heads/slipway/change");
    console.log(stderr.split("\\n")[0]);
    console.log(require("node:fs").readFileSync(HOME + "/asked", "utf8").trim().split("\\n").join("|"));
  })().catch((error) => console.log(error.stderr.trim().split("\\n").at(-1)));`;

describe("A task's connections", () => {
  let shop: Shop;
  let forges: Forges;

  beforeEach(async () => {
    shop = await openShop();
    const { addresses, clock, directory } = shop.cloud;
    forges = await startForges({ directory: path.join(directory, "forges"), addresses, clock });
  });
  afterEach(async () => {
    await forges.close();
    await shop.cloud.close();
  });

  interface Run {
    command?: string[];
    environment?: { name: string; value: string }[];
    taskRoleArn?: string;
    network?: { subnets: string[]; securityGroups: string[] };
  }

  /** Starts a task of an image that has all programs of this computer. @returns its ARN */
  async function start(program: string, { command, environment, taskRoleArn, network }: Run = {}): Promise<string> {
    const image = await pushImage(shop.cloud, "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:v1", {
      Dockerfile: 'FROM node:24\nWORKDIR /app\nCOPY server.js .\nCMD ["node", "server.js"]\n',
      "server.js": program,
    });
    const container = { ...(command && { command }), ...(environment && { environment }) };
    const taskDefinition = await shop.register(image, container, taskRoleArn === undefined ? {} : { taskRoleArn });
    const { subnets, securityGroups } = network ?? {
      subnets: shop.web.privateSubnets.slice(0, 1),
      securityGroups: [shop.web.taskGroup],
    };
    const { tasks } = await shop.cloud.call<object, RunTaskCommandOutput>(OPERATOR, "ecs", "RunTask", {
      cluster: "main",
      taskDefinition,
      launchType: "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets, securityGroups } },
    });
    return tasks?.[0]?.taskArn ?? "";
  }

  const ended = () =>
    shop.cloud.until((it): it is TaskEvent => it.kind === "task" && it.status === "STOPPED" && it.family === "web");

  /** The lines that the task wrote until its own end. */
  async function run(program: string, options: Run = {}): Promise<string[]> {
    const end = ended();
    await start(program, options);
    expect((await end).exitCode).to.equal(0);
    return shop.lines();
  }

  const connections = (): CloudEvent[] => shop.cloud.events.filter((it) => it.kind === "connection");
  const shortened = () =>
    JSON.parse(JSON.stringify(connections()).replace(/\b(subnet|rtb|nat|pl)-[0-9a-f]+\b/g, "$1")) as CloudEvent[];
  const reached = (host: string) => ({
    kind: "connection",
    from: "web",
    host,
    port: 443,
    path: ["subnet (us-east-1a)", "0.0.0.0/0 in rtb", "nat"],
  });

  async function privateRepository(name: string, site?: string) {
    const repository = await forges.createRepository(name, site);
    await repository.commit({ "README.md": file("1\n") }, "Begin");
    forges.protect(repository, TOKEN);
    return repository;
  }

  it("reach hosts outside by their own names, and are told once", async () => {
    await forges.createRepository("acme/storefront");
    const twice = `${FETCH} fetch(url, { redirect: "manual" });`;
    const url = "https://github.com/acme/storefront/archive/main.zip";
    expect(await run(twice, { command: ["node", "server.js", url] })).to.deep.equal([
      "302 https://codeload.github.com/acme/storefront/zip/main",
    ]);
    expect(shortened()).to.deep.equal([reached("github.com")]);
  });

  it("do not come about where the route is missing", async () => {
    const network = await closedNetwork(shop, OWN_ENDPOINTS);
    const url = "https://github.com/acme/storefront";
    expect(await run(FETCH, { command: ["node", "server.js", url], network })).to.deep.equal([
      "fetch failed connect ETIMEDOUT 20.205.243.166:443",
    ]);
    const { path: _, ...event } = reached("github.com");
    const reason = "subnet (us-east-1a) has no route to github.com (20.205.243.166): rtb has only 10.60.0.0/16, pl";
    expect(shortened()).to.deep.equal([{ ...event, reason }]);
  });

  const unknown: [what: string, program: string, line: string][] = [
    ["by fetch", FETCH, "fetch failed getaddrinfo ENOTFOUND gone.example"],
    [
      "by a module of Node's",
      'require("node:https").get("https://github.com/").on("error", (error) => console.log(error.message));',
      "getaddrinfo ENOTFOUND github.com",
    ],
    [
      "by a socket",
      'require("node:net").connect(443, "github.com").on("error", (error) => console.log(error.message));',
      "getaddrinfo ENOTFOUND github.com",
    ],
  ];
  for (const [what, program, line] of unknown)
    it(`end at this machine ${what}`, async () => {
      expect(await run(program, { command: ["node", "server.js", "https://gone.example/"] })).to.deep.equal([line]);
      expect(connections()).to.deep.equal([]);
    });

  for (const [site, name] of [
    ["github.com", "acme/gitops"],
    [enterpriseHost, "acme/clusters"],
  ] as const)
    it(`lead git to ${site}, which asks for its credentials under that name`, async () => {
      const repository = await privateRepository(name, site);
      const url = `https://${site}/${name}.git`;
      const asked = [`Username for 'https://${site}': `, `Password for 'https://x-access-token@${site}': `];
      expect(await run(GIT, { command: ["node", "server.js", url] })).to.deep.equal([
        `To ${url}`,
        [...asked, ...asked].join("|").trim(),
      ]);
      // The forge records a push when its own git has ended, which may be after the task's.
      while (forges.pushes.length === 0) await new Promise(setImmediate);
      const [pushed] = forges.pushes;
      expect([pushed?.repository.name, pushed?.update.ref, pushed?.message]).to.deep.equal([
        repository.name,
        "refs/heads/slipway/change",
        "Change",
      ]);
      expect(shortened()).to.deep.equal([reached(site)]);
    });

  const failures: [what: string, url: string, prepare: () => Promise<Run["network"]>, line: RegExp][] = [
    [
      "where the route is missing",
      "https://github.com/acme/gitops.git",
      () => closedNetwork(shop, OWN_ENDPOINTS),
      /^fatal: unable to access 'https:\/\/github\.com\/acme\/gitops\.git\/': .*504/,
    ],
    [
      "to a host that does not exist",
      "https://gone.example/acme/gitops.git",
      async () => undefined,
      /^fatal: unable to access 'https:\/\/gone\.example\/acme\/gitops\.git\/': .*502/,
    ],
    [
      "to a forge that resets its connections",
      "https://github.com/acme/gitops.git",
      async () => {
        forges.fault = { kind: "unreachable" };
        return undefined;
      },
      /^fatal: unable to access 'https:\/\/github\.com\/acme\/gitops\.git\/': /,
    ],
    [
      "to a repository that is not there",
      "https://github.com/acme/none.git",
      async () => undefined,
      /^fatal: Authentication failed for 'https:\/\/github\.com\/acme\/none\.git\/'$/,
    ],
  ];
  for (const [what, url, prepare, line] of failures)
    it(`fail git ${what}`, async () => {
      await privateRepository("acme/gitops");
      const network = await prepare();
      const lines = await run(GIT, { command: ["node", "server.js", url], ...(network && { network }) });
      expect(lines).to.have.length(1);
      expect(lines[0]).to.match(line);
    });

  it("are no use to anybody when the task has ended", async () => {
    await privateRepository("acme/gitops");
    const logged = shop.cloud.until((it): it is Extract<CloudEvent, { kind: "log" }> => it.kind === "log");
    const task = await start(
      'console.log(require("node:fs").readFileSync(process.env.HOME + "/.gitconfig", "utf8").match(/http:.*/)[0]); setInterval(() => {}, 1000);',
    );
    const proxy = (await logged).line;
    const url = `https://x-access-token:${TOKEN}@github.com/acme/gitops.git`;
    const git = () =>
      promisify(execFile)("git", ["-c", `http.proxy=${proxy}`, "-c", "http.sslVerify=false", "ls-remote", url], {
        env: { PATH: process.env.PATH, HOME: shop.cloud.directory },
      });
    expect((await git()).stdout).to.match(/^[0-9a-f]{40}\tHEAD\n[0-9a-f]{40}\trefs\/heads\/main\n$/);
    const end = ended();
    await shop.cloud.call(OPERATOR, "ecs", "StopTask", { cluster: "main", task });
    await end;
    const error = await git().catch((failed: { stderr: string }) => failed);
    expect(error.stderr).to.match(/Failed to connect to 127\.0\.0\.1 port \d+/);
  });

  const CALL = `const { SecretsManagerClient, GetSecretValueCommand } = require("@aws-sdk/client-secrets-manager");
    new SecretsManagerClient({ maxAttempts: 1 }).send(new GetSecretValueCommand({ SecretId: "token" }))
      .then((it) => console.log(it.SecretString), (error) => console.log(error.code ?? error.name));`;

  const host = "secretsmanager.us-east-1.amazonaws.com";
  const ways: [what: string, endpoints: string[], line: string, told: string[]][] = [
    [
      "no way",
      OWN_ENDPOINTS,
      "ECONNRESET",
      [`subnet (us-east-1a) has no route to ${host} (198.51.100.15): rtb has only 10.60.0.0/16, pl`],
    ],
    ["an endpoint", [...OWN_ENDPOINTS, "secretsmanager"], "s", []],
  ];
  /** @returns what a task needs to run {@link CALL} */
  async function caller(): Promise<Run> {
    const { cloud } = shop;
    const { id } = await cloud.declare("aws:secretsmanager/secret:Secret", "token", { name: "token" });
    await cloud.declare("aws:secretsmanager/secretVersion:SecretVersion", "token", {
      secretId: id,
      secretString: "s",
    });
    const reading = { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" };
    const taskRoleArn = await cloud.role("tasks", "ecs-tasks.amazonaws.com", [reading]);
    // A program outside of the image may load what the image has not: the SDK.
    const program = path.join(cloud.directory, "reader.js");
    await writeFile(program, CALL);
    const environment = [{ name: "NODE_PATH", value: path.resolve("node_modules") }];
    return { command: ["node", program], environment, taskRoleArn };
  }

  for (const [what, endpoints, line, told] of ways)
    it(`to AWS are those of its network too: ${what}`, async () => {
      const network = await closedNetwork(shop, endpoints);
      expect(await run("", { ...(await caller()), network })).to.deep.equal([line]);
      expect(shortened()).to.deep.equal(
        told.map((reason) => ({ kind: "connection", from: "web", host, port: 443, reason })),
      );
    });

  it("to AWS are signed with credentials that are good for hours by the account's time", async () => {
    const { clock } = shop.cloud;
    await clock.turn(Date.now() + 24 * 60 * 60_000 - clock.now());
    const taskRoleArn = await shop.cloud.role("tasks", "ecs-tasks.amazonaws.com", []);
    const program = `fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI).then((it) => it.json()).then((it) =>
      console.log(it.RoleArn, Math.round((Date.parse(it.Expiration) - Date.now()) / 3_600_000)));`;
    expect(await run(program, { taskRoleArn })).to.deep.equal([`${taskRoleArn} 6`]);
  });
});
