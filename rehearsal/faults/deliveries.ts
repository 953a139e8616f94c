import type { CloudEvent } from "../cloud/events";
import type { Response } from "../forges/request";
import { commitCrash, commitVersion } from "../forges/storefront";
import { type ScenarioContext, stackOf } from "../scenarios/scenarioContext";
import { answerApproval, waitingApproval } from "../scenarios/steps/approvals";
import { application } from "../scenarios/steps/delivered";
import { pipelineOf } from "../scenarios/steps/deliveries";
import { jobOf, requestPullRequest } from "../scenarios/steps/pullRequests";
import { readState } from "../scenarios/steps/state";
import { commitOf } from "../scenarios/steps/versions";
import type { AccountName } from "./accounts";
import { type Evidence, eventsOf, executionEnds, type Request, recordOf } from "./evidence";

/** A kind of delivery that is played under faults. */
export interface DeliveryKind {
  name: string;
  account: AccountName;
  /** Whether this principal's calls belong to the delivery, and to no other kind. */
  concerns(context: ScenarioContext, principal: string): boolean;
  /** Maximum number of distinct calls of an operation; no limit if absent. */
  depth?: number;
  /** Sets the mark and requests the delivery. @param position counts the account's deliveries */
  begin(context: ScenarioContext, position: number): Promise<Request>;
  /** What a person does meanwhile: approves, or checks the state. */
  attend?(context: ScenarioContext, request: Request): Promise<void>;
  /** A brief result: equal to the one without a fault if the fault had no effect. */
  outcome(evidence: Evidence): string;
}

const everyRole = (context: ScenarioContext, principal: string): boolean => rolesOf(context).includes(principal);

const rolesOf = (context: ScenarioContext, stack?: string): string[] =>
  stackOf(context, stack)
    .registrations.filter(({ type }) => type === "aws:iam/role:Role")
    .map(({ outputs }) => String(outputs.name));

/** `Succeeded`, or `Failed at Deploy`. */
function executionOutcome(evidence: Evidence, environment?: string): string {
  const pipelines = evidence.stacks.filter((it) => environment === undefined || it.environment === environment);
  const names = pipelines.map(({ pipeline }) => pipeline);
  const own = eventsOf(evidence, "pipeline").filter(({ pipeline }) => names.includes(pipeline));
  const ends = executionEnds(evidence);
  const ids = [...new Set(own.map(({ executionId }) => executionId))];
  if (ids.length === 0) return "nothing was delivered";
  return ids
    .map((id) => {
      const failed = eventsOf(evidence, "action").find((it) => it.executionId === id && it.status === "Failed");
      const status = ends.get(id)?.status ?? "not ended";
      return failed === undefined ? status : `${status} at ${failed.action}`;
    })
    .join(", ");
}

async function pushed(context: ScenarioContext, version: string, commit: typeof commitVersion): Promise<Request> {
  const update = commit(context.repository, version);
  await context.push(update);
  return { kind: "push", version, commit: (await update).after };
}

const push: DeliveryKind = {
  name: "push",
  account: "dev",
  concerns: everyRole,
  begin: (context, position) => pushed(context, `2.${position}.0`, commitVersion),
  outcome: executionOutcome,
};

const rollback: DeliveryKind = {
  ...push,
  name: "rollback",
  // The same as a push up to Deploy.
  concerns: (context, principal) => everyRole(context, principal) && /-(deploy|notices)-role-/.test(principal),
  begin: (context, position) => pushed(context, `2.${position}.0`, commitCrash),
};

/** Of the first two versions, the one without dev's tag. */
async function anotherVersion(context: ScenarioContext): Promise<string> {
  const { tagged } = await readState(context, "dev");
  return tagged === "1.0.0" ? "1.0.1" : "1.0.0";
}

async function requested(context: ScenarioContext): Promise<Request> {
  const version = await anotherVersion(context);
  const { deploymentsUrl = "", deploymentToken = "" } = stackOf(context, "dev").outputs;
  context.mark = context.account.events.length;
  const body = JSON.stringify({ application, version: commitOf(context, version) });
  const headers = { authorization: `Bearer ${deploymentToken}`, "content-type": "application/json" };
  const answer = await context.clock.during(context.ask(deploymentsUrl, { method: "POST", headers, body }));
  return {
    kind: "deployment",
    version: commitOf(context, version).slice(0, 7),
    ...idIn(answer),
    status: answer.status,
  };
}

function idIn({ status, body }: Response): { id?: string } {
  return status === 200 || status === 202 ? { id: (JSON.parse(body) as { id: string }).id } : {};
}

/** `succeeded` from the notice, or the response. */
function deploymentOutcome(evidence: Evidence): string {
  const { request } = evidence;
  if (request.kind !== "deployment") return "";
  return `${request.status}, ${recordOf(evidence)?.state ?? "no record"}`;
}

const deployment: DeliveryKind = {
  name: "deployment",
  account: "dev",
  concerns: (context, principal) => everyRole(context, principal) && /-deploy(ments)?-role-/.test(principal),
  begin: requested,
  outcome: deploymentOutcome,
};

const promotion: DeliveryKind = {
  name: "promotion",
  account: "prod",
  concerns: (context, principal) => rolesOf(context, "prod").includes(principal) && !/-execution-role-/.test(principal),
  depth: 1,
  begin: requested,
  async attend(context) {
    const isAsked = (it: CloudEvent) =>
      it.kind === "action" && it.pipeline === pipelineOf(context) && it.action === "Approval";
    if (!context.since().some(isAsked)) return;
    // No approval waits if it was answered meanwhile.
    const waiting = await waitingApproval(context).catch(() => undefined);
    if (waiting !== undefined) await answerApproval(context, waiting, "Approved", "seen in dev");
  },
  outcome: (evidence) => executionOutcome(evidence, "prod"),
};

async function askedFor(context: ScenarioContext, position: number): Promise<{ id?: string; status: number }> {
  const answer = await requestPullRequest(context, { body: jobOf(position) });
  return { ...idIn(answer), status: answer.status };
}

const pullRequest: DeliveryKind = {
  name: "pull-request",
  account: "gitops",
  concerns: (context, principal) => everyRole(context, principal) && /-(gitops|pull)-/.test(principal),
  async begin(context, position) {
    context.mark = context.account.events.length;
    return { kind: "pull request", position, ...(await askedFor(context, position)) };
  },
  async attend(context, request) {
    if (request.kind !== "pull request") return;
    if (request.id !== undefined) await requestPullRequest(context, { method: "GET", path: `/${request.id}` });
    // After an API error, CI's job is rerun, as the response says.
    else Object.assign(request, await askedFor(context, request.position));
  },
  outcome({ request, records }) {
    if (request.kind !== "pull request") return "";
    // 200 and 202 are equivalent: the record may have existed already.
    return `${request.id === undefined ? request.status : "taken"}, ${records.find(({ id }) => id === request.id)?.state ?? "no record"}`;
  },
};

export const deliveries: DeliveryKind[] = [push, rollback, deployment, promotion, pullRequest];
