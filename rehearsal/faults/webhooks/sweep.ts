import { fork } from "node:child_process";
import path from "node:path";
import { open, type Rehearsal, type RehearsalOptions } from "../../rehearsal";
import { readOutputs } from "../../scenarios/steps/outputs";
import { SCENARIO_STACKS } from "../../stacks";
import type { SweepResult } from "./judge";
import type { SweepMessage, SweepRequest } from "./process";
import { FORGES } from "./proofs";
import type { Target } from "./target";

export interface SweepOptions extends Pick<RehearsalOptions, "host" | "runs"> {
  count: number;
  seed: number;
  /** Called with the number of handled deliveries. */
  onProgress?: (number: number) => void;
}

/** What was sent, and the results. */
export interface Sweep extends SweepResult {
  /** Messages that the function sent to the queue. */
  messages: number;
}

/** A repository on each forge, each with its own application. */
const settings = {
  "slipway:deploymentApi": false,
  "slipway:applications": FORGES.map((forge) => ({
    name: `shop-${forge}`,
    source: { push: { forge, repository: `acme/${forge}`, branch: "main" } },
    services: [{ name: "worker", command: ["node", "worker.js"] }],
  })),
};

/**
 * Sends generated deliveries of all forges to the webhook function, as API Gateway does: the function runs from its
 * archive, in one process, with its role and declared environment. Nothing polls the queue.
 */
export async function sweepWebhooks({ count, seed, onProgress, ...options }: SweepOptions): Promise<Sweep> {
  const rehearsal = await open({
    stack: "dev",
    stackFiles: SCENARIO_STACKS,
    speed: 1,
    overrides: settings,
    starts: false,
    ...options,
  });
  try {
    const sent = () => rehearsal.account.trail.filter(({ operation }) => operation === "SendMessage").length;
    const before = sent();
    const result = await run(rehearsal, { count, seed, ...(onProgress && { onProgress }) });
    return { ...result, messages: sent() - before };
  } finally {
    await rehearsal.close();
  }
}

async function run(
  rehearsal: Rehearsal,
  { count, seed, onProgress }: Pick<SweepOptions, "count" | "seed" | "onProgress">,
): Promise<SweepResult> {
  const { module, environment } = await functionOf(rehearsal);
  const child = fork(path.join(__dirname, "process.ts"), [], {
    execArgv: ["-r", "ts-node/register/transpile-only"],
    env: environment,
    // The function's logs of each delivery are not needed.
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  try {
    return await new Promise<SweepResult>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the webhook's process ended with exit code ${code}`)));
      child.on("message", (message: SweepMessage) => {
        if (message.kind === "result") resolve(message.result);
        else onProgress?.(message.number);
      });
      child.send({ module, targets: targetsOf(rehearsal), seed, count } satisfies SweepRequest);
    });
  } finally {
    child.removeAllListeners("exit");
    child.kill();
  }
}

/** The declared webhook function, with credentials of its role. */
async function functionOf({ account, stacks }: Rehearsal) {
  const declared = stacks
    .flatMap(({ program }) => program.registrations)
    .find(({ type, name }) => type === "aws:lambda/function:Function" && /webhook/.test(name));
  if (declared === undefined) throw new Error("the program declares no function whose name has webhook in it");
  const { role, handler, environment } = declared.inputs as {
    role: string;
    handler: string;
    environment: { variables: Record<string, string> };
  };
  const credentials = await account.assumeRole("lambda.amazonaws.com", role);
  return {
    module: path.join(account.directory, "functions", String(declared.outputs.name), handler.split(".")[0] ?? ""),
    environment: {
      PATH: process.env.PATH,
      // Lambda's runtime brings the SDK along.
      NODE_PATH: path.resolve(__dirname, "../../../node_modules"),
      ...environment.variables,
      AWS_ENDPOINT_URL: account.endpointUrl,
      AWS_REGION: account.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
    },
  };
}

function targetsOf({ stacks }: Rehearsal): Target[] {
  const { webhookUrls = {}, webhookSecrets = {} } = readOutputs(stacks[0]?.program.outputs ?? {});
  return Object.entries(webhookUrls).map(([key, url]) => {
    const { pathname } = new URL(url);
    const forge = FORGES.find((it) => pathname.includes(it));
    const secret = webhookSecrets[key];
    if (forge === undefined || secret === undefined)
      throw new Error(`the output webhookUrls has ${key}, of no known forge`);
    return { forge, path: pathname, secret, repository: `acme/${forge}` };
  });
}
