import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { expect } from "chai";
import { packet } from "../../../handlers/poll/packets";
import { headsOf } from "../../../handlers/poll/remote";
import { createForgeTokens, type ForgeTokens } from "../../../handlers/shared/forgeAccess";
import { type Endpoint, type PlainAnswer, type PlainRequest, startEndpoint } from "../../callbacks/endpoint";
import { capture } from "../output";

const A = "a".repeat(40);
const REFS = "/acme/storefront.git/info/refs?service=git-upload-pack";
const RENAMED = "/acme/shop.git/info/refs?service=git-upload-pack";
const TOKEN = "ghp_0123456789";
const NO_TOKENS: ForgeTokens = { tokenOf: async () => undefined, rotatedToken: async () => undefined };

const git = (service: string, ...lines: string[]): PlainAnswer => ({
  status: 200,
  headers: { "content-type": `application/x-git-upload-pack-${service}` },
  body: `${lines.map(packet).join("")}0000`,
});
const version2 = git("advertisement", "version 2\n", "ls-refs=unborn\n");
const heads = git("result", `${A} refs/heads/main\n`);
const basic = (token: string) => `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;

describe("poll's requests to a repository", () => {
  let endpoint: Endpoint;
  let asked: PlainRequest[];
  let answers: Record<string, PlainAnswer | ((request: PlainRequest) => PlainAnswer)>;

  before(async () => {
    endpoint = await startEndpoint();
    endpoint.plain = (request) => {
      asked.push(request);
      const answer = answers[request.url] ?? { status: 404 };
      return typeof answer === "function" ? answer(request) : answer;
    };
  });
  beforeEach(() => {
    asked = [];
    answers = { [REFS]: version2, "/acme/storefront.git/git-upload-pack": heads };
  });
  after(() => endpoint.close());

  const ask = async (tokens = NO_TOKENS, limit?: number, url = endpoint.url, signal = new AbortController().signal) =>
    Object.fromEntries(
      await headsOf({ forge: "github", url, repository: "acme/storefront" }, ["main"], tokens, signal, limit),
    );
  const refused = (tokens?: ForgeTokens, limit?: number, url?: string, signal?: AbortSignal): Promise<string> =>
    ask(tokens, limit, url, signal).then(
      () => "no refusal",
      (error: Error) => error.message,
    );
  const requests = () => asked.map(({ method, url, headers }) => [method, url, headers.authorization]);

  it("ask for the branch alone, in version 2 of git's protocol", async () => {
    expect(await ask()).to.deep.equal({ main: A });
    expect(requests()).to.deep.equal([
      ["GET", REFS, undefined],
      ["POST", "/acme/storefront.git/git-upload-pack", undefined],
    ]);
    expect(asked.map(({ headers }) => headers["git-protocol"])).to.deep.equal(["version=2", "version=2"]);
    expect(asked[1]?.headers["content-type"]).to.equal("application/x-git-upload-pack-request");
    expect(asked[1]?.body.toString()).to.equal("0014command=ls-refs\n0001001fref-prefix refs/heads/main\n0000");
  });

  it("are one where the server speaks version 0", async () => {
    answers[REFS] = git("advertisement", `${A} refs/heads/main\0multi_ack\n`);
    expect(await ask()).to.deep.equal({ main: A });
    expect(requests()).to.deep.equal([["GET", REFS, undefined]]);
  });

  describe("carry the token", () => {
    const tokens = (rotated: string | undefined): ForgeTokens & { reads: string[] } => {
      const reads: string[] = [];
      return {
        reads,
        tokenOf: async (forge) => {
          reads.push(`tokenOf ${forge}`);
          return TOKEN;
        },
        rotatedToken: async (forge, token) => {
          reads.push(`rotatedToken ${forge} ${token}`);
          return rotated;
        },
      };
    };
    const takes = (token: string) => {
      answers[REFS] = ({ headers }) => (headers.authorization === basic(token) ? version2 : { status: 401 });
    };

    it("as a header of both", async () => {
      takes(TOKEN);
      const given = tokens(undefined);
      expect(await ask(given)).to.deep.equal({ main: A });
      expect(requests().map((it) => it[2])).to.deep.equal([basic(TOKEN), basic(TOKEN)]);
      expect(given.reads).to.deep.equal(["tokenOf github"]);
    });

    it("read anew once, where it is refused", async () => {
      takes("rotated");
      const given = tokens("rotated");
      expect(await ask(given)).to.deep.equal({ main: A });
      expect(requests().map((it) => it[2])).to.deep.equal([basic(TOKEN), basic("rotated"), basic("rotated")]);
      expect(given.reads).to.deep.equal(["tokenOf github", `rotatedToken github ${TOKEN}`]);
    });

    it("that another repository has found rotated meanwhile", async () => {
      takes("rotated");
      const world = { now: 0, secret: TOKEN };
      const client = { send: async () => ({ SecretString: world.secret }) } as unknown as SecretsManagerClient;
      const github = { url: "https://github.com", token: { secretId: "forges" } };
      const shared = createForgeTokens(client, { github }, () => world.now);
      const given: ForgeTokens = {
        ...shared,
        async tokenOf(forge) {
          const token = await shared.tokenOf(forge);
          world.secret = "rotated";
          world.now += 10_000;
          await shared.rotatedToken(forge, TOKEN);
          return token;
        },
      };
      expect(await ask(given)).to.deep.equal({ main: A });
      expect(requests().map((it) => it[2])).to.deep.equal([basic(TOKEN), basic("rotated"), basic("rotated")]);
    });

    for (const status of [401, 403, 404]) {
      it(`and say so where it is refused with ${status}`, async () => {
        answers[REFS] = { status };
        const why = "it was renamed or deleted, or the forge's token has expired or cannot read it";
        expect(await refused(tokens(undefined))).to.equal(`it returned ${status}: ${why}`);
        expect(requests()).to.have.length(1);
        expect(await refused(tokens("rotated"))).to.equal(`it returned ${status}: ${why}`);
        expect(requests()).to.have.length(3);
      });
    }
  });

  describe("follow redirects", () => {
    beforeEach(() => {
      answers[REFS] = { status: 301, headers: { location: RENAMED } };
      answers[RENAMED] = version2;
      answers["/acme/shop.git/git-upload-pack"] = heads;
    });
    const given: ForgeTokens = { ...NO_TOKENS, tokenOf: async () => TOKEN };

    it("on the same host, with the token, and tell what to change", async () => {
      const { value, lines } = await capture(() => ask(given));
      expect(value).to.deep.equal({ main: A });
      expect(requests()).to.deep.equal([
        ["GET", REFS, basic(TOKEN)],
        ["GET", RENAMED, basic(TOKEN)],
        ["POST", "/acme/shop.git/git-upload-pack", basic(TOKEN)],
      ]);
      expect(lines).to.deep.equal([
        {
          level: "warn",
          message: "poll was redirected",
          forge: "github",
          repository: "acme/storefront",
          reason: "the repository was renamed or moved: change its name in the configuration",
        },
      ]);
    });

    it("to no other host, of which they tell nothing", async () => {
      const location = `${endpoint.url.replace("127.0.0.1", "localhost")}${RENAMED}&token=hush`;
      answers[REFS] = { status: 301, headers: { location } };
      expect(await refused(given)).to.equal(
        "it redirects to another host, to which slipway sends no credentials: correct the forge's address or the repository's name in the configuration",
      );
      expect(requests()).to.have.length(1);
    });

    it("to no page that asks to sign in", async () => {
      answers[REFS] = { status: 302, headers: { location: "/users/sign_in" } };
      expect(await refused()).to.equal(
        "it redirects to a web page: it is private and requires sign-in, or it is not a repository",
      );
      expect(requests()).to.have.length(1);
    });

    const headersWithout: Record<string, string>[] = [{}, { location: "https://" }];
    for (const headers of headersWithout) {
      it(`to no address where the answer has ${JSON.stringify(headers)}`, async () => {
        answers[REFS] = { status: 302, headers };
        expect(await refused()).to.equal("it redirects without a valid address");
      });
    }

    it("three times", async () => {
      answers[REFS] = { status: 302, headers: { location: REFS } };
      expect(await refused()).to.equal("it redirects more than 3 times");
      expect(requests()).to.have.length(4);
    });
  });

  const failures: [string, PlainAnswer, string][] = [
    [
      "a repository that is not there",
      { status: 404 },
      "it returned 404: it is private, renamed or deleted; a private repository needs the forge's token in the configuration",
    ],
    ["a forge that is out of order", { status: 503 }, "it returned 503 Service Unavailable"],
    [
      "a page",
      { status: 200, headers: { "content-type": "text/html" }, body: "<!DOCTYPE html>" },
      "it returned text/html: there is no git repository at this address",
    ],
    [
      "no answer of git's",
      { ...version2, body: "oops" },
      `its answer does not follow the git protocol: at byte 0 "oops" is not a packet length`,
    ],
    ["a large answer", { ...version2, body: "x".repeat(101) }, "its answer is larger than 100 bytes"],
    ["git's refusal", git("advertisement", "ERR not today\n"), "it rejected the request: not today"],
  ];
  for (const [what, answer, message] of failures) {
    it(`say what is wrong with ${what}`, async () => {
      answers[REFS] = answer;
      expect(await refused(NO_TOKENS, 100)).to.equal(message);
    });
  }

  it("say what is wrong with the second answer, too", async () => {
    answers["/acme/storefront.git/git-upload-pack"] = { status: 500 };
    expect(await refused()).to.equal("it returned 500 Internal Server Error");
  });

  it("say that an answer breaks off", async () => {
    answers[REFS] = { ...version2, headers: { ...version2.headers, "content-length": "1000" }, broken: true };
    expect(await refused()).to.match(/^it cannot be reached: TypeError: terminated/);
  });

  describe("to a host that does not answer", () => {
    let silent: Server;
    before((done) => {
      silent = createServer(() => {}).listen(0, "127.0.0.1", done);
    });
    after((done) => {
      silent.closeAllConnections();
      silent.close(done);
    });

    it("end", async () => {
      const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      expect(await refused(NO_TOKENS, 100, url, AbortSignal.timeout(50))).to.equal(
        "it cannot be reached: it took too long to answer",
      );
    });
  });
});
