import { assert } from "chai";
import { natInstanceReady } from "../../../rehearsal/scenarios/steps/natReady";
import { refusalMessage } from "../../refusal";
import { createTestCloud, registrationOf, type TestCloud } from "../support";

const id = "eni-0123456789abcdef0";
const networkInterface = registrationOf("urn:pulumi:test::slipway::aws:ec2/networkInterface:NetworkInterface::nat", {
  outputs: { arn: `arn:aws-cn:ec2:cn-north-1:123456789012:network-interface/${id}` },
});

describe("rehearsal: a stack with a NAT instance", () => {
  let account: TestCloud;

  beforeEach(async () => {
    account = await createTestCloud([]);
  });
  afterEach(() => account.close());

  const says = (line: string) => account.tell({ kind: "log", group: "i-1", stream: "console", line });

  it("stands at once where it has none", () => natInstanceReady(account, []));

  it("stands when an instance has attached the interface that routes lead to", async () => {
    let stands = false;
    const ready = natInstanceReady(account, [networkInterface]).then(() => {
      stands = true;
    });
    says("user data: eni-0fedcba9876543210 attached");
    await account.clock.turn(60_000);
    assert.isFalse(stands);
    says(`user data: ${id} attached`);
    await ready;
    await natInstanceReady(account, [networkInterface]);
  });

  it("does not stand where none does, and tells what the instance said", async () => {
    const refused = refusalMessage(natInstanceReady(account, [networkInterface]));
    says("user data: You are not authorized to perform this operation.");
    await account.clock.turn(10 * 60_000);
    assert.equal(
      await refused,
      `No instance has attached ${id}; its console says: user data: You are not authorized to perform this operation.`,
    );
  });
});
