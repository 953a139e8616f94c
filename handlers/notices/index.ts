import {
  type ActionExecutionDetail,
  CodePipelineClient,
  ListActionExecutionsCommand,
} from "@aws-sdk/client-codepipeline";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import type { EventBridgeEvent } from "aws-lambda";
import { clientSettings } from "../shared/clientSettings";
import { explain } from "../shared/failure";
import { log } from "../shared/log";
import { compose, isOutcome, type Outcome } from "../shared/notice";
import { summarise } from "./progress";

export interface NoticesOptions {
  environment: string;
  /** The SNS topic for notices. */
  topicArn: string;
  /** `https://console.aws.amazon.com`, or China's: without a trailing slash. */
  console: string;
  region: string;
  /** Application by pipeline. */
  pipelines: Record<string, string>;
}

/**
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
 */
export type PipelineEvent = EventBridgeEvent<
  "CodePipeline Pipeline Execution State Change",
  { pipeline: string; "execution-id": string; state: string }
>;

/**
 * Called by EventBridge when a pipeline execution ends. Publishes a notice for people: which application, environment
 * and version, how it ended, and where and why if it failed.
 *
 * Needs:
 * - codepipeline:ListActionExecutions on the pipelines
 * - sns:Publish on the topic
 *
 * @throws SNS's error if it rejects the notice: Lambda then retries
 */
export function createNotices(options: NoticesOptions): (event: PipelineEvent) => Promise<void> {
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  const topics = new SNSClient(clientSettings(5, 10));
  return async ({ detail }) => {
    const { pipeline, state, "execution-id": execution } = detail;
    if (!isOutcome(state)) {
      log("info", "the event is not the outcome of a pipeline execution", { pipeline, execution, state });
      return;
    }
    const notice = compose(await outcomeOf(pipelines, options, pipeline, execution, state));
    const { topicArn: TopicArn } = options;
    await topics.send(new PublishCommand({ TopicArn, Subject: notice.subject, Message: notice.message }));
    log("info", "notice published", { pipeline, execution, subject: notice.subject });
  };
}

async function outcomeOf(
  client: CodePipelineClient,
  { environment, region, console: consoleUrl, pipelines }: NoticesOptions,
  pipeline: string,
  execution: string,
  state: Outcome["state"],
): Promise<Outcome> {
  const link = `${consoleUrl}/codesuite/codepipeline/pipelines/${pipeline}/executions/${execution}/timeline?region=${region}`;
  const known = { application: pipelines[pipeline] ?? pipeline, environment, state, execution, link };
  try {
    return { ...known, progress: summarise(await readActions(client, pipeline, execution)) };
  } catch (error) {
    // People need the outcome even if the cause is unknown.
    const unreadable = explain(error);
    log("warn", "the actions of the execution cannot be read", { pipeline, execution, cause: unreadable });
    return { ...known, unreadable };
  }
}

/** Every action of the execution, latest first. */
async function readActions(
  client: CodePipelineClient,
  pipelineName: string,
  pipelineExecutionId: string,
): Promise<ActionExecutionDetail[]> {
  const actions: ActionExecutionDetail[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new ListActionExecutionsCommand({ pipelineName, filter: { pipelineExecutionId }, nextToken }),
    );
    actions.push(...(page.actionExecutionDetails ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return actions;
}
