import type { ActionExecutionDetail } from "@aws-sdk/client-codepipeline";
import { expect } from "chai";
import { summarise } from "../../../handlers/notices/progress";
import { compose, isOutcome, type Outcome } from "../../../handlers/shared/notice";

const COMMIT = "0c5b1d2e3f405162738495a6b7c8d9e0f1a2b3c4";
const EXECUTION = "12345678-1234-5678-abcd-12345678abcd";
const LINK = "https://console.aws.amazon.com/codesuite/codepipeline/pipelines/p/executions/e/timeline?region=us-east-1";

interface ActionArgs {
  stage: string;
  action?: string;
  category?: "Source" | "Build" | "Invoke" | "Approval";
  status?: string;
  namespace?: string;
  variables?: Record<string, string>;
  result?: NonNullable<ActionExecutionDetail["output"]>["executionResult"];
  by?: string;
}

const action = ({ stage, category = "Invoke", status = "Succeeded", ...rest }: ActionArgs): ActionExecutionDetail => ({
  stageName: stage,
  actionName: rest.action ?? stage,
  status: status as ActionExecutionDetail["status"],
  updatedBy: rest.by,
  input: { actionTypeId: { category, owner: "AWS", provider: "p", version: "1" }, namespace: rest.namespace },
  output: { outputVariables: rest.variables, executionResult: rest.result },
});

const source = action({
  stage: "Source",
  category: "Source",
  result: { externalExecutionId: "v1", externalExecutionSummary: "acme/storefront main 0c5b1d2e3f40" },
});
const build = action({ stage: "Build", category: "Build", namespace: "Build", variables: { IMAGE_TAG: COMMIT } });
const deployment = (status: string, message?: string, name = "Deploy") =>
  action({ stage: "Deploy", action: name, status, result: { errorDetails: { code: "JobFailed", message } } });

describe("what the actions of an execution say", () => {
  const failed = deployment("Failed", "web did not become healthy");
  const failure = {
    stage: "Deploy",
    action: "Deploy",
    kind: "failed",
    cause: "web did not become healthy",
    link: undefined,
  };
  const known = { version: COMMIT, revision: "acme/storefront main 0c5b1d2e3f40", stage: "Deploy" };

  const cases: { what: string; actions: ActionExecutionDetail[]; progress: object }[] = [
    {
      what: "nothing, where nothing has run",
      actions: [],
      progress: { version: undefined, revision: undefined, stage: undefined, failures: [] },
    },
    {
      what: "the source's revision, while there is no image",
      actions: [source],
      progress: { version: undefined, revision: "acme/storefront main 0c5b1d2e3f40", stage: "Source", failures: [] },
    },
    {
      what: "the id of a source that has no summary",
      actions: [action({ stage: "Source", category: "Source", result: { externalExecutionId: "v1" } })],
      progress: { version: undefined, revision: "v1", stage: "Source", failures: [] },
    },
    {
      what: "the image's tag, and no failure",
      actions: [deployment("Succeeded"), build, source],
      progress: { ...known, failures: [] },
    },
    {
      what: "stage, action and cause of a failure",
      actions: [failed, build, source],
      progress: { ...known, failures: [failure] },
    },
    {
      what: "every failure of a stage, in the order in which they began",
      actions: [deployment("Failed", "rule refused", "Schedules"), failed, build, source],
      progress: {
        ...known,
        failures: [failure, { ...failure, action: "Schedules", cause: "rule refused" }],
      },
    },
    {
      what: "no failure that a later attempt made good",
      actions: [deployment("Succeeded"), failed, build, source],
      progress: { ...known, failures: [] },
    },
    {
      what: "the summary where there is no error, and where the log is",
      actions: [
        action({
          stage: "Build",
          status: "Failed",
          result: { externalExecutionSummary: "exit status 1", externalExecutionUrl: "https://logs.example/1" },
        }),
      ],
      progress: {
        version: undefined,
        revision: undefined,
        stage: "Build",
        failures: [
          { stage: "Build", action: "Build", kind: "failed", cause: "exit status 1", link: "https://logs.example/1" },
        ],
      },
    },
    {
      what: "that there is no cause",
      actions: [action({ stage: "Tag", status: "Failed" })],
      progress: {
        version: undefined,
        revision: undefined,
        stage: "Tag",
        failures: [{ ...failure, stage: "Tag", action: "Tag", cause: "CodePipeline gave no cause" }],
      },
    },
  ];
  for (const { what, actions, progress } of cases)
    it(what, () => {
      expect(summarise(actions)).to.deep.equal(progress);
    });

  const approvals: { what: string; args: Partial<ActionArgs>; kind: string; cause: string }[] = [
    {
      what: "who rejected an approval, and why",
      args: {
        by: "arn:aws:iam::123456789012:user/operator",
        result: { externalExecutionSummary: "not before the weekend", errorDetails: { message: "Rejected" } },
      },
      kind: "rejected",
      cause: "not before the weekend (arn:aws:iam::123456789012:user/operator)",
    },
    {
      what: "that an approval was rejected, where only its error says so",
      args: { result: { errorDetails: { message: "Rejected: not before the weekend" } } },
      kind: "rejected",
      cause: "not before the weekend",
    },
    {
      what: "that an approval was rejected without a reason",
      args: { result: { externalExecutionSummary: "Rejected" } },
      kind: "rejected",
      cause: "no reason given",
    },
    {
      what: "that an approval was not given in time",
      args: { result: { errorDetails: { message: "The approval was not given within seven days." } } },
      kind: "failed",
      cause: "The approval was not given within seven days.",
    },
  ];
  for (const { what, args, kind, cause } of approvals)
    it(what, () => {
      const { failures } = summarise([action({ stage: "Approval", category: "Approval", status: "Failed", ...args })]);
      expect(failures).to.deep.equal([{ stage: "Approval", action: "Approval", link: undefined, kind, cause }]);
    });
});

