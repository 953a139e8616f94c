import { expect } from "chai";
import { createNotices, type NoticesOptions } from "../../handlers/notices";
import { serialize } from "../../infra/lambda/serialization";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:notices";
const EXECUTION = "12345678-1234-5678-abcd-12345678abcd";
const COMMIT = "0c5b1d2e3f405162738495a6b7c8d9e0f1a2b3c4";
const LINK =
  "https://console.aws.amazon.com/codesuite/codepipeline/pipelines/storefront-prod/executions/" +
  `${EXECUTION}/timeline?region=us-east-1`;
const options: NoticesOptions = {
  environment: "prod",
  topicArn: TOPIC,
  console: "https://console.aws.amazon.com",
  region: "us-east-1",
  pipelines: { "storefront-prod": "storefront" },
};

/** As CodePipeline's guide shows them. */
const eventOf = (state: string, pipeline = "storefront-prod") => ({
  version: "0",
  id: "01234567-EXAMPLE",
  "detail-type": "CodePipeline Pipeline Execution State Change",
  source: "aws.codepipeline",
  account: "123456789012",
  time: "2026-01-05T09:00:00Z",
  region: "us-east-1",
  resources: [`arn:aws:codepipeline:us-east-1:123456789012:${pipeline}`],
  detail: { pipeline, "execution-id": EXECUTION, state, version: 1 },
});

const build = {
  stageName: "Build",
  actionName: "Build",
  status: "Succeeded",
  input: { namespace: "Build", actionTypeId: { category: "Build", owner: "AWS", provider: "CodeBuild", version: "1" } },
  output: { outputVariables: { IMAGE_TAG: COMMIT } },
};
const deployment = {
  stageName: "Deploy",
  actionName: "Deploy",
  status: "Failed",
  input: { actionTypeId: { category: "Invoke", owner: "AWS", provider: "Lambda", version: "1" } },
  output: { executionResult: { errorDetails: { code: "JobFailed", message: "web did not become healthy" } } },
};

describe("notices callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let lambda: Lambda;
  let published: Record<string, string>[];

  before(async () => {
    text = await serialize(createNotices);
    endpoint = await startEndpoint();
    lambda = startLambda({ text, options, endpointUrl: endpoint.url });
  });
  beforeEach(() => {
    endpoint.requests = [];
    endpoint.answers = {
      ListActionExecutions: ({ nextToken }) =>
        nextToken === "2"
          ? { actionExecutionDetails: [build] }
          : { actionExecutionDetails: [deployment], nextToken: "2" },
    };
    published = [];
    // SNS speaks AWS's Query protocol.
    endpoint.plain = ({ body }) => {
      published.push(Object.fromEntries(new URLSearchParams(body.toString())));
      const result = "<PublishResult><MessageId>1</MessageId></PublishResult>";
      return {
        status: 200,
        headers: { "content-type": "text/xml" },
        body: `<PublishResponse>${result}</PublishResponse>`,
      };
    };
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
  });

  const publish = (subject: string, message: string) => ({
    Action: "Publish",
    Version: "2010-03-31",
    TopicArn: TOPIC,
    Subject: subject,
    Message: message,
  });

  it("fits the archive's limit", () => {
    expect(Buffer.byteLength(text)).to.be.below(64 * 1024);
  });

  it("reads all pages of the actions, and publishes what they say", async () => {
    const { value, error, lines } = await lambda.invoke(eventOf("FAILED"));
    expect([value, error]).to.deep.equal([undefined, undefined]);
    const asked = { pipelineName: "storefront-prod", filter: { pipelineExecutionId: EXECUTION } };
    expect(endpoint.requests).to.deep.equal([
      { operation: "ListActionExecutions", input: asked },
      { operation: "ListActionExecutions", input: { ...asked, nextToken: "2" } },
    ]);
    const subject = "storefront in prod: failed at Deploy";
    const message = [subject, "", `Version: ${COMMIT}`, "Deploy failed: web did not become healthy", "", LINK].join(
      "\n",
    );
    expect(published).to.deep.equal([publish(subject, message)]);
    expect(lines.map((line) => JSON.parse(line))).to.deep.equal([
      { level: "info", message: "notice published", pipeline: "storefront-prod", execution: EXECUTION, subject },
    ]);
  });

  it("publishes even if the actions cannot be read, and says so", async () => {
    endpoint.answers.ListActionExecutions = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: codepipeline:ListActionExecutions");
    };
    const { error, lines } = await lambda.invoke(eventOf("SUCCEEDED"));
    expect(error).to.equal(undefined);
    const cause = "AccessDeniedException: not authorized to perform: codepipeline:ListActionExecutions";
    const unknown = `The version and the cause are unknown, because the pipeline's actions cannot be read: ${cause}`;
    const subject = "storefront in prod: succeeded";
    const message = [subject, "", `Execution: ${EXECUTION}`, unknown, "", LINK].join("\n");
    expect(published).to.deep.equal([publish(subject, message)]);
    expect(JSON.parse(lines[0] ?? "")).to.deep.equal({
      level: "warn",
      message: "the actions of the execution cannot be read",
      pipeline: "storefront-prod",
      execution: EXECUTION,
      cause,
    });
  });

  it("calls a pipeline that it does not know by its own name", async () => {
    endpoint.answers.ListActionExecutions = () => ({ actionExecutionDetails: [] });
    await lambda.invoke(eventOf("STOPPED", "basket-prod"));
    expect(published.map(({ Subject }) => Subject)).to.deep.equal(["basket-prod in prod: stopped"]);
  });

  it("has nothing to say of an execution that begins", async () => {
    const { error } = await lambda.invoke(eventOf("STARTED"));
    expect([error, endpoint.requests, published]).to.deep.equal([undefined, [], []]);
  });

  it("fails if the topic does not take the notice, so that Lambda tries again", async () => {
    endpoint.plain = () => ({
      status: 403,
      headers: { "content-type": "text/xml" },
      body:
        "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code>" +
        "<Message>not authorized to perform: SNS:Publish</Message></Error></ErrorResponse>",
    });
    const { error } = await lambda.invoke(eventOf("FAILED"));
    expect(error).to.deep.equal({
      name: "AuthorizationErrorException",
      message: "not authorized to perform: SNS:Publish",
    });
  });
});
