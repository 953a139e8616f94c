import type { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import type { CodePipelineEvent } from "aws-lambda";
import { expect } from "chai";
import { type Job, type JobResult, parameter, runJob, shorten } from "../../../handlers/shared/codePipelineJob";
import { failure } from "../../../handlers/shared/failure";
import { capture } from "../output";

const ID = "11111111-2222-3333-4444-555555555555";

const eventOf = (UserParameters: string, continuationToken?: string): CodePipelineEvent => ({
  "CodePipeline.job": {
    id: ID,
    accountId: "123456789012",
    data: {
      actionConfiguration: { configuration: { FunctionName: "deploy", UserParameters } },
      inputArtifacts: [],
      outputArtifacts: [],
      artifactCredentials: { accessKeyId: "id", secretAccessKey: "top secret", sessionToken: "top secret" },
      continuationToken,
    },
  },
});

/** Runs a job against a CodePipeline that remembers what it is told. */
async function run(
  event: CodePipelineEvent,
  work: (job: Job) => Promise<JobResult>,
  refusal?: Error,
  now?: () => number,
) {
  const told: [string, object][] = [];
  const send = async (command: { constructor: { name: string }; input: object }) => {
    told.push([command.constructor.name, command.input]);
    if (refusal !== undefined) {
      throw refusal;
    }
  };
  const { lines } = await capture(() => runJob({ send } as unknown as CodePipelineClient, event, work, now));
  return { told, lines };
}

const fault = (name: string) => Object.assign(new Error("no"), { name });
const succeed = async (): Promise<JobResult> => ({ kind: "succeeded", summary: "done" });

describe("CodePipeline job", () => {
  it("hands over id, parameters and token, and nothing else", async () => {
    const jobs: Job[] = [];
    await run(eventOf('{"image":"x"}', "token"), async (job) => {
      jobs.push(job);
      return succeed();
    });
    expect(jobs).to.deep.equal([{ id: ID, parameters: { image: "x" }, continuationToken: "token" }]);
  });

  const results: [string, JobResult, [string, object]][] = [
    [
      "success",
      { kind: "succeeded", summary: "done" },
      ["PutJobSuccessResultCommand", { jobId: ID, executionDetails: { summary: "done" } }],
    ],
    [
      "progress",
      { kind: "continued", token: "next", summary: "half" },
      ["PutJobSuccessResultCommand", { jobId: ID, continuationToken: "next", executionDetails: { summary: "half" } }],
    ],
    [
      "failure",
      { kind: "failed", type: "JobFailed", message: "no" },
      ["PutJobFailureResultCommand", { jobId: ID, failureDetails: { type: "JobFailed", message: "no" } }],
    ],
    [
      "success at length",
      { kind: "succeeded", summary: "x".repeat(3_000) },
      ["PutJobSuccessResultCommand", { jobId: ID, executionDetails: { summary: `${"x".repeat(2_047)}…` } }],
    ],
    [
      "failure at length",
      { kind: "failed", type: "JobFailed", message: "x".repeat(6_000) },
      [
        "PutJobFailureResultCommand",
        { jobId: ID, failureDetails: { type: "JobFailed", message: `${"x".repeat(4_999)}…` } },
      ],
    ],
  ];
  for (const [what, result, told] of results) {
    it(`tells of ${what}`, async () => {
      expect((await run(eventOf("{}"), async () => result)).told).to.deep.equal([told]);
    });
  }

  const errors: [string, unknown, object][] = [
    [
      "of its own",
      failure("ConfigurationError", "no container"),
      { type: "ConfigurationError", message: "no container" },
    ],
    ["of AWS's", fault("AccessDeniedException"), { type: "PermissionError", message: "AccessDeniedException: no" }],
    ["of nobody's", new TypeError("x is undefined"), { type: "JobFailed", message: "TypeError: x is undefined" }],
  ];
  for (const [what, error, failureDetails] of errors) {
    it(`tells of an error ${what}, and returns`, async () => {
      const { told } = await run(eventOf("{}"), () => Promise.reject(error));
      expect(told).to.deep.equal([["PutJobFailureResultCommand", { jobId: ID, failureDetails }]]);
    });
  }

  describe("whose step meets what passes", () => {
    const throttled = () => Promise.reject(fault("ThrottlingException"));
    const retry = (token: string): [string, object] => [
      "PutJobSuccessResultCommand",
      {
        jobId: ID,
        continuationToken: token,
        executionDetails: { summary: "trying again: ThrottlingException: no" },
      },
    ];
    const START = 1_767_607_200;
    const at = (seconds: number) => () => (START + seconds) * 1_000;

    it("does not fail in its first step, but takes that again", async () => {
      const { told } = await run(eventOf("{}"), throttled, undefined, at(0));
      expect(told).to.deep.equal([retry(`retry:${START}:`)]);
    });

    it("takes any later step again, with that step's token", async () => {
      const { told } = await run(eventOf("{}", '{"a":\n"b:c"}'), throttled, undefined, at(0));
      expect(told).to.deep.equal([retry(`retry:${START}:{"a":\n"b:c"}`)]);
    });

    for (const [token, step] of [
      [`retry:${START}:`, undefined],
      [`retry:${START}:sha256:1`, "sha256:1"],
    ] as const) {
      it(`hands ${step ?? "no token"} to the step that it takes again`, async () => {
        const steps: (string | undefined)[] = [];
        await run(eventOf("{}", token), async ({ continuationToken }) => {
          steps.push(continuationToken);
          return succeed();
        });
        expect(steps).to.deep.equal([step]);
      });
    }

    it("gives up after half an hour", async () => {
      const token = `retry:${START}:`;
      expect((await run(eventOf("{}", token), throttled, undefined, at(1_799))).told).to.deep.equal([retry(token)]);
      const failureDetails = { type: "SystemUnavailable", message: "ThrottlingException: no" };
      expect((await run(eventOf("{}", token), throttled, undefined, at(1_800))).told).to.deep.equal([
        ["PutJobFailureResultCommand", { jobId: ID, failureDetails }],
      ]);
    });
  });

  const malformed: [string, string][] = [
    ["{", "UserParameters is not JSON: set the action's UserParameters to a JSON object"],
    ["", "UserParameters is not JSON: set the action's UserParameters to a JSON object"],
    ["[]", "UserParameters is not an object: set the action's UserParameters to a JSON object"],
    ["null", "UserParameters is not an object: set the action's UserParameters to a JSON object"],
  ];
  for (const [text, message] of malformed) {
    it(`fails for the parameters ${JSON.stringify(text)}`, async () => {
      const { told } = await run(eventOf(text), succeed);
      const failureDetails = { type: "ConfigurationError", message };
      expect(told).to.deep.equal([["PutJobFailureResultCommand", { jobId: ID, failureDetails }]]);
    });
  }

  for (const name of ["InvalidJobStateException", "JobNotFoundException"]) {
    it(`takes ${name} for an answer that was given before`, async () => {
      const { lines } = await run(eventOf("{}"), succeed, fault(name));
      expect(lines).to.deep.equal([
        { level: "info", message: "job succeeded", job: ID, summary: "done" },
        { level: "info", message: "job result was already reported", job: ID, cause: `${name}: no` },
      ]);
    });
  }

  for (const [what, refusal, runs] of [
    ["has the result", undefined, true],
    ["had a result before", fault("InvalidJobStateException"), true],
    ["does not take the result", fault("ThrottlingException"), false],
  ] as const)
    it(`${runs ? "runs" : "does not run"} what comes afterwards if CodePipeline ${what}`, async () => {
      let ran = false;
      const work = async (): Promise<JobResult> => ({
        kind: "succeeded",
        summary: "done",
        afterwards: async () => {
          ran = true;
        },
      });
      await run(eventOf("{}"), work, refusal).catch(() => {});
      expect(ran).to.equal(runs);
    });

  it("logs that it failed, and why", async () => {
    const { lines } = await run(eventOf("{}"), () => Promise.reject(failure("ConfigurationError", "no container")));
    expect(lines).to.deep.equal([
      { level: "error", message: "job failed", job: ID, type: "ConfigurationError", cause: "no container" },
    ]);
  });

  it("throws what else CodePipeline answers, so that Lambda tries again", async () => {
    const error = await run(eventOf("{}"), succeed, fault("AccessDeniedException")).catch((it: Error) => it.name);
    expect(error).to.equal("AccessDeniedException");
  });

  it("throws for an event that is none", async () => {
    const error = await run({} as CodePipelineEvent, succeed).catch((it: Error) => it.message);
    expect(error).to.equal(
      "the event is not a CodePipeline job: call this function from an invoke action of a pipeline",
    );
  });

  it("never logs the credentials of its event", async () => {
    const { lines } = await run(eventOf("{"), succeed);
    expect(lines).to.have.length(1);
    expect(JSON.stringify(lines)).not.to.include("top secret");
  });

  it("names a parameter that is missing or wrong", () => {
    const job = { id: ID, parameters: { digest: "latest" } };
    expect(() => parameter(job, "digest", /^sha256:/, "a digest")).to.throw(
      'UserParameters: digest is "latest", expected a digest',
    );
    expect(() => parameter(job, "image", /./, "an image")).to.throw(
      "UserParameters: image is missing, expected an image",
    );
    expect(parameter({ id: ID, parameters: { digest: "sha256:1" } }, "digest", /^sha256:/, "a digest")).to.equal(
      "sha256:1",
    );
  });

  it("shortens only what is too long", () => {
    expect(["abc", "abcd"].map((text) => shorten(text, 3))).to.deep.equal(["abc", "ab…"]);
  });

  it("shortens between characters, not in the middle of one", () => {
    const text = "a\u{1f600}\u{1f600}";
    expect([3, 4, 5].map((length) => shorten(text, length))).to.deep.equal(["a…", "a\u{1f600}…", text]);
  });
});
