import * as pulumi from "@pulumi/pulumi";
import { createPullRequests, type PullRequestsOptions } from "../../handlers/pullRequests";
import { scopedToken, type TokenScopes } from "../../handlers/pullRequests/scope";
import { createGeneratedSecret } from "../foundation/generatedSecret";
import type { HttpApi } from "../ingress/httpApi";
import { LambdaFunction } from "../lambda/lambdaFunction";
import type { CircleciSettings, Settings } from "../settings";
import type { StackContext } from "../stackContext";
import type { PullRequestTask } from "./task";

const PATH = "/pullrequests";

export interface PullRequestsArgs {
  stack: StackContext;
  api: HttpApi;
  task: PullRequestTask;
  /** Maximum number of parallel tasks for API callers. */
  concurrentTasks: number;
  /** How to interpret CircleCI's payloads. */
  circleci?: CircleciSettings | undefined;
  /** Tokens that are limited to some services and images, by name. */
  tokens: TokenScopes;
}

interface Parts {
  stack: StackContext;
  api: HttpApi | undefined;
  task: PullRequestTask | undefined;
  settings: Pick<Settings, "pullRequests">;
}

/** HTTP API for pull requests: CI reports its builds, and a task changes the gitops repository. */
export class PullRequests extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  /** The token of requests: as a bearer token, or in the query. */
  readonly token: pulumi.Output<string>;
  /** The tokens that are limited to some services and images, by name. */
  readonly scopedTokens: pulumi.Output<Record<string, string>> | undefined;

  /** @returns `undefined` in a stack without pull requests */
  static from(name: string, { stack, api, task, settings: { pullRequests } }: Parts): PullRequests | undefined {
    return api && task && pullRequests && new PullRequests(name, { stack, api, task, ...pullRequests });
  }

  constructor(name: string, args: PullRequestsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:PullRequests", name, {}, opts);
    const token = createGeneratedSecret(`${name}-token`, "Bearer token of the pull request API", { parent: this });
    args.api.addRoutes(
      name,
      {
        function: createFunction(name, args, token.arn, this),
        routes: {
          [`${name}-post`]: `POST ${PATH}`,
          [`${name}-list`]: `GET ${PATH}`,
          [`${name}-get`]: `GET ${PATH}/{id}`,
          [`${name}-delete`]: `DELETE ${PATH}/{id}`,
        },
        invokedBy: `*${PATH}*`,
      },
      { parent: this },
    );
    this.url = pulumi.interpolate`${args.api.url}${PATH}`;
    this.token = token.value;
    const names = Object.keys(args.tokens);
    this.scopedTokens =
      names.length === 0
        ? undefined
        : token.value.apply((value) => Object.fromEntries(names.map((it) => [it, scopedToken(value, it)])));
    this.registerOutputs({ url: this.url, token: this.token });
  }
}

const createFunction = (
  name: string,
  { stack, task, concurrentTasks, circleci, tokens }: PullRequestsArgs,
  secretArn: pulumi.Output<string>,
  parent: pulumi.Resource,
) =>
  new LambdaFunction<PullRequestsOptions>(
    name,
    {
      stack,
      factory: createPullRequests,
      options: {
        secretArn,
        table: task.table.tableName,
        task: task.options,
        concurrentTasks,
        ...(circleci === undefined ? {} : { circleci }),
        ...(Object.keys(tokens).length === 0 ? {} : { scopes: tokens }),
      },
      statements: [
        { actions: ["secretsmanager:GetSecretValue"], resources: [secretArn] },
        { actions: ["dynamodb:DeleteItem"], resources: [task.table.tableArn] },
        { actions: ["dynamodb:Query"], resources: task.table.indexArns },
        ...task.starting,
      ],
      // API Gateway times out after thirty; the handler's own timeouts add up to nearly as much.
      timeoutSeconds: 29,
      memory: 256,
    },
    { parent },
  );
