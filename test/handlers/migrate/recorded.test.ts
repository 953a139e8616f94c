import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import { SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { advanceMigration, type RecordedMigration, recordOfTask } from "../../../handlers/migrate/recorded";
import type { TaskStateChange } from "../../../handlers/migrate/taskEvent";
import { takeJob } from "../../../handlers/shared/records/jobs";
import { readRecord } from "../../../handlers/shared/records/record";
import type { Occasion } from "../../../handlers/shared/records/rounds";
import { awsFault, type Endpoint, startEndpoint } from "../../callbacks/endpoint";
import { answerRecords } from "../../callbacks/records";
import { startTable, TABLE, type Table } from "../../callbacks/table";
import { IMAGE } from "../deploy/ecs";
import { capture } from "../output";
import { createTasks, options, type Tasks } from "./tasks";

const START = Date.parse("2026-01-05T10:00:00Z");
const MINUTE = 60_000;
const FIRST = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const SECOND = "bbbbbbbb-bbbb-cccc-dddd-eeeeeeeeeeee";

describe("migration of a pipeline's execution", () => {
  let stored: Table;
  let endpoint: Endpoint;
  let world: Tasks;
  let context: RecordedMigration;
  let now: number;

  before(async () => {
    stored = await startTable();
  });
  beforeEach(async () => {
    await stored.clear();
    endpoint = await startEndpoint();
    endpoint.answers = answerRecords();
    world = createTasks(endpoint);
    now = START;
    const client = {
      endpoint: endpoint.url,
      region: "us-east-1",
      credentials: { accessKeyId: "id", secretAccessKey: "key" },
      maxAttempts: 1,
    };
    context = {
      application: "storefront",
      options: options.records,
      table: { dynamo: stored.dynamo, table: TABLE },
      pipelines: new CodePipelineClient(client),
      sqs: new SQSClient({ ...client, useQueueUrlAsEndpoint: false }),
      now: () => now,
      migration: {
        ecs: new ECSClient(client),
        ecr: new ECRClient(client),
        logs: new CloudWatchLogsClient(client),
        options,
        now: () => now,
      },
    };
  });
  afterEach(() => endpoint.close());
  after(() => stored.close());

  const job = (id: string, execution = FIRST, continuationToken?: string) =>
    capture(async () => {
      const wanted = { kind: "migrate" as const, image: IMAGE, version: "v2", execution };
      const record = await takeJob(context, wanted, { id, parameters: {}, continuationToken });
      await advanceMigration(context, record, { kind: "job" });
    });
  async function round(execution: string, occasion: Occasion<TaskStateChange>) {
    const record = await readRecord(context.table, `migrate/${execution}`);
    if (record === undefined) throw new Error("there is no record");
    return (await capture(() => advanceMigration(context, record, occasion))).value;
  }
  const message = (execution = FIRST) => round(execution, { kind: "message" });
  async function event(task: string, startedBy = FIRST) {
    const detail = { ...(world.tasks[task] as object), startedBy } as never;
    await capture(async () => {
      const record = await recordOfTask(context, detail);
      if (record !== undefined) await advanceMigration(context, record, { kind: "event", event: detail });
    });
  }
  const results = () =>
    endpoint.requests
      .filter(({ operation }) => operation.startsWith("PutJob"))
      .map(({ operation, input }) => [operation, input.jobId, input.continuationToken ?? "end"]);
  const summary = async (execution = FIRST) => (await readRecord(context.table, `migrate/${execution}`))?.summary;
  const tasks = () => Object.keys(world.tasks);

  it("starts in its first job, and ends with the task's event, though reads are stale", async () => {
    await job("job-1");
    expect(tasks()).to.deep.equal(["task1"]);
    expect(results()).to.deep.equal([]);
    world.exit("task1", 0);
    endpoint.answers.DescribeTasks = () => ({ tasks: [], failures: [{ arn: "task1", reason: "MISSING" }] });
    await event("task1");
    await event("task1");
    expect(results()).to.deep.equal([["PutJobSuccessResult", "job-1", "end"]]);
    expect(await message()).to.equal(true);
  });

  it("loses nothing by an event that comes before its record, or of a schedule's task", async () => {
    await recordOfTask(context, { taskArn: "arn/task1", lastStatus: "STOPPED", startedBy: FIRST });
    await job("job-1");
    world.exit("task1", 0);
    await event("task1", "events-rule/dev-storefront--nightly");
    expect(results()).to.deep.equal([]);
    await message();
    expect(results()).to.deep.equal([["PutJobSuccessResult", "job-1", "end"]]);
  });

  it("continues its job before 20 minutes of silence, and reports to the next job what came in between", async () => {
    await job("job-1");
    now += 15 * MINUTE;
    await message();
    expect(results()).to.deep.equal([["PutJobSuccessResult", "job-1", `migrate/${FIRST}`]]);
    world.exit("task1", 0);
    await event("task1");
    expect(results()).to.have.length(1);
    await job("job-2", FIRST, `migrate/${FIRST}`);
    expect(results().slice(1)).to.deep.equal([["PutJobSuccessResult", "job-2", "end"]]);
    expect(tasks()).to.deep.equal(["task1"]);
  });

  it("is not abandoned for one AccessDenied, and the next push starts no second one beside it", async () => {
    await job("job-1");
    const { DescribeTasks } = endpoint.answers;
    endpoint.answers.DescribeTasks = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:DescribeTasks");
    };
    expect(await message()).to.equal(false);
    await job("job-2", SECOND);
    expect(await summary(SECOND)).to.equal(`waiting for the migration of version v2 by pipeline execution ${FIRST}`);
    expect(tasks()).to.deep.equal(["task1"]);
    Object.assign(endpoint.answers, { DescribeTasks });
    world.exit("task1", 0);
    await message();
    await message(SECOND);
    expect(tasks()).to.deep.equal(["task1", "task2"]);
    expect(results()).to.deep.equal([["PutJobSuccessResult", "job-1", "end"]]);
  });

  it("is followed to its end, and keeps others waiting, after the pipeline's execution has ended", async () => {
    await job("job-1");
    endpoint.answers.GetPipelineExecution = () => ({ pipelineExecution: { status: "Stopped" } });
    expect(await message()).to.equal(false);
    endpoint.answers.GetPipelineExecution = () => ({ pipelineExecution: { status: "InProgress" } });
    await job("job-2", SECOND);
    expect(tasks()).to.deep.equal(["task1"]);
  });

  it("does not start for an execution that ended while it waited", async () => {
    await job("job-1");
    await job("job-2", SECOND);
    endpoint.answers.GetPipelineExecution = () => ({ pipelineExecution: { status: "Stopped" } });
    world.exit("task1", 0);
    await event("task1");
    await message(SECOND);
    expect(tasks()).to.deep.equal(["task1"]);
  });

  it("runs once, though its job and its messages come twice", async () => {
    await job("job-1");
    await job("job-1");
    await message();
    await message();
    expect(tasks()).to.deep.equal(["task1"]);
    expect(endpoint.requests.filter(({ operation }) => operation === "RunTask")).to.have.length(1);
  });
});
