import * as pulumi from "@pulumi/pulumi";
import type { Forge, TrackedBranch } from "../handlers/forge";
import { createWebhook } from "../handlers/webhook";
import type { Api } from "./api";
import { Callback } from "./callback";
import { createGeneratedSecret, type GeneratedSecret } from "./generatedSecret";
import type { PushQueue } from "./intake";
import type { Operations } from "./operations";

const PATH = "/webhooks";

export interface WebhookArgs {
  operations: Operations;
  api: Api;
  queue: PushQueue;
  /** The forges that deliver. */
  forges: Forge[];
  /** Branches whose pushes are passed on. */
  branches: pulumi.Output<TrackedBranch[]>;
}

/** The way in where forges tell of pushes: each one to a tracked branch is verified and put on the queue. */
export class Webhook extends pulumi.ComponentResource {
  /** The address to give to each forge. */
  readonly urls: Record<string, pulumi.Output<string>>;
  /** The secret to give to each forge. */
  readonly secrets: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: WebhookArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Webhook", name, {}, opts);
    const { api, forges } = args;
    const doors = forges.map((forge) => createDoor(name, forge, this));
    const webhook = createFunction(name, args, doors, this);
    const routes = doors.map(({ forge }) => [`${name}-webhook-${forge}`, `POST ${PATH}/${forge}`]);
    api.addRoutes(
      `${name}-webhook`,
      { function: webhook, routes: Object.fromEntries(routes), invokedBy: `POST${PATH}/*` },
      { parent: this },
    );
    this.urls = Object.fromEntries(doors.map(({ forge }) => [forge, pulumi.interpolate`${api.url}${PATH}/${forge}`]));
    this.secrets = Object.fromEntries(doors.map(({ forge, secret }) => [forge, secret.value]));
    this.registerOutputs({ urls: this.urls, secrets: this.secrets });
  }
}

/** Where one forge comes in. */
interface Door {
  forge: Forge;
  secret: GeneratedSecret;
}

// Each forge has its own: some sign with it, others send it as it is.
const createDoor = (name: string, forge: Forge, parent: pulumi.Resource): Door => ({
  forge,
  secret: createGeneratedSecret(`${name}-webhook-${forge}`, `Proves what ${forge} sends to the webhook`, { parent }),
});

const createFunction = (
  name: string,
  { operations, queue, branches }: WebhookArgs,
  doors: Door[],
  parent: pulumi.Resource,
) =>
  new Callback(
    `${name}-webhook`,
    {
      operations,
      factory: createWebhook,
      options: {
        secrets: Object.fromEntries(doors.map(({ forge, secret }) => [forge, secret.arn])),
        queueUrl: queue.url,
        sources: branches,
      },
      statements: [
        { actions: ["secretsmanager:GetSecretValue"], resources: doors.map(({ secret }) => secret.arn) },
        { actions: ["sqs:SendMessage"], resources: [queue.arn] },
      ],
      // GitHub, Bitbucket and GitLab give up after ten.
      timeoutSeconds: 9,
      memory: 256,
    },
    { parent },
  );
