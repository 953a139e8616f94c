import { randomUUID } from "node:crypto";
import type { PutJobFailureResultInput, PutJobSuccessResultInput } from "@aws-sdk/client-codepipeline";
import type { InvocationRequest, InvocationResponse } from "@aws-sdk/client-lambda";
import type { CodePipelineEvent } from "aws-lambda";
import type { Timer } from "../../clock";
import { awsError, type Cloud, type Operation, operation, type Service } from "../service";
import type { ActionResult, ActionRun, ActionType, Artifact } from "./actionType";
import { atMost, checkOutputVariables } from "./limits";

const minute = 60_000;
/** https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html */
const silenceAllowed = 20 * minute;
const actionAllowed = 24 * 60 * minute;
/** CodePipeline's delay between a continuation token and the next invocation; not documented, about this. */
const pause = 30_000;

/** A Lambda action from its first invocation to its single end. */
interface Run {
  action: ActionRun;
  end(outcome: ActionResult | Error): void;
}

/** One invocation. Each continuation is a new job with a new id. */
interface Job {
  run: Run;
  /** Fires when the timeout without a result expires, or before the next invocation. */
  timer: Timer;
  open: boolean;
}

export interface Jobs {
  lambda: ActionType;
  operations: Service["operations"];
}

/** The job protocol of Lambda actions: invoke, wait for a result, and invoke again while the function asks for it. */
export function createJobs(cloud: Cloud): Jobs {
  const jobs = new Map<string, Job>();

  function run(action: ActionRun): Promise<ActionResult> {
    const { FunctionName, UserParameters = "" } = action.configuration;
    atMost("UserParameters with its variables resolved", UserParameters, 1000);
    return new Promise((resolve, reject) => {
      const run: Run = {
        action,
        // Closes every job of the run, so that late or repeated results are rejected.
        end(outcome) {
          deadline.cancel();
          for (const job of jobs.values()) if (job.run === run) close(job);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      };
      const late = `The AWS Lambda function ${FunctionName} has not succeeded or failed within 24 hours.`;
      const deadline = cloud.clock.after(actionAllowed, () => run.end(awsError("JobFailed", late)));
      invoke(run);
    });
  }

  function invoke(run: Run, continuationToken?: string): void {
    const id = randomUUID();
    const { FunctionName } = run.action.configuration;
    const silent =
      `The AWS Lambda function ${FunctionName} failed to return a result within 20 minutes. Check that it calls ` +
      "PutJobSuccessResult or PutJobFailureResult, and that its role allows the call.";
    const timer = cloud.clock.after(silenceAllowed, () => run.end(awsError("JobFailed", silent)));
    jobs.set(id, { run, timer, open: true });
    const Payload = Buffer.from(JSON.stringify(jobEvent(id, run.action, continuationToken)));
    const request: InvocationRequest = { FunctionName, InvocationType: "Event", Payload };
    cloud.call<InvocationRequest, InvocationResponse>(run.action.role, "lambda", "Invoke", request).catch(run.end);
  }

  function close(job: Job): void {
    job.open = false;
    job.timer.cancel();
  }

  /** @throws AwsError JobNotFoundException, InvalidJobStateException */
  function openJob(id: string | undefined): Job {
    const job = jobs.get(id ?? "");
    if (job === undefined) throw awsError("JobNotFoundException", `The job ${id} cannot be found.`);
    if (!job.open)
      throw awsError("InvalidJobStateException", `The job ${id} has its result already, or has timed out.`);
    return job;
  }

  /** Takes a final result and returns whether it was accepted. */
  function settle(jobId: string | undefined, result: "succeeded" | "failed", take: (run: Run) => void): void {
    const action = jobs.get(jobId ?? "")?.run.action;
    const tell = (refused?: string) => {
      if (action === undefined) return;
      const { pipeline, executionId, stage } = action;
      const event = { pipeline, executionId, stage, action: action.action.name, jobId: String(jobId), result };
      cloud.tell({ kind: "job-result", ...event, ...(refused === undefined ? {} : { refused }) });
    };
    try {
      take(openJob(jobId).run);
    } catch (error) {
      tell((error as Error).name);
      throw error;
    }
    tell();
  }

  const anyJob = (action: string) => () => [{ action, resource: "*" }];

  const putJobSuccessResult: Operation<PutJobSuccessResultInput, object> = {
    permissions: anyJob("codepipeline:PutJobSuccessResult"),
    perform({ jobId, continuationToken, outputVariables, executionDetails = {} }) {
      if (continuationToken === undefined) {
        settle(jobId, "succeeded", (run) => {
          checkOutputVariables(outputVariables);
          run.end({ ...executionDetails, variables: outputVariables });
        });
        return {};
      }
      const job = openJob(jobId);
      if (outputVariables !== undefined)
        throw awsError("ValidationException", "outputVariables and a continuationToken exclude each other.");
      close(job);
      job.run.action.report(executionDetails);
      job.timer = cloud.clock.after(pause, () => invoke(job.run, continuationToken));
      return {};
    },
  };

  const putJobFailureResult: Operation<PutJobFailureResultInput, object> = {
    permissions: anyJob("codepipeline:PutJobFailureResult"),
    perform({ jobId, failureDetails }) {
      settle(jobId, "failed", (run) => {
        const { type = "JobFailed", message = "", externalExecutionId } = failureDetails ?? {};
        if (externalExecutionId !== undefined) run.action.report({ externalExecutionId });
        run.end(awsError(type, message));
      });
      return {};
    },
  };

  return {
    lambda: { inputs: [0, 5], outputs: [0, 5], required: ["FunctionName"], optional: ["UserParameters"], run },
    operations: {
      PutJobSuccessResult: operation(putJobSuccessResult),
      PutJobFailureResult: operation(putJobFailureResult),
    },
  };
}

/** https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html */
function jobEvent(id: string, action: ActionRun, continuationToken?: string): CodePipelineEvent {
  const { FunctionName = "", UserParameters = "" } = action.configuration;
  return {
    "CodePipeline.job": {
      id,
      accountId: action.cloud.accountId,
      data: {
        actionConfiguration: { configuration: { FunctionName, UserParameters } },
        inputArtifacts: action.inputs.map(located),
        outputArtifacts: action.outputs.map(located),
        artifactCredentials: action.credentials,
        ...(continuationToken === undefined ? {} : { continuationToken }),
      },
    },
  };
}

function located({ name, bucket, key, revision = null }: Omit<Artifact, "revision"> & { revision?: string | null }) {
  const s3Location = { bucketName: bucket, objectKey: key };
  return { name, revision, location: { type: "S3" as const, s3Location } };
}
