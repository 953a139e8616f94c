import { expect } from "chai";
import { createLog, createRedact, explain } from "../../images/gitops-pr/log";

const token = "ghp_abc/DEF+012345";
const basic = (credentials: string) => Buffer.from(credentials).toString("base64");

describe("images/gitops-pr log", () => {
  const redact = createRedact(token);

  const texts: [name: string, text: string, redacted: string][] = [
    ["as it is", `remote: ${token}: ${token}`, "remote: [token]: [token]"],
    ["in an address", `https://x:${encodeURIComponent(token)}@github.com`, "https://x:[token]@github.com"],
    ["nothing", "remote: nothing", "remote: nothing"],
  ];
  for (const [name, text, redacted] of texts) {
    it(`takes the token out: ${name}`, () => {
      expect(redact(text)).to.equal(redacted);
    });
  }
  for (const user of ["x-access-token:", "git:", "u:", "octocat:", ""]) {
    it(`takes the token out of Basic authentication by ${user || "nobody"}`, () => {
      const redacted = redact(`Authorization: Basic ${basic(`${user}${token}`)}`);
      expect(redacted).to.match(/^Authorization: Basic \S{0,24}\[token\]\S{0,4}$/);
      const [, encoded = ""] = /Basic (.*)$/.exec(redacted) ?? [];
      expect(Buffer.from(encoded.replace("[token]", ""), "base64").toString()).not.to.contain(token.slice(0, 6));
    });
  }

  it("writes one line of JSON, without the token in message or fields", () => {
    const lines: string[] = [];
    createLog((line) => lines.push(line), redact)("warn", `no ${token}`, { cause: `${token}\n"quoted"`, tries: 3 });
    expect(lines).to.deep.equal([
      '{"level":"warn","message":"no [token]","cause":"[token]\\n\\"quoted\\"","tries":3}\n',
    ]);
  });

  const errors: [error: unknown, words: string][] = [
    [new Error("no"), "no"],
    [new TypeError("no"), "TypeError: no"],
    [new Error(""), "no message"],
    [Object.assign(new Error("stopped"), { name: "AbortError" }), "stopped"],
    ["no", "no"],
  ];
  for (const [error, words] of errors) {
    it(`explains ${error}`, () => {
      expect(explain(error)).to.equal(words);
    });
  }
});
