import { expect } from "chai";
import { completeValues } from "../../../infra/foundation/generatedSecret";
import { refusalMessage } from "../../refusal";

const SECRET = "slipway-webhooks";

/** Generates `new-1`, `new-2`, … */
function generator(): () => Promise<string> {
  let count = 0;
  return async () => {
    count += 1;
    return `new-${count}`;
  };
}

describe("generated secrets in one secret", () => {
  it("are generated for each name at first", async () => {
    const values = await completeValues(SECRET, ["b", "a"], undefined, generator());
    expect(JSON.stringify(values)).to.equal('{"a":"new-1","b":"new-2"}');
  });

  it("stay as they were rotated when a name is added, and go with their name", async () => {
    const stored = '{ "a": "rotated\\n", "gone": "old" }';
    expect(await completeValues(SECRET, ["a", "b"], stored, generator())).to.deep.equal({ a: "rotated", b: "new-1" });
  });

  it("are the same text for the same values, however a person has written them", async () => {
    const stored = '{\n  "b": "2",\n  "a": "1"\n}\n';
    const values = await completeValues(SECRET, ["a", "b"], stored, generator());
    expect(JSON.stringify(values)).to.equal('{"a":"1","b":"2"}');
  });

  it("replace a value that is empty, with which anybody could sign", async () => {
    expect(await completeValues(SECRET, ["a"], '{"a":" "}', generator())).to.deep.equal({ a: "new-1" });
  });

  for (const [what, stored] of [
    ["no JSON", "s3cret"],
    ["a list", '["s3cret"]'],
    ["null", "null"],
    ["an object within", '{"a":{"b":"s3cret"}}'],
  ] as const)
    it(`are not generated over ${what}, and the message does not quote it`, async () => {
      expect(await refusalMessage(completeValues(SECRET, ["a"], stored, generator()))).to.equal(
        "slipway-webhooks: the secret's current version is not a JSON object of strings; correct it",
      );
    });

  /** As long as GitLab's names may be, 40 characters each. */
  const repositories = (count: number) =>
    Array.from({ length: count }, (_, index) => `gitlab/${String(index).padStart(255, "x")}`);
  const generate = async () => "s".repeat(40);

  it("of 100 repositories with the longest names fit", async () => {
    const values = await completeValues(SECRET, repositories(100), undefined, generate);
    expect(Buffer.byteLength(JSON.stringify(values))).to.equal(30_801);
  });

  it("of more than Secrets Manager can hold are refused", async () => {
    expect(await refusalMessage(completeValues(SECRET, repositories(213), undefined, generate))).to.equal(
      "slipway-webhooks: its values have 65605 bytes; allowed: 65536. Split the applications between two stacks with different environments",
    );
  });
});
