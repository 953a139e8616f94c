import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { ID, IMAGE, LOCK, QUEUE_URL, SECRET_ARN, seconds, useDeployments, wanted } from "./deploymentsSupport";
import { awsFault } from "./endpoint";
import { type Call, denied, TOKEN } from "./httpApi";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe("deployments callback, serialised: POST /deployments", () => {
  const world = useDeployments();

  it("fits the archive's limit", () => {
    expect(deflateRawSync(world.text).length).to.be.below(64 * 1024);
  });

  it("tells the application's queue, records the deployment, and takes the lock, in this order, so that nothing is blocked if it dies", async () => {
    const earliest = seconds();
    const { status, told, headers, logged } = await world.post();
    const latest = seconds();
    const { id = "", requestedAt = "", ...rest } = told;
    expect(status).to.equal(202);
    expect(id).to.match(UUID);
    expect(rest).to.deep.equal({ ...wanted, image: IMAGE, state: "queued", updatedAt: requestedAt });
    expect(Date.parse(requestedAt) / 1_000).to.be.within(earliest, latest + 1);
    expect(headers.location).to.equal(`/deployments/${id}`);
    expect(logged).to.deep.equal([
      { level: "info", message: "deployment request queued", id, ...wanted, image: IMAGE },
    ]);
    expect(world.operations().slice(-5)).to.deep.equal([
      "BatchGetImage",
      "GetItem",
      "SendMessage",
      "PutItem",
      "PutItem",
    ]);
    expect(world.endpoint.requests.at(-5)?.input).to.deep.include({
      repositoryName: "storefront",
      imageIds: [{ imageTag: "v2" }],
    });
    expect(world.endpoint.requests.at(-3)?.input).to.deep.equal({
      QueueUrl: QUEUE_URL,
      MessageBody: JSON.stringify({ id }),
    });
    const { until, ...lock } = (await world.table.read(LOCK)) ?? {};
    expect(lock).to.deep.equal({ id: LOCK, owner: id, by: "deployment", version: "v2" });
    expect(until).to.be.within(earliest + 75 * 60, latest + 75 * 60);
    expect(await world.table.read(id)).to.deep.equal({
      ...told,
      round: 0,
      until,
      expires: Math.floor(Date.parse(requestedAt) / 1_000) + 90 * 24 * 3_600,
    });
    expect((await world.get(id)).told).to.deep.equal(told);
  });

  it("takes a body in base64, with a charset", async () => {
    const { status } = await world.post({ body: wanted, base64: true, contentType: "application/json; charset=utf-8" });
    expect(status).to.equal(202);
  });

  const refusals: [string, Call, number, object][] = [
    [
      "no token",
      { authorization: undefined, body: wanted },
      401,
      { reason: "send the header Authorization: Bearer <token>" },
    ],
    [
      "another token",
      { authorization: "Bearer guess", body: wanted },
      401,
      { reason: "the bearer token is not valid" },
    ],
    [
      "a token that is the right one's beginning",
      { authorization: `Bearer ${TOKEN.slice(0, -1)}`, body: "{" },
      401,
      { reason: "the bearer token is not valid" },
    ],
    ["no JSON", { body: "{" }, 400, { reason: "the payload is not JSON" }],
    [
      "no application",
      { body: { version: "v2" } },
      400,
      { reason: "application is missing, expected the name of an application", field: "application" },
    ],
    ["a list", { body: [] }, 400, { reason: 'the body is not a JSON object: send {"application": …, "version": …}' }],
    [
      "another content type",
      { body: wanted, contentType: "text/plain" },
      415,
      { reason: "content type text/plain: use application/json" },
    ],
    [
      "no content type",
      { body: wanted, contentType: undefined },
      415,
      { reason: "content type (none): use application/json" },
    ],
    [
      "a body of 8 KiB",
      { body: JSON.stringify({ ...wanted, version: "" }).padEnd(8_192), base64: true },
      400,
      {
        reason:
          "version is malformed, expected an image tag: at most 128 letters, digits and . _ -, not starting with . or -",
        field: "version",
      },
    ],
    [
      "a body of one byte more",
      { body: JSON.stringify(wanted).padEnd(8_193), base64: true },
      413,
      { reason: "the body is larger than 8192 bytes" },
    ],
    [
      "an application that it does not know",
      { body: { application: "basket", version: "v2" } },
      404,
      { reason: "no application with this name is deployed here", field: "application" },
    ],
  ];
  for (const [what, request, status, told] of refusals) {
    it(`answers ${status} to ${what}, and does nothing`, async () => {
      const answer = await world.post(request);
      expect({ status: answer.status, told: answer.told }).to.deep.equal({ status, told });
      expect(world.operations().filter((operation) => operation !== "GetSecretValue")).to.deep.equal([]);
    });
  }

  it("says how to authenticate", async () => {
    expect((await world.post({ authorization: undefined })).headers["www-authenticate"]).to.equal("Bearer");
    expect((await world.post({ authorization: "Bearer guess" })).headers["www-authenticate"]).to.equal(
      'Bearer error="invalid_token"',
    );
  });

  it("answers 404 to a version that the registry does not have, and begins nothing", async () => {
    const failures = [{ failureCode: "ImageNotFound", failureReason: "Requested image not found" }];
    world.endpoint.answers.BatchGetImage = () => ({ images: [], failures });
    const { status, told } = await world.post();
    expect({ status, told }).to.deep.equal({
      status: 404,
      told: { reason: "repository storefront has no image v2", field: "version" },
    });
    expect(await world.table.ids()).to.deep.equal([]);
  });

  it("answers 409 while a deployment by HTTP is under way, and says which", async () => {
    const { told: first } = await world.post();
    world.endpoint.requests = [];
    const { status, told } = await world.post({ body: { application: "storefront", version: "v3" } });
    expect({ status, told }).to.deep.equal({
      status: 409,
      told: {
        reason: `storefront is being deployed: version v2 by deployment request ${first.id}`,
        deployment: first.id,
      },
    });
    expect(world.operations()).not.to.include("SendMessage");
    expect(await world.table.ids()).to.deep.equal([first.id, LOCK].sort());
  });

  it("answers 409 while the pipeline deploys, and says which execution", async () => {
    await world.table.write({ id: LOCK, owner: ID, by: "execution", version: "v1", until: seconds() + 60 });
    const { status, told } = await world.post();
    expect({ status, told }).to.deep.equal({
      status: 409,
      told: { reason: `storefront is being deployed: version v1 by pipeline execution ${ID}`, execution: ID },
    });
  });

  it("takes over a lock whose time is over", async () => {
    await world.table.write({ id: LOCK, owner: ID, by: "execution", version: "v1", until: seconds() - 60 });
    const { status, told } = await world.post();
    expect(status).to.equal(202);
    expect((await world.table.read(LOCK))?.owner).to.equal(told.id);
  });

  const outages: [string, () => void, string][] = [
    [
      "the registry",
      () => {
        world.endpoint.answers.BatchGetImage = denied("ecr:BatchGetImage");
      },
      "AccessDeniedException: not authorized to perform: ecr:BatchGetImage",
    ],
    [
      "an image in the registry",
      () => {
        const failures = [{ failureCode: "KmsError", failureReason: "the key is disabled" }];
        world.endpoint.answers.BatchGetImage = () => ({ images: [], failures });
      },
      "ECR returned no image storefront:v2: KmsError: the key is disabled",
    ],
    [
      "the lock's table",
      () => {
        world.endpoint.answers.PutItem = denied("dynamodb:PutItem");
      },
      "AccessDeniedException: not authorized to perform: dynamodb:PutItem",
    ],
    [
      "the queue",
      () => {
        world.endpoint.answers.SendMessage = denied("sqs:SendMessage");
      },
      "AccessDeniedException: not authorized to perform: sqs:SendMessage",
    ],
  ];
  for (const [what, breakDown, cause] of outages) {
    it(`answers 503 without ${what}, keeps the cause to its log, and gives the lock back`, async () => {
      breakDown();
      const { status, told, logged } = await world.post();
      const reason = "the deploy of storefront v2 was not started: try again";
      expect({ status, told }).to.deep.equal({ status: 503, told: { reason } });
      expect(logged).to.deep.equal([{ level: "error", message: "request failed", statusCode: 503, reason, cause }]);
      expect(await world.table.ids()).to.deep.equal([]);
    });
  }

  it("answers 503 if the record is not written, and gives the lock back", async () => {
    world.endpoint.answers.PutItem = (input) => {
      if ((input.Item as { image?: object }).image !== undefined) {
        throw awsFault("AccessDeniedException", "not authorized to perform: dynamodb:PutItem");
      }
      return {};
    };
    const { status } = await world.post();
    expect(status).to.equal(503);
    expect(world.operations().slice(-2)).to.deep.equal(["DeleteItem", "UpdateItem"]);
    expect(world.endpoint.requests.at(-1)?.input.Key).to.deep.equal({ id: { S: LOCK } });
  });

  it("does not take its own record for another's when the answer to its PutItem is lost", async () => {
    let puts = 0;
    world.endpoint.answers.PutItem = (input) => {
      puts += 1;
      // The SDK repeats the call, which finds what the first one wrote.
      if (puts === 1) {
        throw awsFault("InternalServerError", "the answer is lost", 500);
      }
      if ((input.Item as { image?: object }).image !== undefined) {
        throw awsFault("ConditionalCheckFailedException", "The conditional request failed");
      }
      return {};
    };
    expect((await world.post()).status).to.equal(202);
  });

  for (const [what, lock] of [
    ["cannot take the lock", () => awsFault("AccessDeniedException", "not authorized to perform: dynamodb:PutItem")],
    ["finds the lock taken", () => awsFault("ConditionalCheckFailedException", "The conditional request failed")],
  ] as const) {
    it(`does not cancel a deployment that has gone on by itself when the API ${what}: nobody would follow its rollout`, async () => {
      let reads = 0;
      world.endpoint.answers.GetItem = () => {
        reads += 1;
        const until = { N: String(Math.floor(Date.now() / 1_000) + 3_600) };
        return reads === 1 ? {} : { Item: { owner: { S: "x" }, by: { S: "execution" }, version: { S: "v1" }, until } };
      };
      world.endpoint.answers.PutItem = (input) => {
        if ((input.Item as { image?: object }).image === undefined) {
          throw lock();
        }
        return {};
      };
      // The deploy function has advanced the record.
      world.endpoint.answers.DeleteItem = () => {
        throw awsFault("ConditionalCheckFailedException", "The conditional request failed");
      };
      const { status } = await world.post();
      expect(status).to.equal(202);
      expect(world.endpoint.requests.at(-1)?.input).to.deep.include({
        ConditionExpression: "attribute_not_exists(#id) OR #round = :first",
      });
    });
  }

  it("says in its log what it cannot undo", async () => {
    world.endpoint.answers.PutItem = (input) => {
      if ((input.Item as { image?: object }).image === undefined) {
        throw awsFault("AccessDeniedException", "not authorized to perform: dynamodb:PutItem");
      }
      return {};
    };
    world.endpoint.answers.DeleteItem = denied("dynamodb:DeleteItem");
    const { status, logged } = await world.post();
    expect(status).to.equal(503);
    expect(logged[0]).to.deep.include({
      level: "error",
      message: "deployment request not cancelled yet",
      application: "storefront",
      cause: "AccessDeniedException: not authorized to perform: dynamodb:DeleteItem",
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
});
