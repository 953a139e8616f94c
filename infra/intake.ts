import * as apigatewayv2 from "@pulumi/aws/apigatewayv2";
import * as lambda from "@pulumi/aws/lambda";
import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as sqs from "@pulumi/aws/sqs";
import * as pulumi from "@pulumi/pulumi";
import { createWebhook, type TrackedBranch, type WebhookOptions } from "../handlers/webhook";
import { createAlarm } from "./alerts";
import { Callback } from "./callback";
import { createLogGroup } from "./logGroup";
import type { Operations } from "./operations";

/** The path that GitHub is told. */
const PATH = "/webhooks/github";

export interface IntakeArgs {
  operations: Operations;
  /** Branches whose pushes are passed on. */
  branches: TrackedBranch[];
  /** Seconds that who receives a message has before it is handed out again. */
  visibilityTimeoutSeconds: number;
}

/** The way in: GitHub's webhook is verified, and each push to a tracked branch becomes a message on a FIFO queue. */
export class Intake extends pulumi.ComponentResource {
  /** The address to give to GitHub. */
  readonly url: pulumi.Output<string>;
  /** The secret to give to GitHub. */
  readonly secret: pulumi.Output<string>;
  readonly queueArn: pulumi.Output<string>;

  constructor(name: string, args: IntakeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Intake", name, {}, opts);
    const secret = createSecret(name, this);
    const queue = createQueue(name, args, this);
    const webhook = createFunction(name, args, secret, queue, this);
    const api = createApi(name, webhook, args, this);
    this.url = pulumi.interpolate`${api.apiEndpoint}${PATH}`;
    this.secret = secret.value;
    this.queueArn = queue.arn;
    this.registerOutputs({ url: this.url, secret: this.secret, queueArn: this.queueArn });
  }
}

interface GeneratedSecret {
  arn: pulumi.Output<string>;
  value: pulumi.Output<string>;
}

function createSecret(name: string, parent: pulumi.Resource): GeneratedSecret {
  const secret = new secretsmanager.Secret(
    `${name}-webhook-secret`,
    { description: "Signs what GitHub sends to the webhook" },
    { parent },
  );
  const generated = secretsmanager.getRandomPasswordOutput({ passwordLength: 40, excludePunctuation: true });
  const version = new secretsmanager.SecretVersion(
    `${name}-webhook-secret`,
    {
      secretId: secret.id,
      secretString: pulumi.secret(generated.randomPassword),
      // AWS deletes versions without a label, and a rotation takes AWSCURRENT away: with one of its own, Pulumi finds
      // its version again, and does not put a new value over the rotated one.
      versionStages: ["AWSCURRENT", "slipway"],
    },
    // Every evaluation of the program generates another value; the first is kept. A rotation moves the labels.
    { parent, ignoreChanges: ["secretString", "versionStages"], additionalSecretOutputs: ["secretString"] },
  );
  // Known once there is a value to read.
  const arn = pulumi.all([secret.arn, version.id]).apply(([known]) => known);
  // What the webhook verifies with: the version that Pulumi made, or what it was rotated to since.
  const current = secretsmanager.getSecretVersionOutput({ secretId: arn });
  return { arn, value: pulumi.secret(current.apply(({ secretString }) => secretString || noValue(name))) };
}

function noValue(name: string): never {
  throw new pulumi.RunError(`${name}-webhook-secret: the secret's current version has no text; put one there`);
}

function createQueue(name: string, args: IntakeArgs, parent: pulumi.Resource): sqs.Queue {
  // Dead letters of a FIFO queue go to a FIFO queue.
  const deadLetters = new sqs.Queue(
    `${name}-dead-letters`,
    { fifoQueue: true, messageRetentionSeconds: DAYS_14, sqsManagedSseEnabled: true },
    { parent },
  );
  createAlarm(
    `${name}-dead-letters`,
    {
      description: "A push could not be fetched after all retries: see the log group of fetch, then redrive the queue.",
      namespace: "AWS/SQS",
      metric: "ApproximateNumberOfMessagesVisible",
      statistic: "Maximum",
      dimensions: { QueueName: deadLetters.name },
      topicArn: args.operations.alarmTopicArn,
    },
    { parent },
  );
  return new sqs.Queue(
    `${name}-pushes`,
    {
      fifoQueue: true,
      visibilityTimeoutSeconds: args.visibilityTimeoutSeconds,
      messageRetentionSeconds: DAYS_14,
      redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 5 }),
      sqsManagedSseEnabled: true,
    },
    { parent },
  );
}

/** The longest that SQS keeps a message. */
const DAYS_14 = 14 * 24 * 60 * 60;

const createFunction = (
  name: string,
  args: IntakeArgs,
  secret: GeneratedSecret,
  queue: sqs.Queue,
  parent: pulumi.Resource,
) =>
  new Callback(
    `${name}-webhook`,
    {
      operations: args.operations,
      factory: createWebhook,
      options: { secretArn: secret.arn, queueUrl: queue.url, sources: args.branches },
      statements: [
        { actions: ["secretsmanager:GetSecretValue"], resources: [secret.arn] },
        { actions: ["sqs:SendMessage"], resources: [queue.arn] },
      ],
      // GitHub gives up after ten.
      timeoutSeconds: 9,
      memory: 256,
    },
    { parent },
  );

function createApi(
  name: string,
  webhook: Callback<WebhookOptions>,
  args: IntakeArgs,
  parent: pulumi.Resource,
): apigatewayv2.Api {
  const api = new apigatewayv2.Api(`${name}-api`, { protocolType: "HTTP" }, { parent });
  const integration = new apigatewayv2.Integration(
    `${name}-webhook`,
    { apiId: api.id, integrationType: "AWS_PROXY", integrationUri: webhook.arn, payloadFormatVersion: "2.0" },
    { parent },
  );
  new apigatewayv2.Route(
    `${name}-webhook`,
    { apiId: api.id, routeKey: `POST ${PATH}`, target: pulumi.interpolate`integrations/${integration.id}` },
    { parent },
  );
  new lambda.Permission(
    `${name}-webhook`,
    {
      action: "lambda:InvokeFunction",
      function: webhook.functionName,
      principal: args.operations.account.servicePrincipal("apigateway"),
      sourceArn: pulumi.interpolate`${api.executionArn}/*/POST${PATH}`,
    },
    { parent },
  );
  createStage(name, api, args, parent);
  return api;
}

function createStage(name: string, api: apigatewayv2.Api, args: IntakeArgs, parent: pulumi.Resource): void {
  const logGroup = createLogGroup(`${name}-api-logs`, args.operations.logRetentionDays, { parent });
  new apigatewayv2.Stage(
    `${name}-api`,
    {
      apiId: api.id,
      // The stage that has no part in the path.
      name: "$default",
      autoDeploy: true,
      // Requests a second, over all callers: far more than an organisation pushes, far less than a flood.
      defaultRouteSettings: { throttlingRateLimit: 20, throttlingBurstLimit: 40 },
      accessLogSettings: { destinationArn: logGroup.arn, format: JSON.stringify(ACCESS_LOG) },
    },
    { parent },
  );
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
const ACCESS_LOG = {
  requestId: "$context.requestId",
  ip: "$context.identity.sourceIp",
  time: "$context.requestTime",
  route: "$context.routeKey",
  status: "$context.status",
  error: "$context.integrationErrorMessage",
};
