import * as pulumi from "@pulumi/pulumi";
import { type Forge, repositoryKey, type TrackedBranch } from "../../handlers/shared/forge";
import { createWebhook } from "../../handlers/webhook";
import { createGeneratedSecrets, type GeneratedSecrets } from "../foundation/generatedSecret";
import type { HttpApi } from "../ingress/httpApi";
import { LambdaFunction } from "../lambda/lambdaFunction";
import type { Settings } from "../settings";
import { takesWebhooks, trackedBranches } from "../settings/derived";
import type { StackContext } from "../stackContext";
import type { Fetch } from "./fetch";
import { forgesOf } from "./forges";
import type { PushQueue } from "./pushQueue";

const PATH = "/webhooks";

export interface WebhookArgs {
  stack: StackContext;
  api: HttpApi;
  pushes: PushQueue;
  /** Repositories that send webhooks. A repository with several branches may be repeated. */
  repositories: Pick<TrackedBranch, "forge" | "repository">[];
  /** Branches whose pushes are enqueued. */
  branches: pulumi.Output<TrackedBranch[]>;
}

interface Parts {
  stack: StackContext;
  api: HttpApi | undefined;
  pushes: PushQueue | undefined;
  fetch: Fetch | undefined;
  settings: Settings;
}

/** Receives webhooks, verifies them, and enqueues pushes to tracked branches. */
export class Webhook extends pulumi.ComponentResource {
  /** The URL to configure at the forge, by `<forge>/<repository>`. */
  readonly urls: Record<string, pulumi.Output<string>>;
  /** The secret to configure at the forge, by `<forge>/<repository>`. */
  readonly secrets: Record<string, pulumi.Output<string>>;

  /** @returns `undefined` in a stack without webhooks */
  static from(name: string, { stack, api, pushes, fetch, settings }: Parts): Webhook | undefined {
    const { branches } = fetch ?? {};
    return api && pushes && branches && takesWebhooks(settings)
      ? new Webhook(name, { stack, api, pushes, repositories: trackedBranches(settings), branches })
      : undefined;
  }

  constructor(name: string, args: WebhookArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Webhook", name, {}, opts);
    const { api, repositories } = args;
    const keys = [...new Set(repositories.map(repositoryKey))];
    // Repository administrators can see the webhook's secret. With one secret each, they cannot forge others' webhooks.
    const secrets = createGeneratedSecrets(`${name}-webhooks`, "Webhook secrets, by repository", keys, {
      parent: this,
    });
    const webhook = createFunction(name, args, secrets, this);
    api.addRoutes(
      `${name}-webhook`,
      {
        function: webhook,
        routes: Object.fromEntries(forgesOf(repositories).map((forge) => [`${name}-webhook-${forge}`, routeOf(forge)])),
        invokedBy: `POST${PATH}/*`,
      },
      { parent: this },
    );
    this.urls = Object.fromEntries(keys.map((key) => [key, pulumi.interpolate`${api.url}${PATH}/${key}`]));
    this.secrets = secrets.values;
    this.registerOutputs({ urls: this.urls, secrets: this.secrets });
  }
}

// An API is limited to 300 routes, and each route change is a deployment, so the function gets the repository from the
// path. The parameter is greedy because GitLab's groups can be nested.
const routeOf = (forge: Forge) => `POST ${PATH}/${forge}/{repository+}`;

const createFunction = (
  name: string,
  { stack, pushes, branches }: WebhookArgs,
  secrets: GeneratedSecrets,
  parent: pulumi.Resource,
) =>
  new LambdaFunction(
    `${name}-webhook`,
    {
      stack,
      factory: createWebhook,
      options: { secretArn: secrets.arn, queueUrl: pushes.url, sources: branches },
      statements: [
        { actions: ["secretsmanager:GetSecretValue"], resources: [secrets.arn] },
        { actions: ["sqs:SendMessage"], resources: [pushes.arn] },
      ],
      // GitHub, Bitbucket and GitLab time out after ten.
      timeoutSeconds: 9,
      memory: 256,
    },
    { parent },
  );
