import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { expect } from "chai";
import { scopedToken } from "../../handlers/pullRequests/scope";
import { circleciJob } from "./circleciJob";
import { TOKEN } from "./httpApi";
import type { Lambda } from "./lambda";
import { ID, REGISTRY, usePullRequests, wanted } from "./pullRequestsSupport";
import { PULL_REQUESTS } from "./pullRequestTable";

const scopes = {
  "shop-team": { services: ["storefront", "shop-*"], image: `${REGISTRY}/{service}` },
  "back-office": { services: ["backoffice"] },
};

const digest = `sha256:${"0".repeat(64)}`;

describe("pull requests callback, serialised: a token proposed any image for any service", () => {
  const world = usePullRequests();
  let lambda: Lambda;

  before(() => {
    lambda = world.start({ scopes });
  });
  after(() => lambda.close());

  const as = (name: string, call: object) => ({ authorization: `Bearer ${scopedToken(TOKEN, name)}`, ...call });
  const post = (name: string, changes: object) => world.post(as(name, { body: { ...wanted, ...changes } }), lambda);
  const tasks = () => world.tasks.size;

  const accepted: [string, object][] = [
    ["its service and image", {}],
    ["another tag, and a digest", { image: `storefront=${REGISTRY}/storefront:v2@${digest}` }],
    ["a digest only", { image: `IMAGE=${REGISTRY}/storefront@${digest}` }],
    ["a service of its pattern", { repository: "acme/shop-cart", image: `${REGISTRY}/shop-cart:v1` }],
  ];
  for (const [what, changes] of accepted)
    it(`now takes ${what}`, async () => {
      const { status } = await post("shop-team", changes);
      expect([status, tasks()]).to.deep.equal([202, 1]);
    });

  const refused: [string, object, string, string][] = [
    [
      "another service",
      { repository: "acme/backoffice", image: `${REGISTRY}/backoffice:v1` },
      "repository",
      "this token is not for backoffice: it is for storefront, shop-*",
    ],
    [
      "a service whose name begins like its own",
      { repository: "acme/storefront-admin", image: `${REGISTRY}/storefront-admin:v1` },
      "repository",
      "this token is not for storefront-admin: it is for storefront, shop-*",
    ],
    [
      "an image of another registry",
      { image: "storefront=registry.acme.example/storefront:v2" },
      "image",
      `this token is not for images named registry.acme.example/storefront: it is for ${REGISTRY}/storefront`,
    ],
    [
      "an image whose name begins like the allowed one",
      { image: `storefront=${REGISTRY}/storefront-debug:v2` },
      "image",
      `this token is not for images named ${REGISTRY}/storefront-debug: it is for ${REGISTRY}/storefront`,
    ],
    [
      "whatever name the manifests have",
      { image: "storefront=*:v2" },
      "image",
      `this token is not for images named *: it is for ${REGISTRY}/storefront`,
    ],
  ];
  for (const [what, changes, field, reason] of refused)
    it(`is refused ${what}, and nothing is recorded or started`, async () => {
      const { status, told } = await post("shop-team", changes);
      expect({ status, told }).to.deep.equal({ status: 403, told: { reason, field } });
      expect(world.operations()).to.deep.equal([]);
    });

  it("is refused another service in CircleCI's payload", async () => {
    const token = scopedToken(TOKEN, "back-office");
    const { status, told } = await world.post(
      { authorization: undefined, query: { token }, body: circleciJob },
      lambda,
    );
    expect({ status, field: told.field }).to.deep.equal({ status: 403, field: "repository" });
    expect(world.operations()).to.deep.equal([]);
  });

  it("is refused where its name or its HMAC is another", async () => {
    const [own = "", rest = ""] = scopedToken(TOKEN, "shop-team").split(".");
    const others = [`back-office.${rest}`, `unknown.${rest}`, own, `${own}.`, `${own}.${TOKEN}`, "constructor.x"];
    for (const other of others) {
      const { status } = await world.post({ authorization: `Bearer ${other}`, body: wanted }, lambda);
      expect(status, other).to.equal(401);
    }
    expect(world.operations()).to.deep.equal([]);
  });

  it("sees and deletes no other service's records", async () => {
    await post("shop-team", {});
    await world.table.dynamo.send(
      new PutItemCommand({ TableName: PULL_REQUESTS, Item: { ...(await itemOf(ID)), state: { S: "failed" } } }),
    );
    const call = { id: ID, contentType: undefined };
    const other = as("back-office", call);
    expect((await world.call("GET /pullrequests/{id}", other, lambda)).status).to.equal(404);
    expect((await world.call("DELETE /pullrequests/{id}", other, lambda)).status).to.equal(404);
    const own = as("shop-team", call);
    expect((await world.call("GET /pullrequests/{id}", own, lambda)).status).to.equal(200);
    expect((await world.call("DELETE /pullrequests/{id}", own, lambda)).status).to.equal(204);
  });

  it("lists the records of one of its services at a time", async () => {
    await post("shop-team", {});
    const list = (query: Record<string, string>) =>
      world.call("GET /pullrequests", as("shop-team", { query, contentType: undefined }), lambda);
    const refusal = {
      reason: "this token can list only one service at a time; allowed: storefront, shop-*",
      field: "service",
    };
    for (const query of [{}, { service: "backoffice" }]) {
      const { status, told } = await list(query as Record<string, string>);
      expect({ status, told }).to.deep.equal({ status: 403, told: refusal });
    }
    const { status, told } = await list({ service: "storefront" });
    expect([status, (told.pullRequests as { id: string }[]).map(({ id }) => id)]).to.deep.equal([200, [ID]]);
  });

  const itemOf = async (id: string) =>
    Object.fromEntries(
      Object.entries((await world.table.read(id)) ?? {}).map(([name, value]) => [
        name,
        typeof value === "number" ? { N: String(value) } : { S: String(value) },
      ]),
    );
});
