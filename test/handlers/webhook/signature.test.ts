import { expect } from "chai";
import { isSame } from "../../../handlers/shared/secret";
import { isSignature, isSignedBy } from "../../../handlers/webhook/signature";

// GitHub's own example: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
const SECRET = "It's a Secret to Everybody";
const BODY = Buffer.from("Hello, World!");
const SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

describe("webhook signature", () => {
  it("of GitHub's documentation is accepted", () => {
    expect(isSignature(SIGNATURE)).to.equal(true);
    expect(isSignedBy(SECRET, BODY, SIGNATURE)).to.equal(true);
  });

  const forged: [string, string, Buffer, string][] = [
    ["another secret", "another", BODY, SIGNATURE],
    ["another body", SECRET, Buffer.from("Hello, World?"), SIGNATURE],
    ["a newline more", SECRET, Buffer.from("Hello, World!\n"), SIGNATURE],
    ["another signature", SECRET, BODY, SIGNATURE.replace("757", "758")],
    ["a shorter signature", SECRET, BODY, SIGNATURE.slice(0, -2)],
  ];
  for (const [what, secret, body, signature] of forged) {
    it(`with ${what} is refused`, () => {
      expect(isSignedBy(secret, body, signature)).to.equal(false);
    });
  }

  const malformed: [string, string | undefined][] = [
    ["nothing", undefined],
    ["nothing but a name", "sha256="],
    ["SHA-1", "sha1=757107ea0eb2509fc211221cce984b8a37570b6d"],
    ["upper case", SIGNATURE.toUpperCase()],
    ["two values", `${SIGNATURE}, ${SIGNATURE}`],
  ];
  for (const [what, header] of malformed) {
    it(`that is ${what} is none`, () => {
      expect(isSignature(header)).to.equal(false);
    });
  }

  const texts: [string, string, boolean][] = [
    ["secret", "secret", true],
    ["", "", true],
    ["secret", "Secret", false],
    ["secret", "secret ", false],
    ["secret", "", false],
    ["", "secret", false],
    ["sëcret", "sëcret", true],
  ];
  for (const [given, expected, same] of texts) {
    it(`takes ${JSON.stringify(given)} for ${same ? "" : "no "}${JSON.stringify(expected)}, whatever their lengths`, () => {
      expect(isSame(given, expected)).to.equal(same);
    });
  }
});