describe("a notice", () => {
  const outcome: Outcome = {
    application: "storefront",
    environment: "prod",
    state: "SUCCEEDED",
    execution: EXECUTION,
    link: LINK,
  };
  const failed = { stage: "Deploy", action: "Deploy", kind: "failed", cause: "web did not become healthy" } as const;
  const rejected = { stage: "Approval", action: "Approve", kind: "rejected", cause: "not now" } as const;

  const cases: { what: string; of: Partial<Outcome>; subject: string; lines: string[] }[] = [
    {
      what: "of a success names the version",
      of: { progress: { version: COMMIT, stage: "Tag", failures: [] } },
      subject: "storefront in prod: 0c5b1d2 succeeded",
      lines: [`Version: ${COMMIT}`],
    },
    {
      what: "shows a tag that is no commit as it is",
      of: { progress: { version: "v1.4.0", failures: [] } },
      subject: "storefront in prod: v1.4.0 succeeded",
      lines: ["Version: v1.4.0"],
    },
    {
      what: "of a failure names stage and cause",
      of: { state: "FAILED", progress: { version: COMMIT, stage: "Deploy", failures: [failed] } },
      subject: "storefront in prod: failed at Deploy",
      lines: [`Version: ${COMMIT}`, "Deploy failed: web did not become healthy"],
    },
    {
      what: "names every failed action, each stage once, and where the logs are",
      of: {
        state: "FAILED",
        progress: {
          version: COMMIT,
          failures: [
            { ...failed, link: "https://logs.example/1" },
            { ...failed, action: "Schedules", cause: "refused" },
          ],
        },
      },
      subject: "storefront in prod: failed at Deploy",
      lines: [
        `Version: ${COMMIT}`,
        "Deploy failed: web did not become healthy",
        "Details: https://logs.example/1",
        "Deploy, action Schedules failed: refused",
      ],
    },
    {
      what: "of a failed build names the source's revision",
      of: {
        state: "FAILED",
        progress: {
          revision: "acme/storefront main 0c5b1d2e3f40",
          failures: [{ ...failed, stage: "Build", action: "Build" }],
        },
      },
      subject: "storefront in prod: failed at Build",
      lines: ["Version: acme/storefront main 0c5b1d2e3f40", "Build failed: web did not become healthy"],
    },
    {
      what: "of a failure without a failed action says no more than that",
      of: { state: "FAILED", progress: { failures: [] } },
      subject: "storefront in prod: failed",
      lines: [`Execution: ${EXECUTION}`],
    },
    {
      what: "says that somebody rejected it",
      of: { state: "FAILED", progress: { version: COMMIT, failures: [rejected] } },
      subject: "storefront in prod: rejected at Approval",
      lines: [`Version: ${COMMIT}`, "Approval, action Approve rejected: not now"],
    },
    {
      what: "of a stopped execution names where it was",
      of: { state: "STOPPED", progress: { version: COMMIT, stage: "Deploy", failures: [] } },
      subject: "storefront in prod: stopped at Deploy",
      lines: [`Version: ${COMMIT}`],
    },
    {
      what: "of a superseded execution names where it waited",
      of: { state: "SUPERSEDED", progress: { version: COMMIT, stage: "Build", failures: [] } },
      subject: "storefront in prod: superseded by a newer execution at Build",
      lines: [`Version: ${COMMIT}`],
    },
    {
      what: "goes out even if the actions cannot be read",
      of: { state: "FAILED", unreadable: "AccessDeniedException: not authorized" },
      subject: "storefront in prod: failed",
      lines: [
        `Execution: ${EXECUTION}`,
        "The version and the cause are unknown, because the pipeline's actions cannot be read: AccessDeniedException: not authorized",
      ],
    },
  ];
  for (const { what, of, subject, lines } of cases)
    it(what, () => {
      const message = [subject, "", ...lines, "", LINK].join("\n");
      expect(compose({ ...outcome, ...of })).to.deep.equal({ subject, message });
    });

  it("has a subject that SNS takes, whatever the version", () => {
    const long = { version: `${"é\n"}${"v".repeat(100)}`, failures: [] };
    const { subject } = compose({ ...outcome, progress: long });
    expect(subject).to.equal(`storefront in prod: ??${"v".repeat(74)}...`);
    expect(subject.length).to.equal(99);
  });

  it("keeps a subject of 99 characters whole", () => {
    const version = "v".repeat(69);
    const { subject } = compose({ ...outcome, progress: { version, failures: [] } });
    expect(subject).to.equal(`storefront in prod: ${version} succeeded`);
    expect(subject.length).to.equal(99);
  });

  const states = [
    "SUCCEEDED",
    "FAILED",
    "STOPPED",
    "SUPERSEDED",
    "CANCELED",
    "STARTED",
    "RESUMED",
    "STOPPING",
    "toString",
  ];
  it("is of an end, not of a beginning", () => {
    expect(states.filter(isOutcome)).to.deep.equal(["SUCCEEDED", "FAILED", "STOPPED", "SUPERSEDED", "CANCELED"]);
  });
});
