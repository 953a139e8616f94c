import * as dynamodb from "@pulumi/aws/dynamodb";
import * as pulumi from "@pulumi/pulumi";
import { createDeploymentRequests } from "../../handlers/deploymentRequests";
import { createGeneratedSecret } from "../foundation/generatedSecret";
import type { HttpApi } from "../ingress/httpApi";
import { LambdaFunction } from "../lambda/lambdaFunction";
import type { Settings } from "../settings";
import { isRecorded } from "../settings/derived";
import type { StackContext } from "../stackContext";
import { type ImageRepository, registryHost } from "../workload/registry";
import { DEADLINE_MINUTES } from "./deploy";
import type { RecordTable } from "./records";

const PATH = "/deployments";

/** Table of deployments and migrations, and of the applications' locks. */
export class DeploymentTable extends pulumi.ComponentResource implements RecordTable {
  readonly tableName: pulumi.Output<string>;
  readonly tableArn: pulumi.Output<string>;

  /** @returns `undefined` in a stack whose pipelines record nothing */
  static from(name: string, { applications }: Pick<Settings, "applications">): DeploymentTable | undefined {
    return applications.some(isRecorded) ? new DeploymentTable(name) : undefined;
  }

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:DeploymentTable", name, {}, opts);
    const table = new dynamodb.Table(
      `${name}-deployments`,
      {
        billingMode: "PAY_PER_REQUEST",
        hashKey: "id",
        attributes: [{ name: "id", type: "S" }],
        ttl: { attributeName: "expires", enabled: true },
        pointInTimeRecovery: { enabled: true },
      },
      { parent: this },
    );
    this.tableName = table.name;
    this.tableArn = table.arn;
    this.registerOutputs({ tableName: this.tableName, tableArn: this.tableArn });
  }
}

/** An application whose versions can be deployed by HTTP. */
export interface DeployedByHttp {
  application: string;
  registry: ImageRepository;
  /** Queue with a message for each deployment request. */
  queue: { url: pulumi.Output<string>; arn: pulumi.Output<string> };
}

export interface DeploymentRequestsArgs {
  stack: StackContext;
  api: HttpApi;
  table: RecordTable;
  applications: DeployedByHttp[];
}

interface Parts {
  stack: StackContext;
  api: HttpApi | undefined;
  table: RecordTable | undefined;
  applications: { name: string; registry: ImageRepository; requestQueue: DeployedByHttp["queue"] | undefined }[];
  settings: Pick<Settings, "deploymentApi">;
}

/** Deployments by HTTP: checks a request's token and sends a message to the application's deploy function. */
export class DeploymentRequests extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  /** The bearer token of requests. */
  readonly token: pulumi.Output<string>;

  /** @returns `undefined` in a stack without deployments by HTTP */
  static from(name: string, { stack, api, table, applications, settings }: Parts): DeploymentRequests | undefined {
    const takingRequests = applications.flatMap(({ name: application, registry, requestQueue: queue }) =>
      queue === undefined ? [] : [{ application, registry, queue }],
    );
    return api && table && settings.deploymentApi
      ? new DeploymentRequests(name, { stack, api, table, applications: takingRequests })
      : undefined;
  }

  constructor(name: string, args: DeploymentRequestsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:DeploymentRequests", name, {}, opts);
    const token = createGeneratedSecret(`${name}-deployment-token`, "Bearer token of the deployment API", {
      parent: this,
    });
    const answer = createFunction(name, args, token.arn, this);
    args.api.addRoutes(
      `${name}-deployments`,
      {
        function: answer,
        routes: { [`${name}-deployments`]: `POST ${PATH}`, [`${name}-deployments-2`]: `GET ${PATH}/{id}` },
        invokedBy: `*${PATH}*`,
      },
      { parent: this },
    );
    this.url = pulumi.interpolate`${args.api.url}${PATH}`;
    this.token = token.value;
    this.registerOutputs({ url: this.url, token: this.token });
  }
}

const createFunction = (
  name: string,
  { stack, table, applications }: DeploymentRequestsArgs,
  secretArn: pulumi.Output<string>,
  parent: pulumi.Resource,
) =>
  new LambdaFunction(
    `${name}-deployments`,
    {
      stack,
      factory: createDeploymentRequests,
      options: {
        secretArn,
        table: table.tableName,
        deadlineMinutes: DEADLINE_MINUTES,
        registry: registryHost(stack.account),
        applications: applications.map(({ application, registry, queue }) => ({
          application,
          repository: registry.repositoryName,
          queueUrl: queue.url,
        })),
      },
      statements: [
        { actions: ["secretsmanager:GetSecretValue"], resources: [secretArn] },
        {
          actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
          resources: [table.tableArn],
        },
        { actions: ["ecr:BatchGetImage"], resources: applications.map(({ registry }) => registry.arn) },
        { actions: ["sqs:SendMessage"], resources: applications.map(({ queue }) => queue.arn) },
      ],
      // API Gateway times out after thirty.
      timeoutSeconds: 25,
      memory: 256,
    },
    { parent },
  );
