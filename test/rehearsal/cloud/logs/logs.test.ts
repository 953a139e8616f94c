import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { expect } from "chai";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";

const WRITING = ["logs:CreateLogStream", "logs:PutLogEvents"];
const LISTING = { Effect: "Allow", Action: "logs:DescribeLogGroups", Resource: "*" };

describe("CloudWatch Logs", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createLogs]);
  });
  afterEach(() => cloud.close());

  async function declareGroup(actions: string[]) {
    const { outputs } = await cloud.declare("aws:cloudwatch/logGroup:LogGroup", "web", { retentionInDays: 30 });
    const statement = { Effect: "Allow", Action: actions, Resource: [outputs.arn, `${outputs.arn}:*`] };
    const role = await cloud.role("task", "ecs-tasks.amazonaws.com", [statement, LISTING]);
    const client = new CloudWatchLogsClient(await cloud.clientOptions("ecs-tasks.amazonaws.com", role));
    const logGroupName = String(outputs.name);
    return {
      client,
      logGroupName,
      arn: String(outputs.arn),
      open: (logStreamName: string) => client.send(new CreateLogStreamCommand({ logGroupName, logStreamName })),
      put: (logStreamName: string, ...messages: string[]) =>
        client.send(
          new PutLogEventsCommand({
            logGroupName,
            logStreamName,
            logEvents: messages.map((message, index) => ({ message, timestamp: 1000 + index })),
          }),
        ),
    };
  }

  it("keeps the lines of a group's streams, and tells each", async () => {
    const { client, logGroupName, arn, open, put } = await declareGroup([...WRITING, "logs:FilterLogEvents"]);
    await open("a");
    await open("b");
    await put("a", "1", "2");
    await put("b", "3");
    const filtered = async (input: object) =>
      (await client.send(new FilterLogEventsCommand({ logGroupName, ...input }))).events?.map(
        ({ logStreamName, message, timestamp }) => [logStreamName, message, timestamp],
      );
    expect(await filtered({})).to.deep.equal([
      ["a", "1", 1000],
      ["a", "2", 1001],
      ["b", "3", 1000],
    ]);
    expect(await filtered({ logStreamNames: ["b"] })).to.deep.equal([["b", "3", 1000]]);
    expect(await filtered({ startTime: 1001 })).to.deep.equal([["a", "2", 1001]]);
    expect(cloud.events).to.deep.equal([
      { kind: "log", group: logGroupName, stream: "a", line: "1" },
      { kind: "log", group: logGroupName, stream: "a", line: "2" },
      { kind: "log", group: logGroupName, stream: "b", line: "3" },
    ]);
    const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
    expect(logGroups).to.deep.equal([{ logGroupName, logGroupArn: arn, retentionInDays: 30 }]);
  });

  it("gives the end of a stream, and page by page what is before it", async () => {
    const { client, logGroupName, open, put } = await declareGroup([...WRITING, "logs:GetLogEvents"]);
    await open("a");
    await open("b");
    await put("a", "1", "2", "3");
    await put("b", "4");
    const page = async (input: object) => {
      const request = { logGroupName, logStreamName: "a", limit: 2, ...input };
      const { events = [], ...tokens } = await client.send(new GetLogEventsCommand(request));
      return { lines: events.map(({ message }) => message), ...tokens };
    };
    const last = await page({});
    expect(last.lines).to.deep.equal(["2", "3"]);
    const first = await page({ nextToken: last.nextBackwardToken });
    expect(first.lines).to.deep.equal(["1"]);
    const before = await page({ nextToken: first.nextBackwardToken });
    expect(before.lines).to.deep.equal([]);
    expect(before.nextBackwardToken).to.equal(first.nextBackwardToken);
    expect((await page({ startFromHead: true })).lines).to.deep.equal(["1", "2"]);
    expect((await page({ nextToken: first.nextForwardToken })).lines).to.deep.equal(["2", "3"]);
    expect((await refusal(page({ nextToken: "3" }))).name).to.equal("InvalidParameterException");
    expect((await refusal(page({ logStreamName: "c" }))).message).to.equal("The specified log stream does not exist.");
  });

  it("asks IAM about the stream, which the group's own ARN does not cover", async () => {
    const { arn, open, put } = await declareGroup(["logs:CreateLogStream"]);
    await open("a");
    const error = await refusal(put("a", "1"));
    expect(error.message).to.contain(`not authorized to perform: logs:PutLogEvents on resource: ${arn}:log-stream:a.`);
  });

  it("asks IAM about a stream without a name where the operation names none", async () => {
    const { client, logGroupName, arn } = await declareGroup(WRITING);
    const role = await cloud.role("nobody", "ecs-tasks.amazonaws.com", []);
    const other = new CloudWatchLogsClient(await cloud.clientOptions("ecs-tasks.amazonaws.com", role));
    const filtered = await refusal(client.send(new FilterLogEventsCommand({ logGroupName })));
    expect(filtered.message).to.contain(`logs:FilterLogEvents on resource: ${arn}:log-stream:.`);
    const created = await refusal(other.send(new CreateLogGroupCommand({ logGroupName: "more" })));
    expect(created.message).to.contain(
      "logs:CreateLogGroup on resource: arn:aws:logs:us-east-1:123456789012:log-group:more:log-stream:.",
    );
  });

  it("wants a stream to be there before its lines, and once", async () => {
    const { open, put } = await declareGroup(WRITING);
    expect((await refusal(put("a", "1"))).message).to.equal("The specified log stream does not exist: a");
    await open("a");
    expect((await refusal(open("a"))).name).to.equal("ResourceAlreadyExistsException");
  });

  it("refuses a retention that CloudWatch does not have", async () => {
    const declared = cloud.declare("aws:cloudwatch/logGroup:LogGroup", "web", { name: "web", retentionInDays: 31 });
    expect((await refusal(declared)).message).to.match(/^Log group web: retentionInDays 31 is none of 0, 1, 3, /);
  });
});
