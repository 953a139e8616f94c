import * as dynamodb from "@pulumi/aws/dynamodb";
import * as pulumi from "@pulumi/pulumi";
import { createDeployments } from "../../handlers/deploymentRequests";
import { createGeneratedSecret } from "../foundation/generatedSecret";
import type { Api } from "../ingress/httpApi";
import { Callback } from "../lambda/lambdaFunction";
import type { Operations } from "../stackContext";
import { type ImageRepository, registryHost } from "../workload/registry";
import { DEADLINE_MINUTES } from "./deploy";
import type { RecordTable } from "./records";

const PATH = "/deployments";

/** Where deployments and migrations are recorded, and where each deployment holds its application's lock. */
export class DeploymentTable extends pulumi.ComponentResource implements RecordTable {
  readonly tableName: pulumi.Output<string>;
  readonly tableArn: pulumi.Output<string>;

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
  /** Takes a message for each deployment that is asked for. */
  queue: { url: pulumi.Output<string>; arn: pulumi.Output<string> };
}

export interface DeploymentsArgs {
  operations: Operations;
  api: Api;
  table: RecordTable;
  applications: DeployedByHttp[];
}

/** Deployments by HTTP: a version is asked for with a token, and its application's deploy function is told. */
export class Deployments extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  /** The bearer token that every request carries. */
  readonly token: pulumi.Output<string>;

  constructor(name: string, args: DeploymentsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Deployments", name, {}, opts);
    const token = createGeneratedSecret(`${name}-deployment-token`, "Bearer token of deployments by HTTP", {
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
  { operations, table, applications }: DeploymentsArgs,
  secretArn: pulumi.Output<string>,
  parent: pulumi.Resource,
) =>
  new Callback(
    `${name}-deployments`,
    {
      operations,
      factory: createDeployments,
      options: {
        secretArn,
        table: table.tableName,
        deadlineMinutes: DEADLINE_MINUTES,
        registry: registryHost(operations.account),
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
      // API Gateway gives up after thirty.
      timeoutSeconds: 25,
      memory: 256,
    },
    { parent },
  );
