import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { advance, type MigrationContext } from "../../../handlers/migrate/migration";
import { decodeState, encodeState, type MigrationState } from "../../../handlers/migrate/state";
import { awsFault, type Endpoint, startEndpoint } from "../../callbacks/endpoint";
import { namedRefusal, refusalMessage } from "../../refusal";
import { DIGEST, IMAGE } from "../deploy/ecs";
import { capture } from "../output";
import { createTasks, FAMILY, options, type Tasks } from "./tasks";

const EXECUTION = "22222222-3333-4444-5555-666666666666";
const START = Date.parse("2026-01-05T10:00:00Z");
const MINUTES = 60_000;

describe("migration step", () => {
  let endpoint: Endpoint;
  let world: Tasks;
  let context: MigrationContext;
  let now: number;
  let states: MigrationState[];

  beforeEach(async () => {
    endpoint = await startEndpoint();
    world = createTasks(endpoint);
    now = START;
    states = [];
    const client = {
      endpoint: endpoint.url,
      region: "us-east-1",
      credentials: { accessKeyId: "id", secretAccessKey: "key" },
      maxAttempts: 1,
    };
    context = {
      ecs: new ECSClient(client),
      ecr: new ECRClient(client),
      logs: new CloudWatchLogsClient(client),
      options,
      now: () => now,
    };
  });
  afterEach(() => endpoint.close());

  const once = async (state: MigrationState | undefined) => {
    const request = { image: IMAGE, version: "v2", execution: EXECUTION };
    return (await capture(() => advance(context, request, state && decodeState(encodeState(state))))).value;
  };
  /** One step further, through a continuation token. */
  async function step() {
    const outcome = await once(states.at(-1));
    if (outcome.kind === "underWay") {
      states.push(outcome.state);
    }
    return outcome;
  }
  const inputsOf = (operation: string) =>
    endpoint.requests.filter((it) => it.operation === operation).map(({ input }) => input);

  it("registers, starts, follows and succeeds", async () => {
    expect(await step()).to.deep.include({ summary: `registered ${FAMILY}:2 for the migration of storefront v2` });
    expect(inputsOf("RunTask")).to.deep.equal([]);
    now += MINUTES;
    expect(await step()).to.deep.include({ summary: `task task1 runs ${FAMILY}:2` });
    now += 5 * 60 * MINUTES;
    expect(await step()).to.deep.include({ kind: "underWay", summary: "task task1: PROVISIONING" });
    world.exit("task1", 0);
    expect(await step()).to.deep.equal({
      kind: "done",
      summary: "storefront v2 is migrated: task task1 exited with 0",
    });
  });

  it("registers the program's revision with the image, and nothing else changed", async () => {
    await step();
    expect(inputsOf("RegisterTaskDefinition")).to.deep.equal([
      { family: FAMILY, containerDefinitions: [{ name: "app", image: IMAGE }] },
    ]);
  });

  it("runs the command on Fargate, and says for whom", async () => {
    await step();
    await step();
    const [{ clientToken, ...input } = {}] = inputsOf("RunTask");
    expect(input).to.deep.equal({
      cluster: "dev",
      taskDefinition: `${FAMILY}:2`,
      count: 1,
      launchType: "FARGATE",
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ["subnet-1", "subnet-2"],
          securityGroups: ["sg-1"],
          assignPublicIp: "DISABLED",
        },
      },
      overrides: { containerOverrides: [{ name: "app", command: ["node", "migrate.js"] }] },
      startedBy: EXECUTION,
    });
    expect(clientToken).to.match(/^[0-9a-f]{64}$/);
  });

  it("repeated starts no second task, whatever the configuration is by then", async () => {
    await step();
    await step();
    context.options = { ...options, command: ["node", "other.js"], subnets: ["subnet-9"] };
    now += 20 * MINUTES;
    expect(await once(states[0])).to.deep.include({ summary: `task task1 runs ${FAMILY}:2` });
    expect(Object.keys(world.tasks)).to.deep.equal(["task1"]);
  });

  it("repeated in any order after its end runs nothing again", async () => {
    await step();
    await step();
    world.exit("task1", 0);
    await step();
    for (const state of [undefined, ...states, ...[...states].reverse()]) {
      await once(state);
    }
    expect(Object.keys(world.tasks)).to.deep.equal(["task1"]);
  });

  it("that comes later than ECS remembers is refused", async () => {
    await step();
    await step();
    world.exit("task1", 0);
    world.forget();
    now += 31 * MINUTES;
    expect(await refusalMessage(once(states[0]))).to.equal(
      `storefront v2 was not migrated: ${FAMILY}:2 was registered 31 minutes ago and will not be started now, because ECS can ` +
        `no longer tell whether the migration has run: check for a task started by ${EXECUTION}, then start the ` +
        "pipeline again",
    );
    expect(Object.keys(world.tasks)).to.deep.equal(["task1"]);
  });

  it("of two executions runs each", async () => {
    await step();
    await step();
    states = [];
    await step();
    await step();
    const tokens = inputsOf("RunTask").map(({ clientToken }) => clientToken);
    expect(new Set(tokens).size).to.equal(2);
    expect(Object.keys(world.tasks)).to.deep.equal(["task1", "task2"]);
  });

  const answers: [string, object, string][] = [
    [
      "with its reasons",
      {
        tasks: [],
        failures: [{ arn: "arn:aws:ecs:task/1", reason: "ATTRIBUTE", detail: "an attribute is missing" }, {}],
      },
      "ATTRIBUTE: an attribute is missing; no reason",
    ],
    ["without a reason", { tasks: [], failures: [] }, "ECS returned no task and no reason"],
  ];
  for (const [what, answer, why] of answers) {
    it(`fails if ECS starts no task, though it answers 200 ${what}`, async () => {
      await step();
      endpoint.answers.RunTask = () => answer;
      const message = `ECS did not start ${FAMILY}:2 in cluster dev: ${why}`;
      expect(await refusalMessage(step())).to.equal(message);
    });
  }

  const CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone";

  for (const reason of [CAPACITY, "RESOURCE:ENI"]) {
    it(`waits for room and starts then, where RunTask answers ${reason.split(" ")[0]}`, async () => {
      await step();
      const { RunTask } = endpoint.answers;
      endpoint.answers.RunTask = () => ({ tasks: [], failures: [{ reason }] });
      const waits = {
        kind: "underWay",
        summary: `trying again: ECS has no capacity for ${FAMILY}:2 in cluster dev: ${reason}`,
      };
      for (let minutes = 0; minutes < 60; minutes += 20) {
        expect(await step()).to.deep.include(waits);
        now += 20 * MINUTES;
      }
      const [state] = states.slice(-1);
      expect(await once(state)).to.deep.equal({
        kind: "failed",
        message:
          "storefront v2 was not migrated, and nothing has run: after 60 minutes, ECS has no capacity for " +
          `${FAMILY}:2 in cluster dev: ${reason}`,
      });
      endpoint.answers.RunTask = RunTask as () => object;
      expect(await step()).to.deep.include({ summary: `task task1 runs ${FAMILY}:2` });
    });
  }

  it("starts another task for one that ended for want of room before its container ran", async () => {
    await step();
    await step();
    Object.assign(world.tasks.task1 ?? {}, {
      lastStatus: "STOPPED",
      stopCode: "TaskFailedToStart",
      stoppedReason: CAPACITY,
    });
    const summary = `trying again: ECS has no capacity for ${FAMILY}:2 in cluster dev: ${CAPACITY}`;
    expect(await step()).to.deep.include({ kind: "underWay", summary });
    expect(await step()).to.deep.include({ summary: `task task2 runs ${FAMILY}:2` });
    // A repetition finds the same task.
    expect(await once(states.at(-2))).to.deep.include({ summary: `task task2 runs ${FAMILY}:2` });
    world.exit("task2", 0);
    expect(await step()).to.deep.equal({
      kind: "done",
      summary: "storefront v2 is migrated: task task2 exited with 0",
    });
  });

  it("does not wait for room if RunTask is denied for a task definition that is called capacity", async () => {
    await step();
    endpoint.answers.RunTask = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:RunTask on resource: capacity-task:2");
    };
    expect(await namedRefusal(step())).to.match(/^AccessDeniedException: /);
  });

  it("fails if ECS has started another task for its client token", async () => {
    await step();
    endpoint.answers.RunTask = () => {
      throw awsFault("ConflictException", "The client token is in use.");
    };
    expect(await namedRefusal(step())).to.equal(
      `Failure: ECS has already started an unnamed task for ${FAMILY}:2 with other parameters: ` +
        "check how it ended, then start the pipeline again",
    );
  });

  it("fails, before it registers anything, for an image that ECR does not have", async () => {
    const failures = [{ failureCode: "ImageNotFound", failureReason: "Requested image not found" }];
    endpoint.answers.BatchGetImage = () => ({ images: [], failures });
    expect(await refusalMessage(step())).to.equal(
      `ECR returned no image storefront@${DIGEST}: ImageNotFound: Requested image not found`,
    );
    expect(inputsOf("RegisterTaskDefinition")).to.deep.equal([]);
  });

  describe("of a task that failed", () => {
    const cause =
      "storefront v2 was not migrated. Task task1: container app exited with 1; " +
      "EssentialContainerExited: Essential container in task exited. ";
    const where = "log /ecs/storefront task/app/task1";

    beforeEach(async () => {
      await step();
      await step();
      world.exit("task1", 1);
    });

    it("tells the end of its log", async () => {
      world.logs["task/app/task1"] = Array.from({ length: 30 }, (_, index) => `line ${index + 1}\n`);
      const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 11}`);
      const message = [`${cause}The end of its ${where}:`, ...lines].join("\n");
      expect(await step()).to.deep.equal({ kind: "failed", message });
    });

    it("tells it without colours and other control characters", async () => {
      world.logs["task/app/task1"] = ["\u001b[31;1mERROR\u001b[0m a\tb\u0000\r\n"];
      expect(await step()).to.deep.equal({ kind: "failed", message: `${cause}The end of its ${where}:\nERROR a b` });
    });

    it("asks on for a log whose first page is empty", async () => {
      endpoint.answers.GetLogEvents = ({ nextToken }) =>
        nextToken === "b/1"
          ? { events: [{ message: "the table is locked" }], nextBackwardToken: "b/2" }
          : { events: [], nextBackwardToken: "b/1" };
      const message = `${cause}The end of its ${where}:\nthe table is locked`;
      expect(await step()).to.deep.equal({ kind: "failed", message });
    });

    it("keeps to what CodePipeline takes, and to the log's very end", async () => {
      world.logs["task/app/task1"] = Array.from({ length: 20 }, (_, index) => `${index + 1} ${"x".repeat(600)}`);
      const outcome = await step();
      const message = outcome.kind === "failed" ? outcome.message : "";
      expect(message.length).to.be.within(4_501, 5_000);
      const lines = message.split("\n");
      expect(lines.slice(1).map((line) => line.split(" ")[0])).to.deep.equal("12 13 14 15 16 17 18 19 20".split(" "));
      expect(lines.at(-1)).to.equal(`20 ${"x".repeat(496)}…`);
    });

    const unread: [string, () => object, string][] = [
      [
        "denied",
        () => {
          throw awsFault("AccessDeniedException", "not authorized to perform: logs:GetLogEvents");
        },
        `Its ${where} cannot be read: AccessDeniedException: not authorized to perform: logs:GetLogEvents`,
      ],
      ["empty", () => ({ events: [], nextBackwardToken: "b/0" }), `Its ${where} is empty`],
    ];
    for (const [what, answer, reported] of unread) {
      it(`tells its cause and that the log is ${what}`, async () => {
        endpoint.answers.GetLogEvents = answer;
        expect(await step()).to.deep.equal({ kind: "failed", message: cause + reported });
      });
    }

    it("and was not seen for more than an hour tells that, and its log", async () => {
      world.tasks = {};
      world.logs["task/app/task1"] = ["done"];
      now += 90 * MINUTES;
      const message =
        "storefront v2 was not migrated. Task task1: ECS no longer shows it (ECS removes a task about an hour after it " +
        `has stopped): how it ended is unknown. The end of its ${where}:\ndone`;
      expect(await step()).to.deep.equal({ kind: "failed", message });
    });
  });
});
