import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECRClient } from "@aws-sdk/client-ecr";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { clientSettings, queueClientSettings } from "../shared/clientSettings";
import { explain } from "../shared/failure";
import { jsonAnswer, refuse, unavailable } from "../shared/http/answer";
import { jsonBody, refuseInput } from "../shared/http/body";
import type { HttpRequest } from "../shared/http/request";
import { bearerToken, requireToken } from "../shared/http/token";
import { digestOf } from "../shared/imageTag";
import {
  acquireLock,
  type DeploymentTable,
  describeHolder,
  type LockHolder,
  lockSeconds,
  readLock,
  releaseLock,
} from "../shared/lock";
import { log } from "../shared/log";
import {
  cancelRecord,
  DEPLOYMENT_ID,
  type DeploymentRecord,
  lapseOf,
  putRecord,
  readRecord,
} from "../shared/records/record";
import { cachedSecret, readSecret } from "../shared/secret";
import { readDeployment } from "./request";

/** An application that can be deployed by HTTP. */
export interface DeployableApplication {
  application: string;
  /** The ECR repository's name. */
  repository: string;
  /** The deploy function's queue. */
  queueUrl: string;
}

export interface DeploymentRequestsOptions {
  /** The Secrets Manager secret with the bearer token that callers send. The whole string is the token. */
  secretArn: string;
  /** The DynamoDB table of locks and records. */
  table: string;
  /** Time limit for a rollout, and again for its rollback. */
  deadlineMinutes: number;
  /** The host of the ECR registry: `<account>.dkr.ecr.<region>.<suffix>`. */
  registry: string;
  applications: DeployableApplication[];
}

/** The fields used from an API Gateway event: HTTP API, payload format 2.0. */
export interface DeploymentRequestsEvent extends HttpRequest {
  /** `POST /deployments` or `GET /deployments/{id}`. */
  routeKey: string;
  pathParameters?: Record<string, string | undefined>;
}

type Answer = APIGatewayProxyStructuredResultV2;

interface DeploymentRequestsContext {
  options: DeploymentRequestsOptions;
  table: DeploymentTable;
  ecr: ECRClient;
  queue: SQSClient;
  /** Milliseconds. */
  now: () => number;
}

/** In bytes. */
const BODY_LIMIT = 8 * 1024;

/**
 * Deployments by HTTP. Callers need the bearer token.
 *
 * `POST /deployments {"application", "version"}` answers 202 and the deployment, which `GET /deployments/{id}` returns:
 * `{id, application, version, image, state, requestedAt, updatedAt, summary?, cause?}`; state is `queued`,
 * `inProgress`, `succeeded` or `failed`. A version is a tag in the application's repository; to roll back, deploy an
 * older one.
 *
 * All other answers are `{reason, field?}`: 400 bad input; 401 no token or a wrong one; 404 no such application,
 * version or deployment; 409 the application is being deployed, with the `deployment` or the pipeline's `execution`;
 * 413 larger than 8 KiB; 415 not JSON; 503 an AWS service is unavailable, and nothing was started.
 *
 * Needs:
 * - secretsmanager:GetSecretValue on the secret
 * - ecr:BatchGetImage on the repositories
 * - dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem on the table
 * - sqs:SendMessage on the queues
 */
export function createDeploymentRequests(
  options: DeploymentRequestsOptions,
): (event: DeploymentRequestsEvent) => Promise<Answer> {
  // Two attempts of two seconds at each service: within API Gateway's limit of thirty seconds.
  const secrets = new SecretsManagerClient(clientSettings(2, 2));
  const context: DeploymentRequestsContext = {
    options,
    table: { dynamo: new DynamoDBClient(clientSettings(2, 2)), table: options.table },
    ecr: new ECRClient(clientSettings(2, 2)),
    queue: new SQSClient(queueClientSettings(2, 2)),
    now: Date.now,
  };
  const secret = cachedSecret(
    () => readSecret(secrets, { secretId: options.secretArn }, "the deployment API's token"),
    Date.now,
  );
  const hint = "send the header Authorization: Bearer <token>";
  return async (event) =>
    (await requireToken(secret, bearerToken(event.headers.authorization), hint)) ?? answerOf(context, event);
}

