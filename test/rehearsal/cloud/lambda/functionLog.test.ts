import { expect } from "chai";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction, LOGGING, linesOf } from "./support";

describe("Lambda writes logs", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs]);
  });
  afterEach(() => cloud.close());

  const SPEAK = `exports.handler = async () => {
    console.warn("%s of %d", "one", 2);
    process.stdout.write('{"level":"info"}\\nhalf');
  };`;

  it("of console and standard output, under the function's role", async () => {
    const { invoke } = await declareFunction(cloud, "speaker", SPEAK);
    await invoke();
    const lines = linesOf(cloud, "/aws/lambda/speaker").map((it) =>
      it.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>").replaceAll(/[\d.]+ ms/g, "<time>"),
    );
    expect(lines).to.deep.equal([
      "START RequestId: <id> Version: $LATEST",
      lines[1]?.slice(0, 24).concat("\t<id>\tWARN\tone of 2"),
      '{"level":"info"}',
      "half",
      "REPORT RequestId: <id>\tDuration: <time>\tBilled Duration: <time>\tMemory Size: 128 MB",
    ]);
    expect(lines[1]).to.match(/^2026-01-05T09:00:0\d\.\d{3}Z\t/);
    const writers = new Set(cloud.trail.filter((it) => it.service === "logs").map((it) => it.principal));
    expect([...writers]).to.deep.equal(["arn:aws:iam::123456789012:role/speaker"]);
  });

  it("as JSON where the function says so", async () => {
    const { invoke } = await declareFunction(cloud, "structured", SPEAK, { loggingConfig: { logFormat: "JSON" } });
    await invoke();
    const [start, warning] = linesOf(cloud, "/aws/lambda/structured").map((it) =>
      it === "half" ? it : JSON.parse(it),
    );
    expect(start.type).to.equal("platform.start");
    expect([warning.level, warning.message, warning.requestId]).to.deep.equal([
      "WARN",
      "one of 2",
      start.record.requestId,
    ]);
  });

  it("and runs without, where the role may not, and says what is lost and why", async () => {
    const { outputs } = await cloud.declare("aws:lambda/function:Function", "mute", {
      name: "mute",
      runtime: "nodejs24.x",
      handler: "__index.handler",
      role: await cloud.role("mute", "lambda.amazonaws.com", [{ ...LOGGING, Action: "logs:CreateLogStream" }]),
      code: { kind: "archive", assets: { "__index.js": { kind: "asset", text: "exports.handler = async () => 1" } } },
    });
    await cloud.declare("aws:cloudwatch/logGroup:LogGroup", "mute", { name: "/aws/lambda/mute" });
    const answer = await cloud.call({ kind: "operator" }, "lambda", "Invoke", { FunctionName: outputs.arn });
    expect(answer).to.include({ StatusCode: 200, FunctionError: undefined });
    const lines = linesOf(cloud, "/aws/lambda/mute");
    expect(lines.length).to.equal(1);
    expect(lines[0]).to.match(
      /^The log lines of mute are lost: User: .*assumed-role\/mute\/rehearsal is not authorized to perform: logs:PutLogEvents on resource: arn:aws:logs:us-east-1:123456789012:log-group:\/aws\/lambda\/mute:log-stream:2026\/01\/05\/\[\$LATEST\]/,
    );
    expect(cloud.trail.filter((it) => it.outcome === "denied").map((it) => it.operation)).to.deep.equal([
      "PutLogEvents",
    ]);
  });
});
