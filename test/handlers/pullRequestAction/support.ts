import type { PullRequestActionOptions } from "../../../handlers/pullRequestAction";
import { idOf } from "../../../handlers/pullRequests/record";
import { moveRecord, readRecord } from "../../../handlers/pullRequests/store";
import type { PullRequestFacts, PullRequestState } from "../../../images/gitops-pr/pullRequestRecord";
import { awsFault, type Endpoint } from "../../callbacks/endpoint";
import { PULL_REQUESTS } from "../../callbacks/pullRequestTable";
import type { Table } from "../../callbacks/table";
import { IMAGE } from "../deploy/ecs";

export const EXECUTION = "22222222-3333-4444-5555-666666666666";
export const OTHER_IMAGE = IMAGE.replace(/b{64}$/, "c".repeat(64));
export const URL = "https://github.com/acme/gitops/pull/7";
export const ID = idOf({ service: "storefront", environment: "dev", revision: "v2" });

export const options: PullRequestActionOptions = {
  table: PULL_REQUESTS,
  task: {
    cluster: "dev",
    taskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/dev-slipway-gitops-pr:3",
    container: "gitops-pr",
    subnets: ["subnet-1", "subnet-2"],
    securityGroup: "sg-1",
  },
  service: "storefront",
  environment: "dev",
  imageName: "storefront",
  repository: "acme/storefront",
};

/** What tasks were started, as ECS tells them apart: by client token. Their ids are `task1`, `task2`, … */
export interface StartedTasks {
  tokens: string[];
  /** Every request to start one, the repeated ones too. */
  requests: Record<string, unknown>[];
}

export function createStartedTasks(endpoint: Endpoint): StartedTasks {
  const started: StartedTasks = { tokens: [], requests: [] };
  endpoint.answers.RunTask = (input) => {
    const token = String(input.clientToken);
    started.requests.push(input);
    if (!started.tokens.includes(token)) {
      started.tokens.push(token);
    }
    const id = `task${started.tokens.indexOf(token) + 1}`;
    return { tasks: [{ taskArn: taskArn(id) }], failures: [] };
  };
  return started;
}

export const taskArn = (id: string) => `arn:aws:ecs:us-east-1:123456789012:task/dev/${id}`;

/** An ECS that is out of reach. */
export const down = () => {
  throw awsFault("ServerException", "Service is down", 503);
};

/** Moves the record as the task of its latest attempt does. @param now milliseconds */
export async function moveAsTask(
  { dynamo }: Table,
  to: Exclude<PullRequestState, "requested">,
  facts: PullRequestFacts,
  now: number,
): Promise<void> {
  const table = { dynamo, table: PULL_REQUESTS };
  const record = await readRecord(table, ID);
  if (record === undefined || (await moveRecord(table, record, to, facts, now)) === undefined) {
    throw new Error(`the record cannot move from ${record?.state ?? "nothing"} to ${to}`);
  }
}
