import { existsSync } from "node:fs";
import path from "node:path";
import type { RunTaskCommandOutput } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { pushImage, writeFiles } from "./containerSupport";
import { openShop, type Shop, type TaskEvent } from "./support";

const MAIN = `
import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { greet, type Greeting } from "./greet.ts";
const greeting: Greeting = { name: "task" };
console.log(greet(greeting));
for (const name of ["inner", "stray", "stray/file.js", process.env.OUTSIDE ?? ""])
  console.log(await import(name).then((it) => it.default, (error: Error) => error.message.split("\\n")[0]));
writeFileSync(tmpdir() + "/left", "");
console.log(tmpdir());
`;
const GREET = `
export interface Greeting { name: string }
export const greet = ({ name }: Greeting): string => \`hello \${name}\`;
`;

describe("A task's files", () => {
  let shop: Shop;

  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.cloud.close());

  it("are those of its image alone, for TypeScript modules too, and are gone with it", async () => {
    const { cloud } = shop;
    // Node would find it: it looks into the folders above a module.
    await writeFiles(path.join(cloud.directory, "node_modules/stray"), {
      "package.json": '{ "name": "stray", "exports": { ".": "./file.js", "./file.js": "./file.js" } }',
      "file.js": 'module.exports = "stray";',
    });
    const image = await pushImage(cloud, "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:v1", {
      Dockerfile: 'FROM node:24\nWORKDIR /app\nCOPY . .\nCMD ["node", "main.ts"]\n',
      ".dockerignore": ".docker\n",
      "package.json": '{ "type": "module" }',
      "main.ts": MAIN,
      "greet.ts": GREET,
      "node_modules/inner/package.json": '{ "name": "inner", "exports": "./index.js" }',
      "node_modules/inner/index.js": 'module.exports = "inner";',
    });
    const external = path.resolve("package.json");
    const taskDefinition = await shop.register(image, { environment: [{ name: "OUTSIDE", value: external }] });
    const ended = cloud.until((it): it is TaskEvent => it.kind === "task" && it.status === "STOPPED");
    await cloud.call<object, RunTaskCommandOutput>({ kind: "operator" }, "ecs", "RunTask", {
      cluster: "main",
      taskDefinition,
      launchType: "FARGATE",
      networkConfiguration: {
        awsvpcConfiguration: { subnets: shop.web.privateSubnets, securityGroups: [shop.web.taskGroup] },
      },
    });
    const { exitCode, taskArn } = await ended;
    const [temporary = "", ...lines] = shop.lines().reverse();
    expect([exitCode, ...lines.reverse()]).to.deep.equal([
      0,
      "hello task",
      "inner",
      "Cannot find module 'stray' (it is not in the image)",
      "Cannot find module 'stray/file.js' (it is not in the image)",
      `Cannot find module '${external}' (it is not in the image)`,
    ]);
    expect(temporary).to.equal(
      path.join(cloud.directory, "ecs", "tasks", taskArn.split("/").at(-1) ?? "", "app", "tmp"),
    );
    expect(existsSync(temporary)).to.equal(false);
  });
});
