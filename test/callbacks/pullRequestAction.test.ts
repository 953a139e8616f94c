import { expect } from "chai";
import { createPullRequestAction } from "../../handlers/pullRequestAction";
import { serialize } from "../../infra/lambda/serialization";
import { IMAGE } from "../handlers/deploy/ecs";
import {
  createStartedTasks,
  down,
  EXECUTION,
  ID,
  moveAsTask,
  OTHER_IMAGE,
  options,
  type StartedTasks,
  URL,
} from "../handlers/pullRequestAction/support";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { failure, JOB, jobOf, runOnce, success } from "./job";
import { type Lambda, startLambda } from "./lambda";
import { startPullRequestTable } from "./pullRequestTable";
import type { Table } from "./table";

const COMMIT = "0c5b1d2e3f405162738495a6b7c8d9e0f1a2b3c4";
const parameters = { image: IMAGE, version: "v2", execution: EXECUTION };
const told = (what: string) => success(`storefront v2 in dev: ${what}`);
const failed = (cause: string) =>
  failure("JobFailed", `storefront v2 in dev has no pull request (record ${ID}): ${cause}`);

describe("pull request action callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let table: Table;
  let lambda: Lambda;
  let started: StartedTasks;

  before(async () => {
    text = await serialize(createPullRequestAction);
    endpoint = await startEndpoint();
    table = await startPullRequestTable();
    endpoint.elsewhere.DynamoDB = table.url;
  });
  beforeEach(async () => {
    // Of its own: a test may turn its clock.
    lambda = startLambda({ text, options, endpointUrl: endpoint.url });
    endpoint.requests = [];
    endpoint.answers = { PutJobSuccessResult: () => ({}), PutJobFailureResult: () => ({}) };
    started = createStartedTasks(endpoint);
    await table.clear();
  });
  afterEach(() => lambda.close());
  after(async () => {
    await endpoint.close();
    await table.close();
  });

  const run = (token?: string, asked: object = parameters) => runOnce(endpoint, lambda, asked, token);
  /** @returns the token of an action that has asked, and follows */
  const ask = async () => (await run((await run()).token)).token;

  it("fits the archive's limit", () => {
    expect(Buffer.byteLength(text)).to.be.below(64 * 1024);
  });

  it("asks, and follows the record to its pull request, token by token", async () => {
    const begun = await run();
    expect(begun.told).to.deep.equal(told("about to be requested"));
    expect([await table.ids(), started.tokens]).to.deep.equal([[], []]);
    const asked = await run(begun.token);
    expect(asked.told).to.deep.equal(told("requested, task task1"));
    await moveAsTask(table, "running", {}, Date.now());
    const waiting = await run(asked.token);
    expect(waiting).to.deep.equal({ told: told("running, task task1"), token: asked.token });
    await moveAsTask(table, "opened", { url: URL }, Date.now());
    expect(await run(waiting.token)).to.deep.equal({ told: told(URL), token: undefined });
    expect(started.requests).to.have.length(1);
  });

  it("starts the task with nothing but the record's name and attempt", async () => {
    await ask();
    const { attempt = "" } = (await table.read(ID)) ?? {};
    expect(started.requests).to.deep.equal([
      {
        cluster: "dev",
        taskDefinition: options.task.taskDefinition,
        count: 1,
        launchType: "FARGATE",
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ["subnet-1", "subnet-2"],
            securityGroups: ["sg-1"],
            assignPublicIp: "DISABLED",
          },
        },
        overrides: {
          containerOverrides: [
            { name: "gitops-pr", environment: [{ name: "PULL_REQUEST", value: JSON.stringify({ id: ID, attempt }) }] },
          ],
        },
        startedBy: `${ID}/${attempt}`,
        clientToken: attempt,
      },
    ]);
  });

  it("asks for the image by digest, under its name in the manifests, and says for whom", async () => {
    await run((await run(undefined, { ...parameters, version: COMMIT })).token, { ...parameters, version: COMMIT });
    const [id = ""] = await table.ids();
    expect(await table.read(String(id))).to.deep.include({
      revision: COMMIT,
      image: `storefront=${IMAGE}`,
      repository: "acme/storefront",
      requestedBy: `${EXECUTION}/${JOB}`,
    });
  });

  it("succeeds if nothing had to change", async () => {
    const token = await ask();
    await moveAsTask(table, "unchanged", { reason: "the overlay has this image" }, Date.now());
    expect((await run(token)).told).to.deep.equal(told("unchanged: the overlay has this image"));
  });

  it("fails with the record's cause", async () => {
    const token = await ask();
    await moveAsTask(table, "failed", { cause: "there is no overlay" }, Date.now());
    expect(await run(token)).to.deep.equal({ told: failed("there is no overlay"), token: undefined });
  });

  it("fails if the record was deleted meanwhile", async () => {
    const token = await ask();
    await table.clear();
    expect((await run(token)).told).to.deep.equal(failed("its record was deleted in the meantime"));
    expect(await table.ids()).to.deep.equal([]);
  });

  it("fails if another image took its record", async () => {
    const token = await ask();
    await moveAsTask(table, "opened", { url: URL }, Date.now());
    const other = { ...parameters, image: OTHER_IMAGE, execution: "another-execution" };
    await run((await run(undefined, other)).token, other);
    expect((await run(token)).told).to.deep.equal(
      failed(`it was requested again in the meantime with another image, storefront=${OTHER_IMAGE}`),
    );
    expect(started.tokens).to.have.length(2);
  });

  it("repeated in every job starts no second task", async () => {
    const { token } = await run();
    await run();
    const asked = await run(token);
    expect(await run(token)).to.deep.equal(asked);
    await moveAsTask(table, "failed", { cause: "GitHub is down" }, Date.now());
    expect([await run(token), await run(asked.token), await run(asked.token)].map((it) => it.told)).to.deep.equal([
      failed("GitHub is down"),
      failed("GitHub is down"),
      failed("GitHub is down"),
    ]);
    expect(started.tokens).to.have.length(1);
  });

  it("asks for nothing if its first job was settled by another invocation", async () => {
    endpoint.answers.PutJobSuccessResult = () => {
      throw awsFault("InvalidJobStateException", "the job is Succeeded");
    };
    await run();
    expect([await table.ids(), started.tokens]).to.deep.equal([[], []]);
  });

  it("asks for nothing if it comes too late to be heard", async () => {
    const { token } = await run();
    await lambda.invoke(jobOf(parameters, token), { later: 20 * 60_000 + 1_000 });
    const message =
      `storefront v2 in dev: not requested within 20 minutes: check whether record ${ID} has another image, ` +
      "then retry the stage";
    const { operation, input } = endpoint.requests.at(-1) ?? {};
    expect([operation, input]).to.deep.equal(failure("JobFailed", message));
    expect([await table.ids(), started.tokens]).to.deep.equal([[], []]);
  });

  it("asks again while DynamoDB is out of reach, and fails when it is denied", async () => {
    const { token } = await run();
    endpoint.answers.PutItem = down;
    const again = told("retrying: ServerException: Service is down");
    expect(await run(token)).to.deep.equal({ told: again, token });
    delete endpoint.answers.PutItem;
    const following = (await run(token)).token;
    endpoint.answers.GetItem = down;
    expect(await run(following)).to.deep.equal({ told: again, token: following });
    endpoint.answers.GetItem = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: dynamodb:GetItem");
    };
    const message =
      "storefront v2 in dev: the pull request is no longer observed: AccessDeniedException: not authorized to " +
      `perform: dynamodb:GetItem. Record ${ID} will show the outcome`;
    expect((await run(following)).told).to.deep.equal(failure("PermissionError", message));
  });

  it("does not ask for ever while DynamoDB is out of reach", async () => {
    const token = await ask();
    endpoint.answers.GetItem = down;
    await lambda.invoke(jobOf(parameters, token), { later: 3_600_000 });
    const message =
      "storefront v2 in dev: the pull request is no longer observed: ServerException: Service is down. " +
      `Record ${ID} will show the outcome`;
    const { operation, input } = endpoint.requests.at(-1) ?? {};
    expect([operation, input]).to.deep.equal(failure("SystemUnavailable", message));
  });

  it("fails if it may not make the record", async () => {
    const { token } = await run();
    endpoint.answers.PutItem = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: dynamodb:PutItem");
    };
    expect((await run(token)).told).to.deep.equal(
      failure("PermissionError", "AccessDeniedException: not authorized to perform: dynamodb:PutItem"),
    );
  });

  it("fails and records it if it may not start the task", async () => {
    const { token } = await run();
    endpoint.answers.RunTask = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:RunTask");
    };
    const { told } = await run(token);
    const { attempt } = (await table.read(ID)) ?? {};
    const cause = `AWS refused to start the task; the platform's log has the details under ${attempt}`;
    expect(told).to.deep.equal(failed(cause));
    expect(await table.read(ID)).to.deep.include({ state: "failed", cause });
  });

  const mistakes: [string, object, string][] = [
    [
      "an image by tag",
      { ...parameters, image: "storefront:v2" },
      'UserParameters: image is "storefront:v2", expected an ECR image by digest: registry/repository@sha256:…',
    ],
    [
      "no version",
      { ...parameters, version: undefined },
      "UserParameters: version is missing, expected an image tag: at most 128 letters, digits, . _ -",
    ],
    [
      "no execution",
      { ...parameters, execution: "" },
      'UserParameters: execution is "", expected the id of the pipeline\'s execution',
    ],
  ];
  for (const [what, asked, message] of mistakes) {
    it(`fails for ${what}`, async () => {
      expect((await run(undefined, asked)).told).to.deep.equal(failure("ConfigurationError", message));
      expect([await table.ids(), started.tokens]).to.deep.equal([[], []]);
    });
  }

  it("fails for a token that is not its own", async () => {
    expect((await run(`{"id":"${ID}"}`)).told).to.deep.equal(
      failure("ConfigurationError", `the continuation token does not belong to this function: {"id":"${ID}"}`),
    );
  });
});
