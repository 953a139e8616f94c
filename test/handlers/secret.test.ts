import { expect } from "chai";
import { cachedSecret } from "../../handlers/secret";

/** A secret in Secrets Manager and a clock, both of which a test sets. */
function setUp() {
  const world = { value: "first", now: 1_000_000, reads: 0 };
  const secret = cachedSecret(
    async () => {
      world.reads += 1;
      return world.value;
    },
    () => world.now,
  );
  return { world, secret };
}

describe("cached secret", () => {
  it("is read once in five minutes", async () => {
    const { world, secret } = setUp();
    await secret.current();
    world.value = "second";
    world.now += 299_999;
    expect(await secret.current()).to.equal("first");
    expect(world.reads).to.equal(1);
    world.now += 1;
    expect(await secret.current()).to.equal("second");
    expect(world.reads).to.equal(2);
  });

  it("is read anew after a rotation, but not for every forged request", async () => {
    const { world, secret } = setUp();
    await secret.current();
    world.value = "second";
    world.now += 9_999;
    expect(await secret.afterRotation()).to.equal(undefined);
    world.now += 1;
    expect(await secret.afterRotation()).to.equal("second");
    expect(await secret.afterRotation()).to.equal(undefined);
    expect(await secret.current()).to.equal("second");
    expect(world.reads).to.equal(2);
  });

  it("that could not be read is asked for again", async () => {
    const answers = [Promise.reject(new Error("no network")), Promise.resolve("first")];
    const secret = cachedSecret(
      () => answers.shift() ?? Promise.reject(new Error("asked too often")),
      () => 0,
    );
    const error = await secret.current().catch((it: Error) => it.message);
    expect(error).to.equal("no network");
    expect(await secret.current()).to.equal("first");
  });
});
