import { expect } from "chai";
import { createSsm } from "../../../../rehearsal/cloud/ssm";
import { refusal } from "../../../refusal";
import { createTestNetwork } from "../network/support";

describe("Parameters that the program reads", () => {
  it("are Amazon's own images by region, and the account's", async () => {
    const { cloud } = await createTestNetwork({}, { services: [createSsm] });
    const get = (name: string) => cloud.invoke("aws:ssm/getParameter:getParameter", { name });
    const arm = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
    const image = (await get(arm)) as { value: string; arn: string };
    expect(image.value).to.match(/^ami-[0-9a-f]{17}$/);
    expect(image.arn).to.equal(`arn:aws:ssm:us-east-1::parameter${arm}`);
    expect(await get(arm.replace("arm64", "x86_64")))
      .to.have.property("value")
      .that.is.not.equal(image.value);
    await cloud.declare("aws:ssm/parameter:Parameter", "image", { name: "image", type: "String", value: "ami-1" });
    expect(await get("image")).to.include({ value: "ami-1", version: 1 });
    const error = await refusal(get("other"));
    await cloud.close();
    expect(error.message).to.equal("The parameter other cannot be found.");
  });
});
