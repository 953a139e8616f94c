import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { circleciJob as build, REVISION } from "./circleciJob";
import { type Call, denied, TOKEN } from "./httpApi";
import { ID, REGISTRY, SECRET_ARN, TASK_DEFINITION, taskArn, usePullRequests, wanted } from "./pullRequestsSupport";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe("pull requests callback, serialised: POST /pullrequests", () => {
  const world = usePullRequests();
  const view = { id: ID, service: "storefront", ...wanted, state: "requested" };

  it("fits the archive's limit", () => {
    expect(deflateRawSync(world.text).length).to.be.below(64 * 1024);
  });

  it("records the request, starts its task, and keeps the task's ARN, in this order", async () => {
    const earliest = Date.now();
    const { status, told, headers, logged } = await world.post();
    const latest = Date.now();
    const { requestedAt, updatedAt, ...rest } = told;
    const time = Date.parse(String(requestedAt));
    expect(status).to.equal(202);
    expect(headers.location).to.equal(`/pullrequests/${ID}`);
    expect(time).to.be.within(earliest, latest);
    expect(Date.parse(String(updatedAt))).to.be.within(time, latest);
    expect(rest).to.deep.equal({ ...view, task: taskArn(1) });
    expect(world.operations()).to.deep.equal(["GetItem", "GetItem", "UpdateItem", "PutItem", "RunTask", "UpdateItem"]);
    const { attempt, ...record } = (await world.table.read(ID)) ?? {};
    expect(attempt).to.match(UUID);
    expect(record).to.deep.equal({ ...told, list: "all", expires: Math.floor(time / 1_000) + 90 * 24 * 3_600 });
    const { clientToken, startedBy, taskDefinition, overrides } = world.endpoint.requests.at(-2)?.input ?? {};
    expect({ clientToken, startedBy, taskDefinition, overrides }).to.deep.equal({
      clientToken: attempt,
      startedBy: `${ID}/${attempt}`,
      taskDefinition: TASK_DEFINITION,
      overrides: {
        containerOverrides: [
          {
            name: "gitops-pr",
            environment: [{ name: "PULL_REQUEST", value: JSON.stringify({ id: ID, attempt }) }],
          },
        ],
      },
    });
    expect(logged).to.deep.equal([
      {
        level: "info",
        message: "pull request's task started",
        id: ID,
        service: "storefront",
        environment: "dev",
        revision: REVISION,
        task: taskArn(1),
      },
    ]);
  });

  it("takes CircleCI's payload", async () => {
    const { status, told } = await world.post({ body: build });
    const { requestedAt, updatedAt, ...rest } = told;
    expect({ status, rest }).to.deep.equal({
      status: 202,
      rest: { ...view, task: taskArn(1), build: "https://circleci.com/gh/acme/storefront/231" },
    });
    const { buildNumber, actor } = (await world.table.read(ID)) ?? {};
    expect({ buildNumber, actor }).to.deep.equal({ buildNumber: "231", actor: "octocat" });
  });

  it("takes the token in the query, and a body in base64", async () => {
    const call = { authorization: undefined, query: { token: TOKEN }, body: wanted, base64: true };
    expect((await world.post(call)).status).to.equal(202);
  });

  const ignored: [string, object, string][] = [
    ["a failed build", { status: "failed" }, "the build's status is failed, not success"],
    ["a branch that is not deployed", { branch: "topic" }, "branch topic is not deployed"],
    ["another job", { job: "test" }, "job test is not in slipway:pullRequests.circleci.jobs"],
  ];
  for (const [what, changes, reason] of ignored) {
    it(`answers 202 to ${what} with the reason, and does nothing`, async () => {
      const { status, told, logged } = await world.post({ body: { ...build, ...changes } });
      expect({ status, told }).to.deep.equal({ status: 202, told: { reason } });
      expect(logged).to.deep.equal([{ level: "info", message: "build ignored", reason }]);
      expect(world.operations()).to.deep.equal([]);
    });
  }

  const hint = "send the header Authorization: Bearer <token>, or the query parameter token";
  const another = "the bearer token is not valid";
  const refusals: [string, Call, number, object][] = [
    ["no token", { authorization: undefined, body: wanted }, 401, { reason: hint }],
    ["another token", { authorization: "Bearer guess", body: wanted }, 401, { reason: another }],
    ["another in the query", { authorization: undefined, query: { token: "" }, body: "{" }, 401, { reason: another }],
    ["another in the header", { authorization: "Bearer guess", query: { token: TOKEN } }, 401, { reason: another }],
    ["no JSON", { body: "{" }, 400, { reason: "the payload is not JSON" }],
    [
      "another content type",
      { body: wanted, contentType: "text/plain" },
      415,
      { reason: "content type text/plain: use application/json" },
    ],
    [
      "a body of 16 KiB",
      { body: JSON.stringify({ ...wanted, revision: "" }).padEnd(16_384), base64: true },
      400,
      { reason: "revision is malformed, expected a commit's 40 hex digits", field: "revision" },
    ],
    [
      "a body of one byte more",
      { body: JSON.stringify(wanted).padEnd(16_385), base64: true },
      413,
      { reason: "the body is larger than 16384 bytes" },
    ],
    ...["reponame", "job", "vcs_revision"].map((field): [string, Call, number, object] => [
      `CircleCI's payload without ${field}`,
      { body: { ...build, [field]: undefined } },
      400,
      {
        field,
        reason: {
          reponame:
            "reponame is missing, expected the repository's name: at most 100 lower-case letters, digits and . _ -, starting and ending with a letter or digit",
          job: "job is missing, expected the job's name",
          vcs_revision: "vcs_revision is missing, expected a commit's 40 hex digits",
        }[field],
      },
    ]),
  ];
  for (const [what, call, status, told] of refusals) {
    it(`answers ${status} to ${what}, and does nothing`, async () => {
      const answer = await world.post(call);
      expect({ status: answer.status, told: answer.told }).to.deep.equal({ status, told });
      expect(world.operations()).to.deep.equal([]);
    });
  }

  it("says how to authenticate", async () => {
    const wrong = await world.post({ authorization: "Bearer guess" });
    expect((await world.post({ authorization: undefined })).headers["www-authenticate"]).to.equal("Bearer");
    expect(wrong.headers["www-authenticate"]).to.equal('Bearer error="invalid_token"');
  });

  it("answers 200 and the record to the same again, whoever posts it", async () => {
    const { told: first } = await world.post({ body: build });
    const { status, told, logged, headers } = await world.post();
    expect({ status, told }).to.deep.equal({ status: 200, told: first });
    expect(headers.location).to.equal(undefined);
    expect(logged).to.deep.equal([{ level: "info", message: "pull request exists", id: ID, state: "requested" }]);
    expect(world.tasks.size).to.equal(1);
  });

  it("starts a task of its own for another revision, environment or service", async () => {
    await world.post();
    const others = [{ revision: "c".repeat(40) }, { environment: "prod" }, { repository: "acme/basket" }];
    for (const changes of others) {
      expect((await world.post({ body: { ...wanted, ...changes } })).status).to.equal(202);
    }
    expect(world.tasks.size).to.equal(4);
  });

  it("says how to ask for another image of the same revision", async () => {
    const { told: first } = await world.post();
    const image = `storefront=${REGISTRY}/storefront@sha256:${"b".repeat(64)}`;
    const { status, told } = await world.post({ body: { ...wanted, image } });
    expect({ status, told }).to.deep.equal({
      status: 200,
      told: {
        ...first,
        hint: `it was requested with another image: to use ${image}, DELETE /pullrequests/${ID}, then post it again`,
      },
    });
  });

  it("refuses CircleCI's payload where it is not set up, and says which setting is missing", async () => {
    const fresh = world.start({ circleci: undefined });
    const { status, told } = await world.post({ body: build }, fresh);
    await fresh.close();
    expect({ status, told }).to.deep.equal({
      status: 400,
      told: { reason: "CircleCI jobs are not accepted here: set slipway:pullRequests.circleci" },
    });
  });

  it("answers 503 if the expected token cannot be read", async () => {
    world.endpoint.answers.GetSecretValue = denied("secretsmanager:GetSecretValue");
    const fresh = world.start();
    const { status, told, logged } = await world.post({ body: wanted }, fresh);
    await fresh.close();
    expect({ status, told }).to.deep.equal({
      status: 503,
      told: { reason: "the expected token cannot be read" },
    });
    expect(logged[0]?.cause).to.equal(
      `secret ${SECRET_ARN} cannot be read: AccessDeniedException: not authorized to perform: secretsmanager:GetSecretValue`,
    );
  });

  it("answers 404 to any other route", async () => {
    const { status, told } = await world.call("$default", {});
    expect({ status, told }).to.deep.equal({
      status: 404,
      told: { reason: "no such route: use POST or GET /pullrequests, GET or DELETE /pullrequests/{id}" },
    });
  });
});
