import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { type AttributeValue, type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { newRecord } from "../../handlers/pullRequests/record";
import { createRecord, moveRecord, readRecord, restartRecord } from "../../handlers/pullRequests/store";
import { createGit } from "../../images/gitops-pr/git";
import { createGitHub } from "../../images/gitops-pr/github";
import { createLog, createRedact } from "../../images/gitops-pr/log";
import type { Options } from "../../images/gitops-pr/options";
import type { PullRequestRecord, PullRequestRequest } from "../../images/gitops-pr/pullRequestRecord";
import { runTask, type Task } from "../../images/gitops-pr/task";
import { createClock } from "../../rehearsal/clock";
import { type Forges, startForges } from "../../rehearsal/forges/forges";
import { gitops, importGitops } from "../../rehearsal/forges/gitops";
import type { PullRequest } from "../../rehearsal/forges/pullRequests";
import type { Repository } from "../../rehearsal/forges/repository";
import { CREDENTIALS, startRecordTable, TABLE } from "./dynamoDb";
import { type Call, type NetworkProxy, startProxy } from "./proxy";

/** Of GitHub's own form, and of nobody. */
export const TOKEN = "github_pat_11AAAAAAQ0slipwayTest_0123456789abcdefABCDEF";

export const START = Date.parse("2026-03-01T10:00:00.000Z");
/** When a task within this process runs. */
export const NOW = START + 30 * 60_000;

const root = path.resolve(__dirname, "../..");
const image = path.join(root, "images/gitops-pr");

/** A gitops repository on a forge, the table of records, and the task between them. */
export interface World {
  forges: Forges;
  repository: Repository;
  proxy: NetworkProxy;
  /** What `OPTIONS` says, before a test changes it. */
  options: Record<string, unknown>;
  /** Writes a record of the change, minutes after the start. */
  ask(change?: Partial<PullRequestRequest>, minutes?: number): Promise<PullRequestRecord>;
  /** What a person does after a task has died: the record fails, and is asked for again. */
  askAgain(record: PullRequestRecord): Promise<PullRequestRecord>;
  move(record: PullRequestRecord, state: "opened" | "failed"): Promise<unknown>;
  read(record: PullRequestRecord): Promise<PullRequestRecord | undefined>;
  /** Any item of the table. */
  item(id: string): Promise<Record<string, AttributeValue> | undefined>;
  /** Runs the task within this process: time stands still, and nothing is waited for. */
  carryOut(record: PullRequestRecord, settings?: TaskSettings): Promise<CarriedOut>;
  /** Runs the task's program to its end. */
  run(record: PullRequestRecord, settings?: RunSettings): Promise<Run>;
  pullRequests(): readonly PullRequest[];
  /** A file on a branch of the gitops repository. */
  file(branch: string, file: string): string;
  /** git in the gitops repository. */
  git(...args: string[]): string;
  /** The arguments of all processes that git and its children were, and of git as the task started it. */
  processes(): string[];
  /** The program's TMPDIR. */
  temporary: string;
  /**
   * When the image's folder, the user's home and all that is in them were changed, in nanoseconds. A folder is changed by what
   * is made in it and taken away again, too.
   */
  kept(): Record<string, bigint>;
  close(): Promise<void>;
}

export interface TaskSettings {
  signal?: AbortSignal;
  /** Told of each pause between two tries, in milliseconds. */
  paused?: (milliseconds: number) => void;
}

export interface CarriedOut {
  code: number;
  /** What it logged beside what every task logs: level, message and fields. */
  lines: Record<string, unknown>[];
  record: PullRequestRecord | undefined;
}

export interface RunSettings {
  /** The program is killed when this call has been served. */
  diesAt?: Call;
  signal?: NodeJS.Signals;
  environment?: Record<string, string | undefined>;
}

export interface Run {
  /** The exit code, or the signal that ended it. */
  code: number | string;
  output: string;
  complaint: string;
  /** The messages of its log. */
  messages: string[];
  calls: Call[];
}

export const change: PullRequestRequest = {
  service: "storefront",
  environment: "dev",
  revision: "1111111111111111111111111111111111111111",
  image: "storefront=123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront:1111111111111111111111111111111111111111",
  repository: "acme/storefront",
  build: "https://circleci.com/gh/acme/storefront/42",
};

export async function startWorld(): Promise<World> {
  const directory = mkdtempSync(path.join(tmpdir(), "slipway-gitops-"));
  const clock = createClock(0, START);
  const addresses = new Map<string, string>();
  const forges = await startForges({ directory: path.join(directory, "forges"), addresses, clock });
  const repository = await forges.createRepository(gitops);
  await importGitops(repository);
  forges.protect(repository, TOKEN);
  const table = await startRecordTable();
  const records = { dynamo: table.dynamo, table: TABLE };
  const proxy = await startProxy(table.url, addresses.get("github.com") ?? "");
  const person = prepare(directory, proxy.url);

  const options = {
    github: "https://github.com",
    api: `${proxy.url}/api.github.com`,
    repository: gitops,
    branch: "main",
    table: TABLE,
    author: { name: "slipway", email: "slipway@acme.example" },
    reviewers: ["octocat"],
    teamReviewers: ["platform"],
    labels: ["delivery"],
  };
  const git = (...args: string[]) => execFileSync("git", ["-C", repository.directory, ...args]).toString();
  let asked = 0;

  return {
    forges,
    repository,
    proxy,
    options,
    async ask(wanted = {}, minutes = 0) {
      const record = newRecord({ ...change, ...wanted }, attemptOf(++asked), START + minutes * 60_000);
      await createRecord(records, record);
      return record;
    },
    async askAgain(record) {
      await moveRecord(records, record, "failed", { cause: "the task died" }, START);
      const failed = (await readRecord(records, record.id)) ?? record;
      return (await restartRecord(records, failed, attemptOf(++asked), START)) ?? failed;
    },
    move: (record, state) => moveRecord(records, record, state, {}, START),
    read: ({ id }) => readRecord(records, id),
    item: async (id) => {
      const { Item } = await table.dynamo.send(new GetItemCommand({ TableName: TABLE, Key: { id: { S: id } } }));
      return Item;
    },
    async carryOut(record, settings = {}) {
      const lines: string[] = [];
      const task = taskOf({ proxy, options, person, dynamo: table.dynamo }, record, settings, lines);
      const code = await runTask(task);
      return { code, lines: lines.map((line) => JSON.parse(line)), record: await readRecord(records, record.id) };
    },
    run: (record, settings = {}) => run({ proxy, options, person }, record, settings),
    pullRequests: () => forges.pullRequests(repository),
    file: (branch, file) => git("show", `${branch}:${file}`),
    git,
    processes: () => [person.trace, person.arguments].flatMap((file) => readFileSync(file, "utf8").split("\n")),
    temporary: person.temporary,
    kept: () => Object.assign({}, ...[person.app, person.home].map(changesOf)),
    async close() {
      await proxy.close();
      await forges.close();
      await table.close();
      clock.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const attemptOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

function changesOf(folder: string): Record<string, bigint> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => path.join(folder, file));
  return Object.fromEntries([folder, ...files].map((file) => [file, lstatSync(file, { bigint: true }).ctimeNs]));
}

/** The task's user: a home that leads github.com to this machine, and a git that writes its arguments down. */
interface Person {
  home: string;
  temporary: string;
  /** The image's folder of the program, which belongs to root there. */
  app: string;
  programs: string;
  /** What git tells of itself and of all that it starts: https://git-scm.com/docs/api-trace2 */
  trace: string;
  arguments: string;
}

function prepare(directory: string, proxy: string): Person {
  const at = (name: string) => path.join(directory, name);
  const folders = { home: at("home"), temporary: at("temporary"), app: at("app"), programs: at("programs") };
  for (const folder of Object.values(folders)) {
    mkdirSync(folder);
  }
  cpSync(image, folders.app, { recursive: true, filter: (file) => path.basename(file) !== "node_modules" });
  symlinkSync(path.join(root, "node_modules"), at("node_modules"));
  const person = { ...folders, trace: at("trace"), arguments: at("arguments") };
  writeFileSync(
    path.join(person.home, ".gitconfig"),
    `[url "${proxy}/github.com/"]\n  insteadOf = https://github.com/\n[trace2]\n  eventTarget = ${person.trace}\n`,
  );
  const git = execFileSync("sh", ["-c", "command -v git"]).toString().trim();
  const script = `#!/bin/sh\nprintf '%s\\n' "$*" >> ${person.arguments}\nexec ${git} "$@"\n`;
  writeFileSync(path.join(person.programs, "git"), script, { mode: 0o755 });
  for (const file of [person.trace, person.arguments]) {
    writeFileSync(file, "");
  }
  return person;
}

function taskOf(
  { proxy, options, person, dynamo }: { proxy: NetworkProxy; options: object; person: Person; dynamo: DynamoDBClient },
  { id, attempt }: PullRequestRecord,
  { signal = new AbortController().signal, paused = () => undefined }: TaskSettings,
  lines: string[],
): Task {
  proxy.calls.length = 0;
  const stated = options as Options;
  const redact = createRedact(TOKEN);
  const log = createLog((line) => lines.push(line), redact);
  const environment = { PATH: `${person.programs}:${process.env.PATH}`, HOME: person.home };
  const askpass = path.join(image, "askpass.sh");
  const { api, repository } = stated;
  const now = () => NOW;
  const sleep = async (milliseconds: number) => paused(milliseconds);
  return {
    attempt: { id, attempt },
    options: stated,
    table: { dynamo, table: TABLE },
    git: createGit({ environment, token: TOKEN, askpass, signal }),
    github: createGitHub({ api, repository, token: TOKEN, log, signal, pause: 0, now, sleep }),
    log,
    redact,
    now,
    patience: { pauses: [2_000, 4_000, 8_000, 16_000], limit: 120_000, now, sleep },
    signal,
  };
}

async function run(
  { proxy, options, person }: { proxy: NetworkProxy; options: object; person: Person },
  { id, attempt }: PullRequestRecord,
  { diesAt, signal = "SIGKILL", environment = {} }: RunSettings,
): Promise<Run> {
  proxy.calls.length = 0;
  const child = spawn(process.execPath, ["main.ts"], {
    cwd: person.app,
    detached: true,
    env: {
      PATH: `${person.programs}:${process.env.PATH}`,
      HOME: person.home,
      // What a killed task leaves behind goes with the world.
      TMPDIR: person.temporary,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: proxy.url,
      OPTIONS: JSON.stringify(options),
      PULL_REQUEST: JSON.stringify({ id, attempt }),
      GITHUB_TOKEN: TOKEN,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  proxy.served = async (call) => {
    if (call === diesAt) {
      // A container takes the git that runs in it with it. ECS's SIGTERM is for the first process alone.
      if (signal === "SIGKILL" && child.pid !== undefined) process.kill(-child.pid, signal);
      else child.kill(signal);
      await closed;
    }
  };
  const [[code, ended], output, complaint] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  const messages = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).message);
  return { code: code ?? ended, output, complaint, messages, calls: [...proxy.calls] };
}
