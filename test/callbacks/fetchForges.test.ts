import { expect } from "chai";
import type { Forge } from "../../handlers/shared/forge";
import { entriesOf, zipball } from "./archive";
import { type Endpoint, type PlainRequest, startEndpoint } from "./endpoint";
import { COMMIT, createFetchWorld, type FetchWorld, message } from "./fetchSupport";

const TOKENS = { github: "ghp_4Q1nVtR8", gitlab: "glpat-7Xk2mW9s", bitbucket: "ATCTT3-b0cK5z", gitee: "e6Lc1Yd0" };
/** Of the address that a forge redirects to. */
const TEMPORARY = "AB3XZ7Q2temporary";

/** What a request has of its own. */
const told = ({ url, headers }: PlainRequest) => ({
  url,
  agent: headers["user-agent"],
  authorization: headers.authorization,
  privateToken: headers["private-token"],
});

describe("fetch callback, serialised, at forges with private repositories", () => {
  let world: FetchWorld;
  /** Where forges keep their archives. */
  let store: Endpoint;
  let storeAsked: PlainRequest[];
  let secrets: Record<Forge, string>;

  before(async () => {
    store = await startEndpoint();
    world = await createFetchWorld((url) => ({
      github: { url: `${url}/ghes`, token: { secretId: "forges", key: "github" } },
      gitlab: { url: `${url}/gitlab`, token: { secretId: "forges", key: "gitlab" } },
      bitbucket: { url: `${url}/bitbucket`, token: { secretId: "forges", key: "bitbucket" } },
      gitee: { url: `${url}/gitee`, token: { secretId: "forges", key: "gitee" } },
    }));
    world.endpoint.answers.GetSecretValue = () => ({ SecretString: JSON.stringify(secrets) });
  });
  beforeEach(async () => {
    world.reset();
    secrets = { ...TOKENS };
    storeAsked = [];
    const body = await zipball({ "README.md": "# storefront\n" });
    store.plain = (request) => {
      storeAsked.push(request);
      return { status: 200, body };
    };
    world.forge = () => ({ status: 302, headers: { location: `${store.url}/archive?token=${TEMPORARY}` } });
  });
  after(async () => {
    await world.close();
    await store.close();
  });

  const NONE = { batchItemFailures: [] };
  const M1 = { batchItemFailures: [{ itemIdentifier: "m1" }] };
  const anonymous = { agent: "slipway", authorization: undefined, privateToken: undefined };

  const forges: [Forge, string, object][] = [
    ["github", `/ghes/api/v3/repos/acme/storefront/zipball/${COMMIT}`, { authorization: `Bearer ${TOKENS.github}` }],
    [
      "gitlab",
      `/gitlab/api/v4/projects/acme%2Fstorefront/repository/archive.zip?sha=${COMMIT}`,
      { privateToken: TOKENS.gitlab },
    ],
    ["bitbucket", `/bitbucket/acme/storefront/get/${COMMIT}.zip`, { authorization: `Bearer ${TOKENS.bitbucket}` }],
    ["gitee", `/gitee/api/v5/repos/acme/storefront/zipball?ref=${COMMIT}`, { authorization: `Bearer ${TOKENS.gitee}` }],
  ];
  for (const [forge, url, token] of forges) {
    it(`brings ${forge} its token, and nobody else`, async () => {
      const { value, logged } = await world.deliver({ forge });
      expect(value).to.deep.equal(NONE);
      expect(world.asked.map(told)).to.deep.equal([{ ...anonymous, url, ...token }]);
      expect(storeAsked.map(told)).to.deep.equal([{ ...anonymous, url: `/archive?token=${TEMPORARY}` }]);
      const [stored] = world.bucket.objects["source/storefront/source.zip"] ?? [];
      expect(Object.keys(await entriesOf(stored?.body ?? Buffer.alloc(0)))).to.deep.equal([
        "README.md",
        "buildspec.yml",
      ]);
      expect(logged.map((line) => line.message)).to.deep.equal(["archive fetched"]);
    });

    it(`brings ${forge} its token again where the archive is at the same address`, async () => {
      const body = await zipball({ "README.md": "# storefront\n" });
      world.forge = (request) =>
        request.url === "/archive" ? { status: 200, body } : { status: 302, headers: { location: "/archive" } };
      expect((await world.deliver({ forge })).value).to.deep.equal(NONE);
      expect(world.asked.map(told)).to.deep.equal([
        { ...anonymous, url, ...token },
        { ...anonymous, url: "/archive", ...token },
      ]);
    });

    it(`says what ${forge} and the archive's address answer, without a token of either`, async () => {
      store.plain = () => ({ status: 503 });
      const redirected = await world.deliver({ forge });
      world.forge = () => ({ status: 401 });
      const refused = await world.deliver({ forge }, { receives: 3 });
      const said = `commit ${COMMIT} of acme/storefront at ${forge}: `;
      const address = `${world.endpoint.url}${url}`;
      const { host } = new URL(store.url);
      expect(redirected.logged.map((line) => line.cause)).to.deep.equal([
        `${said}${host} (redirected from ${address}) returned 503 Service Unavailable`,
      ]);
      expect(refused.logged.map((line) => line.cause)).to.deep.equal([
        `${said}${address} returned 401 Unauthorized: the token in key ${forge} of secret forges was rejected: store a valid token there that can read the repository`,
      ]);
      const all = JSON.stringify([redirected, refused, world.calls("SendMessage")]);
      expect(all).not.to.include(TEMPORARY).and.not.to.include(TOKENS[forge]);
      expect(world.calls("SendMessage")).to.have.length(1);
    });
  }

  it("reads a secret once in five minutes", async () => {
    await world.deliver({}, { later: 300_000 });
    await world.deliver({ commit: "f".repeat(40), pushedAt: "2026-01-05T11:00:00.000Z" }, { later: 200_000 });
    expect(world.calls("GetSecretValue")).to.have.length(1);
    await world.deliver({ commit: "e".repeat(40), pushedAt: "2026-01-05T12:00:00.000Z" }, { later: 100_000 });
    expect(world.calls("GetSecretValue")).to.have.length(2);
  });

  it("takes the new token at once where the old one is refused", async () => {
    const body = await zipball({ "README.md": "# storefront\n" });
    world.forge = ({ headers }) =>
      headers["private-token"] === "glpat-rotated" ? { status: 200, body } : { status: 401 };
    // Younger than ten seconds a token is not read again.
    const first = await world.deliver({ forge: "gitlab" }, { later: 300_000 });
    expect(first.value).to.deep.equal(M1);
    expect(world.calls("GetSecretValue")).to.deep.equal([{ SecretId: "forges" }]);
    secrets.gitlab = "glpat-rotated";
    const second = await world.deliver({ forge: "gitlab" }, { receives: 2, later: 14_000 });
    expect(second.value).to.deep.equal(NONE);
    expect(world.calls("GetSecretValue")).to.have.length(2);
    expect(world.asked.map((request) => request.headers["private-token"])).to.deep.equal([
      TOKENS.gitlab,
      TOKENS.gitlab,
      "glpat-rotated",
    ]);
    expect(world.bucket.objects["source/storefront/source.zip"]).to.have.length(1);
  });

  it("asks with the same token no second time", async () => {
    await world.deliver({ forge: "gitee" }, { later: 300_000 });
    world.reset();
    world.forge = () => ({ status: 403 });
    expect((await world.deliver({ forge: "gitee" }, { later: 20_000 })).value).to.deep.equal(M1);
    expect(world.asked).to.have.length(1);
    expect(world.calls("GetSecretValue")).to.have.length(1);
  });

  const locations: [string, string][] = [
    ["user and password", `http://user:${TEMPORARY}@127.0.0.1/archive`],
    ["a scheme of its own", `ftp://127.0.0.1/archive?token=${TEMPORARY}`],
    ["nothing that is an address", `http://[${TEMPORARY}`],
  ];
  for (const [what, location] of locations) {
    it(`follows no redirect to ${what}, and does not repeat it`, async () => {
      world.forge = () => ({ status: 302, headers: { location } });
      const { value, logged } = await world.deliver();
      expect(value).to.deep.equal(M1);
      expect(logged.map((line) => line.cause)).to.deep.equal([
        `${world.endpoint.url}/ghes/api/v3/repos/${message.repository}/zipball/${COMMIT} redirects to an invalid address, to one with a password, or from https to http: correct the address of the forge`,
      ]);
    });
  }

  it("follows no redirects in a circle", async () => {
    world.forge = () => ({ status: 302, headers: { location: `/ghes/again?token=${TEMPORARY}` } });
    const { value, logged } = await world.deliver();
    expect(value).to.deep.equal(M1);
    expect(world.asked).to.have.length(6);
    expect(logged.map((line) => line.cause)).to.deep.equal([
      `${world.endpoint.url}/ghes/api/v3/repos/${message.repository}/zipball/${COMMIT} redirects more than 5 times`,
    ]);
  });
});
