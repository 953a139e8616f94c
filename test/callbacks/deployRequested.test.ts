import { expect } from "chai";
import { createDeploy, type DeployOptions } from "../../handlers/deploy";
import { serialize } from "../../infra/serialization";
import { CLUSTER, createEcs, DIGEST, type Ecs, IMAGE } from "../handlers/ecs";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { jobOf } from "./job";
import { type Lambda, startLambda } from "./lambda";
import { startTable, TABLE, type Table } from "./table";

const QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/storefront-requests";
const TOPIC = "arn:aws:sns:us-east-1:123456789012:notices";
const EXECUTION = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const ID = "99999999-2222-3333-4444-555555555555";
const LOCK = "application/storefront";
const REASON = "ECS deployment circuit breaker: tasks failed to start";

const options: DeployOptions = {
  application: "storefront",
  cluster: CLUSTER,
  services: [{ service: "web", container: "app", taskDefinition: "web:1", count: 2 }],
  deadlineMinutes: 30,
  requests: { table: TABLE, repository: "storefront", tag: "dev", topicArn: TOPIC, queueUrl: QUEUE_URL },
};

const seconds = () => Math.floor(Date.now() / 1_000);

describe("deploy callback with deployments by HTTP, serialised", () => {
  let endpoint: Endpoint;
  let table: Table;
  let ecs: Ecs;
  let lambda: Lambda;

  before(async () => {
    endpoint = await startEndpoint();
    table = await startTable();
    endpoint.elsewhere.DynamoDB = table.url;
    lambda = startLambda({ text: await serialize(createDeploy), options, endpointUrl: endpoint.url });
  });
  beforeEach(async () => {
    endpoint.requests = [];
    endpoint.answers = {
      PutJobSuccessResult: () => ({}),
      PutJobFailureResult: () => ({}),
      ChangeMessageVisibility: () => ({}),
      PutImage: () => ({}),
    };
    endpoint.plain = ({ body }) => {
      const input = Object.fromEntries(new URLSearchParams(body.toString()));
      endpoint.requests.push({ operation: input.Action ?? "", input });
      return {
        status: 200,
        body: "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
      };
    };
    ecs = createEcs(endpoint, ["web"]);
    await table.clear();
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
    await table.close();
  });

  /** One job. @returns what CodePipeline was told, and the token for the next */
  async function job(token?: string, parameters: object = { image: IMAGE, version: "v2", execution: EXECUTION }) {
    const { value, error, lines } = await lambda.invoke(jobOf(parameters, token));
    expect([value, error]).to.deep.equal([undefined, undefined]);
    const told = endpoint.requests.findLast(({ operation }) => operation.startsWith("PutJob"));
    const { executionDetails, failureDetails, continuationToken } = told?.input ?? {};
    const { summary, message } = { ...(executionDetails as object), ...(failureDetails as object) } as {
      summary?: string;
      message?: string;
    };
    return { told: summary ?? message, token: continuationToken as string | undefined, lines };
  }

  /** One delivery of a message. @returns the messages that were not done with */
  async function round() {
    const Records = [{ messageId: "message-1", receiptHandle: "receipt-1", body: JSON.stringify({ id: ID }) }];
    const { value, error } = await lambda.invoke({ Records });
    expect(error).to.equal(undefined);
    return value;
  }

  /** As the API leaves it. */
  async function request(version = "v2") {
    const until = seconds() + 75 * 60;
    const requestedAt = new Date().toISOString();
    await table.write({ id: LOCK, owner: ID, by: "deployment", version, until });
    await table.write({
      id: ID,
      application: "storefront",
      version,
      image: IMAGE,
      state: "queued",
      requestedAt,
      updatedAt: requestedAt,
      until,
      round: 0,
      expires: until + 1_000_000,
    });
  }

  const again = { batchItemFailures: [{ itemIdentifier: "message-1" }] };
  const over = { batchItemFailures: [] };
  const updates = () =>
    endpoint.requests
      .filter(({ operation }) => operation === "UpdateService")
      .map(({ input }) => `${input.service} ${input.taskDefinition}`);
  const inputsOf = (operation: string) =>
    endpoint.requests.filter((it) => it.operation === operation).map(({ input }) => input);

  it("takes messages, and deploys as the pipeline does", async () => {
    await request();
    expect(await round()).to.deep.equal(again);
    expect(await round()).to.deep.equal(again);
    expect(inputsOf("ChangeMessageVisibility")).to.deep.equal(
      [1, 2].map(() => ({ QueueUrl: QUEUE_URL, ReceiptHandle: "receipt-1", VisibilityTimeout: 15 })),
    );
    ecs.complete("web");
    expect(await round()).to.deep.equal(over);
    expect(await round()).to.deep.equal(over);
    expect(updates()).to.deep.equal(["web web:2"]);
    expect(inputsOf("PutImage").map(({ imageDigest, imageTag }) => [imageDigest, imageTag])).to.deep.equal([
      [DIGEST, "dev"],
    ]);
    expect(inputsOf("Publish").map(({ TopicArn, Subject }) => [TopicArn, Subject])).to.deep.equal([
      [TOPIC, "storefront in dev: deployment of v2 succeeded"],
    ]);
    expect(await table.read(ID)).to.deep.include({ state: "succeeded", round: 3 });
    expect(await table.ids()).to.deep.equal([ID]);
    expect(endpoint.requests.filter(({ operation }) => operation.startsWith("PutJob"))).to.deep.equal([]);
  });

  it("holds the lock in the pipeline's deployment from its start to its success", async () => {
    const registered = await job();
    expect(await table.ids()).to.deep.equal([]);
    const started = await job(registered.token);
    const { until, ...lock } = (await table.read(LOCK)) ?? {};
    expect(lock).to.deep.equal({ id: LOCK, owner: EXECUTION, by: "execution", version: "v2" });
    expect(Number(until) - seconds()).to.be.within(75 * 60 - 30, 75 * 60);
    ecs.complete("web");
    expect(await job(started.token)).to.deep.include({ told: "storefront v2: web runs web:2", token: undefined });
    expect(await table.ids()).to.deep.equal([]);
    // The pipeline tags and tells by itself.
    expect([...inputsOf("PutImage"), ...inputsOf("Publish")]).to.deep.equal([]);
  });

  it("gives the lock back when the pipeline's deployment has failed and gone back", async () => {
    const { token } = await job((await job()).token);
    ecs.fail("web", `${REASON}.`, "by ECS");
    const back = await job(token);
    expect((await table.read(LOCK))?.owner).to.equal(EXECUTION);
    ecs.complete("web");
    const end = await job(back.token);
    expect(end.told).to.equal(`storefront v2 was not deployed. web: ${REASON}. Rollback: web has web:1 again.`);
    expect(await table.ids()).to.deep.equal([]);
  });

  it("gives the lock back when the pipeline's deployment cannot be followed", async () => {
    const { token } = await job((await job()).token);
    endpoint.answers.DescribeServices = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:DescribeServices");
    };
    expect((await job(token)).token).to.equal(undefined);
    expect(await table.ids()).to.deep.equal([]);
  });

  it("lets the pipeline wait for a deployment by HTTP, and then deploys", async () => {
    await request("v1");
    const waiting = await job();
    expect(waiting.told).to.equal(`waiting for version v1 by deployment ${ID}`);
    const still = await job(waiting.token);
    expect(still).to.deep.include({ told: waiting.told, token: waiting.token });
    await round();
    await round();
    ecs.complete("web");
    expect(await round()).to.deep.equal(over);
    const registered = await job(still.token);
    expect(registered.told).to.equal("registered web:3 for storefront v2");
    await job(registered.token);
    expect(updates()).to.deep.equal(["web web:2", "web web:3"]);
  });

  it("takes no lock from a deployment by HTTP when the pipeline's fails early", async () => {
    await request("v1");
    const waiting = await job();
    endpoint.answers.GetItem = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: dynamodb:GetItem");
    };
    expect(await job(waiting.token)).to.deep.include({
      told: "AccessDeniedException: not authorized to perform: dynamodb:GetItem",
      token: undefined,
    });
    expect((await table.read(LOCK))?.owner).to.equal(ID);
  });

  it("gives no lock back for a repetition of the first job that fails", async () => {
    const { token } = await job((await job()).token);
    delete ecs.definitions["web:1"];
    expect((await job()).told).to.equal("ClientException: Unable to describe task definition.");
    expect((await table.read(LOCK))?.owner).to.equal(EXECUTION);
    ecs.complete("web");
    expect((await job(token)).told).to.equal("storefront v2: web runs web:2");
  });

  it("says that a lock expires by itself which it cannot give back", async () => {
    const { token } = await job((await job()).token);
    ecs.complete("web");
    endpoint.answers.DeleteItem = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: dynamodb:DeleteItem");
    };
    const { told, lines } = await job(token);
    expect(told).to.equal("storefront v2: web runs web:2");
    expect(JSON.parse(lines[0] ?? "")).to.deep.equal({
      level: "error",
      message: "lock not given back: it expires by itself",
      application: "storefront",
      owner: EXECUTION,
      cause: "AccessDeniedException: not authorized to perform: dynamodb:DeleteItem",
    });
  });

  it("fails without the id of the pipeline's execution", async () => {
    expect((await job(undefined, { image: IMAGE, version: "v2" })).told).to.equal(
      "UserParameters: execution is missing, expected the id of the pipeline's execution",
    );
  });
});
