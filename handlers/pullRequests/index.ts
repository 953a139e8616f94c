import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECSClient } from "@aws-sdk/client-ecs";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { clientSettings } from "../shared/clientSettings";
import { jsonAnswer, refuse, unavailable } from "../shared/http/answer";
import { jsonBody, refuseInput } from "../shared/http/body";
import type { HttpRequest } from "../shared/http/request";
import { bearerToken, identifyCaller } from "../shared/http/token";
import { log } from "../shared/log";
import { cachedSecret, readSecret } from "../shared/secret";
import { requestCapped } from "./capped";
import type { CircleciOptions } from "./circleci";
import { settled } from "./lapse";
import { encodePlace, listRecords, readListing } from "./listing";
import { PULL_REQUEST_ID } from "./record";
import { readRequest } from "./request";
import { allowsService, beyondScope, scopeOf, type TokenScope, type TokenScopes } from "./scope";
import type { StartContext, TaskOptions } from "./start";
import { deleteRecord, readRecord } from "./store";
import { hintOf, viewOf } from "./view";

export interface PullRequestsOptions {
  /** The Secrets Manager secret with the bearer token that callers send. The whole string is the token. */
  secretArn: string;
  /** The DynamoDB table of records. */
  table: string;
  task: TaskOptions;
  /** How many tasks requested by callers may run at once. */
  concurrentTasks: number;
  /** Absent if CircleCI's payload is not accepted. */
  circleci?: CircleciOptions;
  /** Limits of the scoped tokens, by name. */
  scopes?: TokenScopes;
}

/** The fields used from an API Gateway event: HTTP API, payload format 2.0. */
export interface PullRequestsRequest extends HttpRequest {
  /** `POST /pullrequests` */
  routeKey: string;
  pathParameters?: Record<string, string | undefined>;
  queryStringParameters?: Record<string, string | undefined>;
}

type Answer = APIGatewayProxyStructuredResultV2;

interface PullRequestsContext extends StartContext {
  circleci: CircleciOptions | undefined;
  concurrentTasks: number;
  /** The scope of the request's token. */
  scope: Partial<TokenScope>;
}

/** Seconds to wait before asking again if too many tasks are running: a task takes about a minute. */
const RETRY_AFTER = 60;

/** In bytes. */
const BODY_LIMIT = 16 * 1024;

const UNKNOWN = "there is no pull request with this id: records are kept for 90 days";

/**
 * Pull requests to the gitops repository by HTTP. Callers need the token: as a bearer token, or as the query parameter
 * `token` if they cannot set headers.
 *
 * - `POST /pullrequests` takes `{repository, revision, image, environment, build?}`, or the payload of CircleCI's
 *   webhook orb. 202 and the record: its task was started. 200 and the record: service, revision and environment were
 *   already posted; `hint` says how to request again. 202 `{reason}`: the build needs no pull request. 502: ECS rejects
 *   the task, and the record has failed. 503: post the same again to continue.
 * - `GET /pullrequests?service=&state=&limit=&next=` answers `{pullRequests, next?}`, newest first.
 * - `GET /pullrequests/{id}` answers the record: `{id, service, environment, revision, image, repository, state,
 *   requestedAt, updatedAt, url?, reason?, cause?, task?, build?}`.
 * - `DELETE /pullrequests/{id}` answers 204; 409 while it is in progress.
 *
 * No answer and no record repeats AWS's messages: they name the log entry that contains them.
 *
 * All other answers are `{reason, field?}`: 400 bad input; 401 no token or a wrong one; 403 a token not valid for this
 * service or image; 404 no such record, or no such overlay, with `Retry-After`; 413 larger than 16 KiB; 415 not JSON;
 * 429 too many tasks in progress, and nothing was recorded; 503 an AWS service is unavailable.
 *
 * Needs:
 * - secretsmanager:GetSecretValue on the secret
 * - dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem on the table
 * - dynamodb:Query on the table's indexes `newest` and `service`
 * - ecs:RunTask on the task definition, every revision (`family:*`), with ecs:cluster the cluster's ARN
 * - iam:PassRole on the task definition's execution and task roles, with iam:PassedToService ecs-tasks.amazonaws.com
 */
export function createPullRequests(options: PullRequestsOptions): (event: PullRequestsRequest) => Promise<Answer> {
  // A post calls Secrets Manager and ECS once, and DynamoDB seven times: within API Gateway's limit of thirty seconds.
  const secrets = new SecretsManagerClient(clientSettings(2, 2));
  const context: Omit<PullRequestsContext, "scope"> = {
    ecs: new ECSClient(clientSettings(2, 4)),
    table: { dynamo: new DynamoDBClient(clientSettings(2, 2)), table: options.table },
    task: options.task,
    circleci: options.circleci,
    concurrentTasks: options.concurrentTasks,
    now: Date.now,
  };
  const secret = cachedSecret(
    () => readSecret(secrets, { secretId: options.secretArn }, "the pull request API's token"),
    Date.now,
  );
  const hint = "send the header Authorization: Bearer <token>, or the query parameter token";
  return async (event) => {
    const { token, ...parameters } = event.queryStringParameters ?? {};
    const given = bearerToken(event.headers.authorization) ?? token;
    const caller = await identifyCaller(given, hint, (it) => scopeOf(secret, options.scopes ?? {}, it));
    return caller.kind === "refused"
      ? caller.answer
      : answerOf({ ...context, scope: caller.identity }, event, parameters);
  };
}

