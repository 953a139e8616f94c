import { rmSync } from "node:fs";
import { expect } from "chai";
import { isInHistory } from "../../../handlers/poll/history";
import { packet } from "../../../handlers/poll/packets";
import type { ForgeTokens } from "../../../handlers/shared/forgeAccess";
import { type Endpoint, type PlainAnswer, startEndpoint } from "../../callbacks/endpoint";
import { createForge, type GitForge } from "../../callbacks/gitForge";
import { refusal } from "../../refusal";

const NO_TOKENS: ForgeTokens = { tokenOf: async () => undefined, rotatedToken: async () => undefined };
const REPOSITORY = "acme/storefront";

describe("the history of a branch", () => {
  let endpoint: Endpoint;
  let forge: GitForge;
  let commits: string[];
  let fork: string;

  before(async () => {
    endpoint = await startEndpoint();
    forge = createForge();
    commits = [1, 2, 3, 4, 5].map((it) => forge.commit(REPOSITORY, "main", String(it), "main"));
    fork = forge.commit(REPOSITORY, "fork", "not ours", "main");
  });
  beforeEach(() => {
    forge.version = undefined;
    endpoint.plain = (request) => forge.answer(request);
  });
  after(async () => {
    await endpoint.close();
    rmSync(forge.directory, { recursive: true });
  });

  const ask = (commit: string | undefined, of: string | undefined) =>
    isInHistory(
      { forge: "github", url: `${endpoint.url}/forge`, repository: REPOSITORY },
      { commit: String(commit), of: String(of) },
      NO_TOKENS,
      new AbortController().signal,
    );

  it("contains the commit itself, its parent and its first ancestor", async () => {
    expect(await ask(commits[4], commits[4])).to.equal(true);
    expect(await ask(commits[3], commits[4])).to.equal(true);
    expect(await ask(commits[0], commits[4])).to.equal(true);
    expect(await ask(commits[1], commits[3])).to.equal(true);
  });

  it("does not contain a commit on top of it, which a fork has and the forge serves", async () => {
    expect(await ask(fork, commits[4])).to.equal(false);
    expect(await ask(commits[4], commits[3])).to.equal(false);
  });

  it("does not contain what the forge does not have, and is empty where it does not have the branch's commit", async () => {
    expect(await ask("f".repeat(40), commits[4])).to.equal(false);
    expect(await ask(commits[0], "f".repeat(40))).to.equal(false);
  });

  it("is asked for without downloading it", async () => {
    forge.requests = [];
    await ask(commits[0], commits[4]);
    const [, asked] = forge.requests;
    expect(asked?.body.toString()).to.equal(
      `${packet("command=fetch\n")}0001${packet("no-progress\n")}${packet("deepen 1000\n")}` +
        `${packet(`shallow ${commits[0]}\n`)}${packet(`want ${commits[4]}\n`)}${packet("done\n")}0000`,
    );
  });

  it("cannot be told by a server that speaks an earlier version of the protocol", async () => {
    forge.version = "0";
    expect(await refusal(ask(commits[0], commits[4]))).to.include({
      type: "SystemUnavailable",
      message: "it does not support version 2 of the git protocol, which is needed to read a branch's history",
    });
  });

  const result = (body: string): PlainAnswer => ({
    status: 200,
    headers: { "content-type": "application/x-git-upload-pack-result" },
    body,
  });
  const answers: [string, PlainAnswer, string][] = [
    ["refuses", result(packet("ERR access denied\n")), "it did not return the branch's history: ERR access denied"],
    ["says something else", result(`${packet("packfile\n")}0001`), "it did not return the branch's history: packfile"],
    ["says nothing", result(""), "it did not return the branch's history: "],
    ["answers 502", { status: 502 }, "it returned 502 Bad Gateway"],
  ];
  for (const [what, answer, message] of answers) {
    it(`is not made up where the server ${what}`, async () => {
      endpoint.plain = (request) => (request.method === "POST" ? answer : forge.answer(request));
      expect((await refusal(ask(commits[0], commits[4]))).message).to.equal(message);
    });
  }
});
