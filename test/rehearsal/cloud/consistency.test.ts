import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { createConsistency, createStaleViews } from "../../../rehearsal/cloud/consistency";
import { createLogs } from "../../../rehearsal/cloud/logs";
import { createTestCloud } from "../support";
import { clientWith, openShop, SEED, type Shop } from "./ecs/support";

/** Lags of the first writes with seed 1, in milliseconds. */
const FIRST = 3135;
const SECOND = 14;

describe("Reads of ECS in an account with stale reads", () => {
  let shop: Shop;
  let client: ECSClient;

  beforeEach(async () => {
    shop = await openShop(0, [], 1);
    client = await clientWith(shop, [{ Effect: "Allow", Action: ["ecs:*", "iam:PassRole"], Resource: "*" }], "reader");
  });
  afterEach(() => shop.cloud.close());

  const primary = async () => {
    const answer = await client.send(new DescribeServicesCommand({ cluster: "main", services: ["web"] }));
    return answer.services?.[0]?.taskDefinition?.split("/")[1];
  };

  async function runTask(): Promise<string> {
    const awsvpcConfiguration = { subnets: shop.web.privateSubnets, securityGroups: [shop.web.taskGroup] };
    const input = { cluster: "main", taskDefinition: "web:1", launchType: "FARGATE" as const };
    const { tasks } = await client.send(
      new RunTaskCommand({ ...input, networkConfiguration: { awsvpcConfiguration } }),
    );
    return tasks?.[0]?.taskArn ?? "";
  }

  const listed = async () => (await client.send(new ListTasksCommand({ cluster: "main" }))).taskArns;

  async function described(task: string) {
    const answer = await client.send(new DescribeTasksCommand({ cluster: "main", tasks: [task] }));
    return answer.tasks?.map((it) => it.desiredStatus).concat(answer.failures?.map((it) => it.reason as never) ?? []);
  }

  it("show the old PRIMARY deployment for some seconds after UpdateService, whose answer has the new one", async () => {
    await shop.declareService(await shop.register(SEED));
    await shop.register(SEED);
    const update = new UpdateServiceCommand({ cluster: "main", service: "web", taskDefinition: "web:2" });
    expect((await client.send(update)).service?.taskDefinition).to.match(/web:2$/);
    expect(await primary()).to.equal("web:1");
    await shop.cloud.clock.turn(FIRST - 1);
    expect(await primary()).to.equal("web:1");
    await shop.cloud.clock.turn(1);
    expect(await primary()).to.equal("web:2");
  });

  it("do not know a task for some seconds after RunTask", async () => {
    await shop.register(await shop.push("v1", "setInterval(() => undefined, 1000)"));
    const task = await runTask();
    expect(await described(task)).to.deep.equal(["MISSING"]);
    expect(await listed()).to.deep.equal([]);
    await shop.cloud.clock.turn(FIRST);
    expect(await listed()).to.deep.equal([task]);
  });

  it("show a task as it was before StopTask", async () => {
    await shop.register(await shop.push("v1", "setInterval(() => undefined, 1000)"));
    const task = await runTask();
    await shop.cloud.clock.turn(FIRST);
    await client.send(new StopTaskCommand({ cluster: "main", task }));
    expect(await described(task)).to.deep.equal(["RUNNING"]);
    await shop.cloud.clock.turn(SECOND);
    expect(await described(task)).to.deep.equal(["STOPPED"]);
  });
});

describe("What reads show after writes", () => {
  it("is what was before the first of two writes, until the later lag is over", () => {
    let now = 0;
    const lags = [3000, 2000];
    const consistency = { lag: () => lags.shift() ?? 0, showsFormer: () => false };
    const views = createStaleViews<string>({ clock: { now: () => now }, consistency });
    views.keep("a", "one");
    now = 2000;
    views.keep("a", "two");
    now = 3999;
    expect(views.of("a")).to.deep.include({ view: "one" });
    now = 4000;
    expect(views.of("a")).to.equal(undefined);
  });

  it("is the present without a seed, and the same for the same seed", () => {
    const drawn = (seed?: number) => {
      const { lag, emptyPage } = createConsistency(seed);
      return [...Array(4)].map(() => [lag(), emptyPage()] as const);
    };
    expect(drawn()).to.deep.equal([...Array(4)].map(() => [0, false]));
    expect(drawn(1).map(([lag]) => lag)).to.deep.equal([3135, 14, 2637, 4905]);
    expect(drawn(1)).to.deep.equal(drawn(1));
    const pages = createConsistency(1);
    const empty = [...Array(400)].map(() => (pages.emptyPage() ? "1" : "0")).join("");
    expect(empty.slice(0, 20)).to.equal("00000000010100010001");
    expect(empty).to.include("11").and.not.include("111");
  });
});

describe("Pages of a log in an account with stale reads", () => {
  async function openLog() {
    const cloud = await createTestCloud([createLogs], { staleReads: 1 });
    const { outputs } = await cloud.declare("aws:cloudwatch/logGroup:LogGroup", "web", { name: "web" });
    const statement = { Effect: "Allow", Action: "logs:*", Resource: `${outputs.arn}:*` };
    const role = await cloud.role("reader", "lambda.amazonaws.com", [statement]);
    const client = new CloudWatchLogsClient(await cloud.clientOptions("lambda.amazonaws.com", role));
    const stream = { logGroupName: "web", logStreamName: "s" };
    await client.send(new CreateLogStreamCommand(stream));
    const logEvents = ["1", "2"].map((message, timestamp) => ({ message, timestamp }));
    await client.send(new PutLogEventsCommand({ ...stream, logEvents }));
    return { cloud, client, stream };
  }

  it("are empty now and then, with another token that leads on", async () => {
    const { cloud, client, stream } = await openLog();
    try {
      let empty = 0;
      for (let reading = 0; reading < 20; reading++) {
        const lines: (string | undefined)[] = [];
        let nextToken: string | undefined;
        for (let more = true; more; ) {
          const page = await client.send(new GetLogEventsCommand({ ...stream, limit: 1, nextToken }));
          more = page.nextBackwardToken !== nextToken;
          if (more && page.events?.length === 0) empty += 1;
          lines.unshift(...(page.events ?? []).map((it) => it.message));
          nextToken = page.nextBackwardToken;
        }
        expect(lines).to.deep.equal(["1", "2"]);
      }
      expect(empty).to.be.within(5, 20);
    } finally {
      await cloud.close();
    }
  });

  it("are empty now and then for a filter too", async () => {
    const { cloud, client } = await openLog();
    try {
      const pages: number[] = [];
      for (let reading = 0; reading < 12; reading++) {
        let nextToken: string | undefined;
        let events: unknown[] = [];
        let count = 0;
        do {
          const page = await client.send(new FilterLogEventsCommand({ logGroupName: "web", nextToken }));
          events = events.concat(page.events ?? []);
          nextToken = page.nextToken;
          count += 1;
        } while (nextToken !== undefined);
        expect(events.length).to.equal(2);
        pages.push(count);
      }
      expect(pages).to.deep.equal([1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 1]);
    } finally {
      await cloud.close();
    }
  });
});
