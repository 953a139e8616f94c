import { expect } from "chai";
import { brief, createLog, createRedact, explain } from "../../images/gitops-pr/log";

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

  const long: [name: string, text: string, line: string][] = [
    ["one that is short enough", "123456789 123456789 ", "123456789 123456789"],
    ["lines", "\n<p>\r\n\tBad  gateway\n", "<p> Bad gateway"],
    ["one of 20 characters", "1234567890 123456789", "1234567890 123456789"],
    ["a longer one, without the word that would be cut", `123456789 ${token}`, "123456789 …"],
    ["one that is one word", token.repeat(9), "…"],
  ];
  for (const [name, text, line] of long) {
    it(`makes a line of 20 characters of ${name}`, () => {
      expect(brief(text, 20)).to.equal(line);
    });
  }
  it("makes a line of 1000 characters", () => {
    expect(brief("word ".repeat(1_000))).to.equal(`${"word ".repeat(200)}…`);
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
