import { expect } from "chai";
import { startLambda } from "./lambda";

describe("process of a callback", () => {
  it("has what the Lambda runtime and the archive bring, and nothing else of this project", async () => {
    const text = `exports.handler = async (names) => names.map((name) => {
      try { require(name); return "found"; } catch (error) { return error.code; }
    });`;
    const lambda = startLambda({ text, options: {}, endpointUrl: "http://127.0.0.1:1", packages: ["yazl"] });
    const names = ["@aws-sdk/client-sqs", "@smithy/types", "yazl", "tar-stream", "chai", "@pulumi/pulumi"];
    const { value } = await lambda.invoke(names);
    await lambda.close();
    expect(value).to.deep.equal([
      "found",
      "found",
      "found",
      "MODULE_NOT_FOUND",
      "MODULE_NOT_FOUND",
      "MODULE_NOT_FOUND",
    ]);
  });
});
