import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { expect } from "chai";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createSqs } from "../../../../rehearsal/cloud/sqs";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { until } from "../ecs/containerSupport";
import { declareFunction, isKind } from "./support";

describe("Lambda runs a function", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs, createSqs]);
  });
  afterEach(() => cloud.close());

  it("with exactly the declared environment, and what Lambda sets", async () => {
    const { invoke } = await declareFunction(cloud, "look", "exports.handler = async () => process.env", {
      environment: { variables: { OPTIONS: "{}" } },
      memorySize: 256,
    });
    const variables = (await invoke()).value as Record<string, string>;
    expect(Object.keys(variables).sort()).to.deep.equal([
      "AWS_ACCESS_KEY_ID",
      "AWS_DEFAULT_REGION",
      "AWS_ENDPOINT_URL",
      "AWS_EXECUTION_ENV",
      "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
      "AWS_LAMBDA_FUNCTION_NAME",
      "AWS_LAMBDA_FUNCTION_VERSION",
      "AWS_LAMBDA_INITIALIZATION_TYPE",
      "AWS_LAMBDA_LOG_GROUP_NAME",
      "AWS_LAMBDA_LOG_STREAM_NAME",
      "AWS_REGION",
      "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN",
      "HOME",
      "LAMBDA_TASK_ROOT",
      "LANG",
      "OPTIONS",
      "PATH",
      "TMPDIR",
      "TZ",
      "_HANDLER",
    ]);
    expect(variables).to.include({
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
      AWS_REGION: "us-east-1",
      OPTIONS: "{}",
    });
  });

  it("at the account's time, which a test can turn", async () => {
    const { invoke } = await declareFunction(
      cloud,
      "clock",
      "exports.handler = async () => [new Date().getUTCDate(), new Date(Date.now()).getUTCDate(), new Date(2020, 0, 2).getDate(), new Date() instanceof Date]",
    );
    expect((await invoke()).value).to.deep.equal([5, 5, 2, true]);
    await cloud.clock.turn(24 * 3600_000);
    expect((await invoke()).value).to.deep.equal([6, 6, 2, true]);
  });

  it("once at a time in each environment, warm or new, and replaces one that crashed", async () => {
    const { invoke } = await declareFunction(
      cloud,
      "counter",
      `let count = 0;
       exports.handler = async ({ wait = 0, crash }) => {
         if (crash) process.exit(3);
         await new Promise((resolve) => setTimeout(resolve, wait));
         return [process.pid, ++count];
       };`,
    );
    const [first, second] = (await Promise.all([invoke({ wait: 300 }), invoke({ wait: 300 })])).map(
      (it) => it.value,
    ) as [number, number][];
    expect(first?.[0]).to.not.equal(second?.[0]);
    const warm = (await invoke()).value as [number, number];
    expect(warm[1]).to.equal(2);

    const crashed = await invoke({ crash: true });
    expect(crashed.error).to.equal("Unhandled");
    expect(crashed.value)
      .to.have.property("errorMessage")
      .that.matches(/^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$/);
    expect((await Promise.all([invoke(), invoke()])).map((it) => it.error)).to.deep.equal([undefined, undefined]);
  });

  it("for whoever may, over the SDK's REST protocol", async () => {
    const { arn } = await declareFunction(cloud, "echo", "exports.handler = async (event) => ({ got: event })");
    const statement = { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: arn };
    const allowed = await cloud.role("pipeline", "codepipeline.amazonaws.com", [statement]);
    const client = new LambdaClient(await cloud.clientOptions("codepipeline.amazonaws.com", allowed));
    const { Payload, StatusCode } = await client.send(
      new InvokeCommand({ FunctionName: arn, Payload: Buffer.from('"job"') }),
    );
    expect([StatusCode, Payload?.transformToString()]).to.deep.equal([200, '{"got":"job"}']);

    const denied = await cloud.role("stranger", "codepipeline.amazonaws.com", []);
    const stranger = new LambdaClient(await cloud.clientOptions("codepipeline.amazonaws.com", denied));
    const error = await refusal(stranger.send(new InvokeCommand({ FunctionName: "echo" })));
    expect([error.name, error.message]).to.deep.equal([
      "AccessDeniedException",
      `User: arn:aws:sts::123456789012:assumed-role/stranger/rehearsal is not authorized to perform: lambda:InvokeFunction on resource: ${arn}. Its policies name nothing of lambda.`,
    ]);
  });

  it("under its own role, with the SDK as it is", async () => {
    const { outputs } = await cloud.declare("aws:sqs/queue:Queue", "work", { name: "work" });
    const send = `const { SQSClient, SendMessageCommand } = require("@aws-sdk/client-sqs");
      const client = new SQSClient({});
      exports.handler = async ({ QueueUrl }) => {
        const { MD5OfMessageBody } = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
        return MD5OfMessageBody;
      };`;
    const allow = { Effect: "Allow", Action: "sqs:SendMessage", Resource: outputs.arn };
    const sender = await declareFunction(cloud, "sender", send, {}, [allow]);
    expect((await sender.invoke({ QueueUrl: outputs.url })).value).to.equal("0cc175b9c0f1b6a831c399e269772661");

    const stranger = await declareFunction(cloud, "stranger", send);
    const { errorType, errorMessage } = (await stranger.invoke({ QueueUrl: outputs.url })).value as Record<
      string,
      string
    >;
    expect([errorType, errorMessage]).to.deep.equal([
      "AccessDeniedException",
      `User: arn:aws:sts::123456789012:assumed-role/stranger/rehearsal is not authorized to perform: sqs:SendMessage on resource: ${outputs.arn}. Its policies name nothing of sqs.`,
    ]);
  });

  it("asynchronously three times in all, after one and two minutes", async () => {
    const { name } = await declareFunction(
      cloud,
      "stubborn",
      "exports.handler = async () => { throw new Error('no') }",
    );
    const attempts: number[] = [];
    cloud.onEvent((event) => {
      if (event.kind === "function-invoked") attempts.push((cloud.clock.now() - Date.UTC(2026, 0, 5, 9)) / 1000);
    });
    const attempted = () => cloud.until(isKind("function-invoked"));
    const first = attempted();
    await cloud.call({ kind: "operator" }, "lambda", "Invoke", { FunctionName: name, InvocationType: "Event" });
    await first;
    for (const delay of [60_000, 120_000]) {
      await new Promise(setImmediate);
      const next = attempted();
      await cloud.clock.turn(delay);
      await next;
    }
    await cloud.clock.turn(6 * 3600_000);
    expect(attempts).to.deep.equal([0, 60, 180]);
  });

  it("asynchronously twice in an account that repeats events, as one request", async () => {
    const repeating = await createTestCloud([createLambda, createLogs], { repeatsInvocations: true });
    try {
      const text = "exports.handler = async (event, { awsRequestId }) => { throw new Error(awsRequestId) }";
      const { name } = await declareFunction(repeating, "twice", text);
      const invocation = { FunctionName: name, InvocationType: "Event" };
      await repeating.call({ kind: "operator" }, "lambda", "Invoke", invocation);
      const invoked = () => repeating.events.filter(isKind("function-invoked"));
      await until(() => invoked().length === 2);
      const [first, second] = invoked().map((it) => [it.outcome, it.error]);
      expect(first?.[1]).to.match(/^Error: [0-9a-f-]{36}$/);
      expect(first).to.deep.equal(["failed", second?.[1]]);
    } finally {
      await repeating.close();
    }
  });

  it("and throttles beyond the reserved concurrency", async () => {
    const { invoke } = await declareFunction(
      cloud,
      "single",
      "exports.handler = () => new Promise((resolve) => setTimeout(resolve, 200))",
      { reservedConcurrentExecutions: 1 },
    );
    const [first, second] = await Promise.allSettled([invoke(), invoke()]);
    expect([first.status, second.status === "rejected" && second.reason.name]).to.deep.equal([
      "fulfilled",
      "TooManyRequestsException",
    ]);
  });
});
