import { expect } from "chai";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction, linesOf } from "./support";

describe("Lambda runs a function that fails", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs]);
  });
  afterEach(() => cloud.close());

  it("until its timeout, in real time", async () => {
    const { invoke, name } = await declareFunction(cloud, "slow", "exports.handler = () => new Promise(() => {})", {
      timeout: 1,
    });
    const { value, error } = await invoke();
    expect(error).to.equal("Unhandled");
    expect(value)
      .to.have.property("errorMessage")
      .that.matches(/Error: Task timed out after 1\.00 seconds$/);
    expect(
      linesOf(cloud, `/aws/lambda/${name}`).some((it) => it.endsWith("Task timed out after 1.00 seconds")),
    ).to.equal(true);
  });

  it("within its memory", async () => {
    const { invoke } = await declareFunction(
      cloud,
      "greedy",
      "exports.handler = async () => { const all = []; for (;;) all.push(Array.from({ length: 1e5 }, Math.random)); }",
      { memorySize: 128, timeout: 30 },
    );
    expect((await invoke()).value)
      .to.have.property("errorMessage")
      .that.matches(/Runtime exited with error: signal: aborted$/);
  });

  const failures: { what: string; text: string; error: Record<string, unknown> }[] = [
    {
      what: "a thrown error",
      text: "exports.handler = async () => { throw Object.assign(new Error('no such branch'), { name: 'GitError' }); }",
      error: { errorType: "GitError", errorMessage: "no such branch" },
    },
    {
      what: "a thrown string",
      text: "exports.handler = async () => { throw 'stop'; }",
      error: { errorType: "string", errorMessage: "stop" },
    },
    {
      what: "an unhandled rejection",
      text: "exports.handler = () => { Promise.reject(new Error('lost')); return new Promise(() => {}); }",
      error: { errorType: "Runtime.UnhandledPromiseRejection", errorMessage: "Error: lost" },
    },
    {
      what: "an error at load",
      text: "throw new TypeError('no options')",
      error: { errorType: "TypeError", errorMessage: "no options" },
    },
    {
      what: "a syntax error",
      text: "exports.handler = async () => {",
      error: { errorType: "Runtime.UserCodeSyntaxError", errorMessage: "SyntaxError: Unexpected end of input" },
    },
    {
      what: "a handler that is not exported",
      text: "exports.other = async () => {}",
      error: { errorType: "Runtime.HandlerNotFound", errorMessage: "__index.handler is undefined or not exported" },
    },
    {
      what: "a handler with a callback",
      text: "exports.handler = (event, context, callback) => callback()",
      error: {
        errorType: "Runtime.CallbackHandlerDeprecated",
        errorMessage:
          "AWS Lambda has removed support for callback-based function handlers starting with Node.js 24: make the handler async.",
      },
    },
    {
      what: "a value that is not JSON",
      text: "exports.handler = async () => 1n",
      error: {
        errorType: "Runtime.MarshalError",
        errorMessage: "Unable to stringify response body: TypeError: Do not know how to serialize a BigInt",
      },
    },
  ];
  for (const { what, text, error } of failures)
    it(`and reports ${what}`, async () => {
      const { invoke } = await declareFunction(cloud, "failing", text);
      const { value, error: functionError } = await invoke();
      const { trace, ...told } = value as Record<string, unknown>;
      expect([functionError, told]).to.deep.equal(["Unhandled", error]);
    });
});
