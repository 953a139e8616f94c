import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { createDeploy } from "../../handlers/deploy";
import type { DeployOptions } from "../../handlers/deploy/options";
import { serialize } from "../../infra/lambda/serialization";
import { CLUSTER, createEcs, DIGEST, type Ecs, IMAGE } from "../handlers/deploy/ecs";
import { RECORDS } from "../handlers/deploy/support";
import { type Endpoint, startEndpoint } from "./endpoint";
import { failure, jobOf, success } from "./job";
import { type Lambda, startLambda } from "./lambda";
import { answerRecords, messageOf } from "./records";
import { DELIVERED_IMAGES, startTable, type Table } from "./table";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:notices";
const EXECUTION = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const ID = "99999999-2222-3333-4444-555555555555";
const LOCK = "application/storefront";
const REASON = "ECS deployment circuit breaker: tasks failed to start";

const options: DeployOptions = {
  application: "storefront",
  cluster: CLUSTER,
  services: ["web", "worker"].map((service) => ({
    service,
    container: "app",
    taskDefinition: `${service}:1`,
    count: 2,
  })),
  deadlineMinutes: 30,
  records: RECORDS,
  requests: { repository: "storefront", tag: "dev", deliveredImages: DELIVERED_IMAGES, topicArn: TOPIC },
};

describe("deploy callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let table: Table;
  let ecs: Ecs;
  let lambda: Lambda;

  before(async () => {
    text = await serialize(createDeploy);
    endpoint = await startEndpoint();
    table = await startTable();
    endpoint.elsewhere.DynamoDB = table.url;
    lambda = startLambda({ text, options, endpointUrl: endpoint.url });
  });
  beforeEach(async () => {
    endpoint.requests = [];
    endpoint.answers = answerRecords();
    endpoint.plain = ({ body }) => {
      const input = Object.fromEntries(new URLSearchParams(body.toString()));
      endpoint.requests.push({ operation: input.Action ?? "", input });
      return {
        status: 200,
        body: "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
      };
    };
    ecs = createEcs(endpoint, ["web", "worker"]);
    await table.clear();
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
    await table.close();
  });

  const wanted = { image: IMAGE, version: "v2", execution: EXECUTION };
  async function invoke(event: unknown) {
    const { value, error, lines } = await lambda.invoke(event);
    expect(error).to.equal(undefined);
    expect(lines.join("")).not.to.include("top secret");
    return value;
  }
  const event = (service: string, eventName: string) =>
    invoke({
      "detail-type": "ECS Deployment State Change",
      detail: { eventName, deploymentId: ecs.services[service]?.deployments[0]?.id },
    });
  const results = () =>
    endpoint.requests.filter((it) => it.operation.startsWith("PutJob")).map((it) => [it.operation, it.input]);
  const inputsOf = (operation: string) =>
    endpoint.requests.filter((it) => it.operation === operation).map(({ input }) => input);
  const updates = () => inputsOf("UpdateService").map((it) => `${it.service} ${it.taskDefinition}`);
  const again = { batchItemFailures: [{ itemIdentifier: "message-1" }] };
  const over = { batchItemFailures: [] };

  it("fits the archive's limit", () => {
    // An archive is compressed.
    expect(deflateRawSync(text).length).to.be.below(64 * 1024);
  });

  it("deploys to all services for one job, which the last event ends", async () => {
    await invoke(jobOf(wanted));
    expect(updates()).to.deep.equal(["web web:2", "worker worker:2"]);
    expect(await table.read(LOCK)).to.deep.include({ owner: EXECUTION, by: "execution", version: "v2" });
    ecs.complete("web");
    await event("web", "SERVICE_DEPLOYMENT_COMPLETED");
    expect(results()).to.deep.equal([]);
    ecs.complete("worker");
    await event("worker", "SERVICE_DEPLOYMENT_COMPLETED");
    expect(results()).to.deep.equal([success("storefront v2: web runs web:2, worker runs worker:2")]);
    // The pipeline tags and tells by itself.
    expect([...inputsOf("PutImage"), ...inputsOf("Publish")]).to.deep.equal([]);
  });

  it("goes back with all services if one fails, and tells both causes", async () => {
    await invoke(jobOf(wanted));
    ecs.complete("web");
    ecs.fail("worker", `${REASON}.`, "by ECS");
    await invoke(messageOf(`deploy/${EXECUTION}`));
    ecs.complete("web");
    ecs.complete("worker");
    await invoke(messageOf(`deploy/${EXECUTION}`));
    const message =
      `storefront v2 was not deployed. worker: ${REASON}. ` +
      "Rollback: web is back at web:1; worker is back at worker:1.";
    expect(results()).to.deep.equal([failure("JobFailed", message)]);
    expect(updates()).to.deep.equal(["web web:2", "worker worker:2", "web web:1"]);
    expect((await table.read(LOCK))?.until).to.equal(0);
  });

  it("takes messages of deployments by HTTP, and deploys as the pipeline does", async () => {
    const until = Math.floor(Date.now() / 1_000) + 75 * 60;
    const requestedAt = new Date().toISOString();
    await table.write({
      id: ID,
      application: "storefront",
      version: "v2",
      image: IMAGE,
      state: "queued",
      requestedAt,
      updatedAt: requestedAt,
      until,
      round: 0,
      expires: until + 1_000_000,
    });
    expect(await invoke(messageOf(ID))).to.deep.equal(again);
    ecs.complete("web");
    ecs.complete("worker");
    expect(await invoke(messageOf(ID))).to.deep.equal(over);
    expect(await invoke(messageOf(ID))).to.deep.equal(over);
    expect(updates()).to.deep.equal(["web web:2", "worker worker:2"]);
    expect(inputsOf("PutImage").map(({ imageDigest, imageTag }) => [imageDigest, imageTag])).to.deep.equal([
      [DIGEST, "dev"],
    ]);
    expect(await table.deliveredVersion(`storefront@${DIGEST}`)).to.equal("v2");
    expect(await table.latestDelivered("storefront")).to.equal(DIGEST);
    expect(inputsOf("Publish").map(({ TopicArn, Subject }) => [TopicArn, Subject])).to.deep.equal([
      [TOPIC, "storefront in dev: deployment request for v2 succeeded"],
    ]);
    expect(await table.read(ID)).to.deep.include({ state: "succeeded", reported: "yes" });
    expect(results()).to.deep.equal([]);
  });

  const mistakes: [string, object | string, string][] = [
    [
      "an image by tag",
      { ...wanted, image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront:v2" },
      'UserParameters: image is "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront:v2", expected an ECR image by digest: registry/repository@sha256:…',
    ],
    [
      "no version",
      { ...wanted, version: undefined },
      "UserParameters: version is missing, expected an image tag: at most 128 letters, digits, . _ -",
    ],
    [
      "no execution",
      { ...wanted, execution: undefined },
      "UserParameters: execution is missing, expected the id of the pipeline's execution",
    ],
    [
      "no JSON",
      '{"version":"say "hello""}',
      "UserParameters is not JSON: set the action's UserParameters to a JSON object",
    ],
  ];
  for (const [what, parameters, message] of mistakes) {
    it(`fails for ${what}`, async () => {
      await invoke(jobOf(parameters));
      expect(results()).to.deep.equal([failure("ConfigurationError", message)]);
      expect(updates()).to.deep.equal([]);
    });
  }
});
