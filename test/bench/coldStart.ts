import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createDeploy } from "../../handlers/deploy";
import type { DeployOptions } from "../../handlers/deploy/options";
import { createWebhook } from "../../handlers/webhook";
import { type HandlerFactory, serialize } from "../../infra/lambda/serialization";

const RUNS = 9;

const queueUrl = "https://sqs.us-east-1.amazonaws.com/123456789012/slipway-deployments";
const deploy: DeployOptions = {
  application: "storefront",
  cluster: "slipway",
  services: [],
  deadlineMinutes: 30,
  records: { table: "slipway-deployments", queueUrl, pipeline: "dev-storefront" },
};
const requests = {
  topicArn: "arn:aws:sns:us-east-1:123456789012:slipway-notices",
  repository: "storefront",
  tag: "dev",
};

const FUNCTIONS: [name: string, factory: HandlerFactory<never>, options: object][] = [
  ["deploy", createDeploy, deploy],
  ["deploy, also by HTTP", createDeploy, { ...deploy, requests }],
  ["webhook", createWebhook, { secretArn: "webhook", queueUrl, sources: [] }],
];

/** What the runtime does before the first event: it loads the file. Tells the processor time and the SDK's packages. */
const RUNTIME = `
const before = process.cpuUsage();
require("./__index.js");
const { user, system } = process.cpuUsage(before);
const files = Object.keys(require.cache).map((file) => /@aws-sdk\\/client-[a-z0-9-]+/.exec(file)?.[0]);
console.log(JSON.stringify({ milliseconds: (user + system) / 1000, packages: [...new Set(files.filter(Boolean))].sort() }));
`;

interface Start {
  /** Of processor time. */
  milliseconds: number;
  packages: string[];
}

/** What a function takes until it can be invoked, against one that makes the same clients of the SDK and does nothing else. */
export async function coldStart(root: string): Promise<string[]> {
  const lines: string[] = [];
  for (const [name, factory, options] of FUNCTIONS) {
    const text = await serialize(factory);
    const first = start(root, text, options);
    const bare = bareFunction(first.packages);
    // In turn: what else the machine does meanwhile slows both down.
    const pairs = Array.from({ length: RUNS }, () => [start(root, text, options), start(root, bare, {})] as const);
    const own = median(pairs.map(([it]) => it.milliseconds));
    const least = median(pairs.map(([, it]) => it.milliseconds));
    const clients = `${first.packages.length} clients`;
    lines.push(
      `${name}: ${own.toFixed(0)} ms, ratio ${(own / least).toFixed(2)} to a bare function of the same ${clients}`,
    );
  }
  return lines;
}

const bareFunction = (packages: string[]): string => `
for (const sdk of ${JSON.stringify(packages)}.map(require)) {
  const name = Object.keys(sdk).find((it) => /^[A-Z]\\w*Client$/.test(it));
  new sdk[name]({});
}
exports.handler = async () => undefined;
`;

function start(root: string, text: string, options: object): Start {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-cold-"));
  try {
    writeFileSync(path.join(folder, "__index.js"), text);
    writeFileSync(path.join(folder, "runtime.js"), RUNTIME);
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    const env = { OPTIONS: JSON.stringify(options), AWS_REGION: "us-east-1" };
    return JSON.parse(execFileSync(process.execPath, ["runtime.js"], { cwd: folder, env, encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
