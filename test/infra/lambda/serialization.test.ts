import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { createDeploy } from "../../../handlers/deploy";
import { createTag } from "../../../handlers/tag";
import { createWebhook } from "../../../handlers/webhook";
import { fingerprint, serializeOnce } from "../../../infra/lambda/serialization";

const root = path.resolve(__dirname, "../../..");

describe("serialized callbacks", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "slipway-serialization-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("are kept as they were made, each in a file of its own", async () => {
    const texts = [
      await serializeOnce(createTag, path.join(folder, "one")),
      await serializeOnce(createWebhook, path.join(folder, "one")),
    ];
    const files = readdirSync(path.join(folder, "one")).map((name) =>
      readFileSync(path.join(folder, "one", name), "utf8"),
    );
    expect(files).to.have.members(texts);
    expect(texts[0]).to.match(/exports\.handler = /);
  });

  it("are taken from where they are kept", async () => {
    await serializeOnce(createTag, path.join(folder, "one"));
    const [file = ""] = readdirSync(path.join(folder, "one"));
    writeFileSync(path.join(folder, "one", file), "kept");
    expect(await serializeOnce(createTag, path.join(folder, "one"))).to.equal("kept");
  });

  it("of other sources are removed when one is added", async () => {
    mkdirSync(path.join(folder, "former"));
    await serializeOnce(createTag, path.join(folder, "one"));
    expect(readdirSync(folder)).to.deep.equal(["one"]);
  });

  it("are made all the same where nothing can be written", async () => {
    writeFileSync(path.join(folder, "file"), "");
    expect(await serializeOnce(createTag, path.join(folder, "file", "one"))).to.match(/exports\.handler = /);
  });
});

describe("a serialized callback", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "slipway-serialization-"));
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const records = { table: "t", queueUrl: "https://q", pipeline: "dev-storefront" };
  const deploy = { application: "storefront", cluster: "slipway", services: [], deadlineMinutes: 30, records };
  const requests = { topicArn: "topic", repository: "storefront", tag: "dev" };
  const cases: [title: string, options: object, clients: string[]][] = [
    ["only", deploy, ["codepipeline", "dynamodb", "ecr", "ecs", "sqs"]],
    ["also by HTTP", { ...deploy, requests }, ["codepipeline", "dynamodb", "ecr", "ecs", "sns", "sqs"]],
  ];
  for (const [title, options, clients] of cases)
    it(`loads no SDK client that it does not make: deploy ${title}`, async () => {
      writeFileSync(
        path.join(folder, "__index.js"),
        await serializeOnce(createDeploy, path.join(folder, "texts", "one")),
      );
      const script = `require("./__index.js"); console.log(JSON.stringify(Object.keys(require.cache)));`;
      const env = { OPTIONS: JSON.stringify(options), AWS_REGION: "us-east-1" };
      const loaded: string[] = JSON.parse(
        execFileSync(process.execPath, ["-e", script], { cwd: folder, env, encoding: "utf8" }),
      );
      const found = loaded.flatMap((file) => /@aws-sdk\/client-([a-z0-9-]+)/.exec(file)?.[1] ?? []);
      expect([...new Set(found)].sort()).to.deep.equal(clients);
    });
});

describe("the fingerprint of what callbacks are serialized from", () => {
  const sources = [
    "handlers",
    "images/gitops-pr/pullRequestRecord.ts",
    "infra/lambda/serialization.ts",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.pulumi.json",
  ];
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(path.join(tmpdir(), "slipway-fingerprint-"));
    for (const source of sources) cpSync(path.join(root, source), path.join(copy, source), { recursive: true });
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  it("is the same for the same files, wherever they are", () => {
    expect(fingerprint(copy)).to.equal(fingerprint(root));
  });

  for (const file of ["handlers/tag/index.ts", "handlers/shared/lock.ts", ...sources.slice(1)])
    it(`is another one when ${file} changes`, () => {
      writeFileSync(path.join(copy, file), `${readFileSync(path.join(copy, file), "utf8")} `);
      expect(fingerprint(copy)).not.to.equal(fingerprint(root));
    });

  it("has every module outside of handlers that a handler imports", () => {
    const imported = readdirSync(path.join(root, "handlers"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => {
        const text = readFileSync(path.join(root, "handlers", file), "utf8");
        const folder = path.dirname(path.join("handlers", file));
        return [...text.matchAll(/from "(\.[^"]+)"/g)].map(([, name = ""]) => path.normalize(path.join(folder, name)));
      });
    const outside = imported.filter((module) => !module.startsWith("handlers")).map((module) => `${module}.ts`);
    expect(outside).to.be.not.empty;
    for (const module of outside) expect(sources).to.include(module);
  });

  it("is another one when a module is added", () => {
    writeFileSync(path.join(copy, "handlers/new.ts"), "");
    expect(fingerprint(copy)).not.to.equal(fingerprint(root));
  });
});