/** @param parameters the query without the token */
function answerOf(
  context: PullRequestsContext,
  event: PullRequestsRequest,
  parameters: Record<string, string | undefined>,
): Promise<Answer> | Answer {
  const id = event.pathParameters?.id ?? "";
  switch (event.routeKey) {
    case "POST /pullrequests":
      return receive(context, event);
    case "GET /pullrequests":
      return list(context, parameters);
    case "GET /pullrequests/{id}":
      return show(context, id);
    case "DELETE /pullrequests/{id}":
      return remove(context, id);
    default:
      return refuse(404, "no such route: use POST or GET /pullrequests, GET or DELETE /pullrequests/{id}");
  }
}

async function receive(context: PullRequestsContext, event: PullRequestsRequest): Promise<Answer> {
  const body = jsonBody(event, BODY_LIMIT);
  if (body.kind === "answered") {
    return body.answer;
  }
  const wanted = readRequest(body.value, context.circleci);
  if (wanted.kind === "refused") {
    return refuseInput(wanted);
  }
  if (wanted.kind === "ignored") {
    const { reason } = wanted;
    log("info", "build ignored", { reason });
    return jsonAnswer(202, { reason });
  }
  const { request } = wanted;
  const beyond = beyondScope(context.scope, request);
  if (beyond !== undefined) {
    return refuse(403, beyond.reason, { field: beyond.field });
  }
  try {
    const outcome = await requestCapped(context, request, context.concurrentTasks);
    if (outcome.kind === "busy") {
      const reason = `${context.concurrentTasks} tasks are running, which is the limit: try again in a minute`;
      return refuse(429, reason, {}, { "retry-after": String(RETRY_AFTER) });
    }
    if (outcome.kind === "missing") {
      const { file, lookedAt, retryAfter } = outcome.overlay;
      const reason = `the gitops repository had no ${file} at ${lookedAt}: add it, then try again in ${retryAfter} seconds`;
      return refuse(404, reason, { field: "environment" }, { "retry-after": String(retryAfter) });
    }
    const { id } = outcome.record;
    switch (outcome.kind) {
      case "started":
        return jsonAnswer(202, viewOf(outcome.record), { location: `/pullrequests/${id}` });
      case "exists":
        log("info", "pull request exists", { id, state: outcome.record.state });
        return jsonAnswer(200, { ...viewOf(outcome.record), hint: hintOf(outcome.record, request) });
      case "refused":
        return refuse(502, outcome.cause, { id });
      case "unclear":
        return refuse(503, `${outcome.cause}: try again`, { id });
    }
  } catch (error) {
    return unavailable("the pull request was not recorded: try again", error);
  }
}

async function list(
  { table, now, scope }: PullRequestsContext,
  parameters: Record<string, string | undefined>,
): Promise<Answer> {
  const wanted = readListing(parameters);
  if (wanted.kind === "refused") {
    return refuseInput(wanted);
  }
  if (scope.services !== undefined && !allowsService(scope, wanted.query.service ?? "")) {
    return refuse(403, `this token can list only one service at a time; allowed: ${scope.services.join(", ")}`, {
      field: "service",
    });
  }
  try {
    const { records, next } = await listRecords(table, wanted.query);
    const current = await Promise.all(records.map((record) => settled(table, record, now())));
    const { state } = wanted.query;
    const shown = current.filter((record) => state === undefined || record.state === state);
    return jsonAnswer(200, { pullRequests: shown.map(viewOf), next: next && encodePlace(next) });
  } catch (error) {
    return unavailable("the records cannot be read: try again", error);
  }
}

async function show({ table, now, scope }: PullRequestsContext, id: string): Promise<Answer> {
  if (!PULL_REQUEST_ID.test(id)) {
    return refuse(404, UNKNOWN, { field: "id" });
  }
  try {
    const record = await readRecord(table, id);
    return record === undefined || !allowsService(scope, record.service)
      ? refuse(404, UNKNOWN, { field: "id" })
      : jsonAnswer(200, viewOf(await settled(table, record, now())));
  } catch (error) {
    return unavailable("the record cannot be read: try again", error);
  }
}

async function remove({ table, now, scope }: PullRequestsContext, id: string): Promise<Answer> {
  if (!PULL_REQUEST_ID.test(id)) {
    return refuse(404, UNKNOWN, { field: "id" });
  }
  try {
    const record = scope.services && (await readRecord(table, id));
    if (record && !allowsService(scope, record.service)) {
      return refuse(404, UNKNOWN, { field: "id" });
    }
    const deletion = await deleteRecord(table, id, now());
    switch (deletion.kind) {
      case "deleted":
        log("info", "pull request's record deleted", { id });
        return { statusCode: 204 };
      case "missing":
        return refuse(404, UNKNOWN, { field: "id" });
      case "underWay": {
        const { state, updatedAt } = deletion.record;
        return refuse(409, `it has been ${state} since ${updatedAt}: delete it when it has ended, or in an hour`, {
          state,
        });
      }
    }
  } catch (error) {
    return unavailable("the record cannot be deleted: try again", error);
  }
}
