import { expect } from "chai";
import { bearerToken, isToken } from "../../../handlers/shared/http/token";
import { cachedSecret } from "../../../handlers/shared/secret";

describe("bearer token", () => {
  const headers: [string | undefined, string | undefined][] = [
    ["Bearer abc", "abc"],
    ["bearer  abc ", "abc"],
    ["Bearer a+b/c==", "a+b/c=="],
    ["Bearer", undefined],
    ["Bearer a b", undefined],
    ["Basic abc", undefined],
    ["xBearer abc", undefined],
    ["", undefined],
    [undefined, undefined],
  ];
  for (const [header, token] of headers) {
    it(`of ${JSON.stringify(header)} is ${JSON.stringify(token)}`, () => {
      expect(bearerToken(header)).to.equal(token);
    });
  }

  it("is compared whatever its length", async () => {
    const secret = cachedSecret(async () => "right", Date.now);
    const answers = await Promise.all(["right", "wrong", "r", "right ", "righter"].map((it) => isToken(secret, it)));
    expect(answers).to.deep.equal([true, false, false, false, false]);
  });

  it("may be the one that the secret was rotated to, and not any more the one before", async () => {
    const world = { value: "first", now: 0 };
    const secret = cachedSecret(
      async () => world.value,
      () => world.now,
    );
    expect(await isToken(secret, "first")).to.equal(true);
    world.value = "second";
    world.now += 10_000;
    expect(await isToken(secret, "second")).to.equal(true);
    expect(await isToken(secret, "first")).to.equal(false);
  });
});