function answerOf(context: DeploymentRequestsContext, event: DeploymentRequestsEvent): Promise<Answer> | Answer {
  switch (event.routeKey) {
    case "POST /deployments":
      return receive(context, event);
    case "GET /deployments/{id}":
      return show(context, event.pathParameters?.id ?? "");
    default:
      return refuse(404, "no such route: use POST /deployments or GET /deployments/{id}");
  }
}

async function receive(context: DeploymentRequestsContext, event: DeploymentRequestsEvent): Promise<Answer> {
  const body = jsonBody(event, BODY_LIMIT);
  if (body.kind === "answered") {
    return body.answer;
  }
  const wanted = readDeployment(body.value);
  if (wanted.kind === "refused") {
    return refuseInput(wanted);
  }
  const { application, version } = wanted;
  const target = context.options.applications.find((each) => each.application === application);
  if (target === undefined) {
    return refuse(404, "no application with this name is deployed here", { field: "application" });
  }
  try {
    const digest = await digestOf(context.ecr, { repository: target.repository, tag: version });
    return digest === undefined
      ? refuse(404, `repository ${target.repository} has no image ${version}`, { field: "version" })
      : await begin(context, target, version, digest);
  } catch (error) {
    return unavailable(`the deploy of ${application} ${version} was not started: try again`, error);
  }
}

/**
 * Message, record, lock, in this order: if this function dies in between, the message's receiver continues. It waits
 * for the record, and takes the lock itself.
 */
async function begin(
  { options, table, queue, now }: DeploymentRequestsContext,
  { application, repository, queueUrl }: DeployableApplication,
  version: string,
  digest: string,
): Promise<Answer> {
  const seconds = Math.floor(now() / 1_000);
  const requestedAt = new Date(now()).toISOString();
  const record: DeploymentRecord = {
    id: randomUUID(),
    application,
    version,
    image: `${options.registry}/${repository}@${digest}`,
    state: "queued",
    requestedAt,
    updatedAt: requestedAt,
    until: seconds + lockSeconds(options.deadlineMinutes),
    round: 0,
  };
  const { id, until } = record;
  try {
    const busy = await readLock(table, application, seconds);
    if (busy !== undefined) {
      return refuseBusy(application, busy);
    }
    await queue.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify({ id }) }));
    await putRecord(table, record);
    const other = await acquireLock(table, application, { owner: id, by: "deployment", version, until }, seconds);
    if (other !== undefined && (await cancel(table, record))) {
      return refuseBusy(application, other);
    }
  } catch (error) {
    if (await cancel(table, record)) {
      throw error;
    }
  }
  log("info", "deployment request queued", { id, application, version, image: record.image });
  return jsonAnswer(202, viewOf(record), { location: `/deployments/${id}` });
}

/**
 * Deletes what may have been written: a call that failed here may have succeeded at AWS.
 * @returns false if the deploy function has already started the deployment: then it is accepted
 */
async function cancel(table: DeploymentTable, { id, application }: DeploymentRecord): Promise<boolean> {
  try {
    if (!(await cancelRecord(table, id))) {
      return false;
    }
    // In this order: a message sent after all finds no record, while no other deployment can have started.
    await releaseLock(table, application, id);
  } catch (error) {
    // The message's receiver does it within two minutes.
    log("error", "deployment request not cancelled yet", { id, application, cause: explain(error) });
  }
  return true;
}

async function show({ table, now }: DeploymentRequestsContext, id: string): Promise<Answer> {
  const unknown = "there is no deployment request with this id: records are kept for 90 days";
  // Other items in the table must not be accessible.
  if (!DEPLOYMENT_ID.test(id)) {
    return refuse(404, unknown, { field: "id" });
  }
  try {
    const record = await readRecord(table, id);
    if (record === undefined) {
      return refuse(404, unknown, { field: "id" });
    }
    const lapse = lapseOf(record, now());
    return jsonAnswer(200, viewOf(lapse === undefined ? record : { ...record, state: "failed", cause: lapse }));
  } catch (error) {
    return unavailable("the record of the deployment request cannot be read: try again", error);
  }
}

function viewOf(record: DeploymentRecord): object {
  const { id, application, version, image, state, requestedAt, updatedAt, summary, cause } = record;
  return { id, application, version, image, state, requestedAt, updatedAt, summary, cause };
}

function refuseBusy(application: string, holder: LockHolder): Answer {
  return refuse(409, `${application} is being deployed: ${describeHolder(holder)}`, { [holder.by]: holder.owner });
}
