import "./infra/compileCache";

import { Application } from "./infra/application";
import { Bucket } from "./infra/foundation/bucket";
import { HttpApi } from "./infra/ingress/httpApi";
import { LoadBalancer } from "./infra/ingress/loadBalancer";
import { Fetch, VISIBILITY_SECONDS } from "./infra/intake/fetch";
import { forgeAccess, forgeAddresses } from "./infra/intake/forges";
import { Poll } from "./infra/intake/poll";
import { PushQueue } from "./infra/intake/pushQueue";
import { Webhook } from "./infra/intake/webhook";
import { Network } from "./infra/network/network";
import { Alerts } from "./infra/observability/alerts";
import { Chat, chatSubscriptions } from "./infra/observability/chat";
import { Dashboard } from "./infra/observability/dashboard";
import { Notices } from "./infra/observability/notices";
import { ScheduledTasks } from "./infra/observability/scheduledTasks";
import { ServiceCheck } from "./infra/observability/serviceCheck";
import { currentAccount } from "./infra/partition";
import { DeliveredImages } from "./infra/pipeline/deliveredImages";
import { DeploymentRequests, DeploymentTable } from "./infra/pipeline/deploymentRequests";
import { protectState } from "./infra/protection";
import { PullRequests } from "./infra/pullRequests/api";
import { PullRequestTask } from "./infra/pullRequests/task";
import { readSettings } from "./infra/settings";
import { trackedBranches } from "./infra/settings/derived";
import type { StackContext } from "./infra/stackContext";
import { Cluster } from "./infra/workload/cluster";

// Pulumi captures a stack trace for every property of every resource (sdk/nodejs/runtime/debuggable.ts), and ts-node
// maps each frame back to TypeScript: a fifth of this program's run time. The remaining frame may be Pulumi's own:
// raise the limit for debugging.
Error.stackTraceLimit = 1;

const settings = readSettings();
if (settings.protect) protectState();

// Shared by all parts
const alerts = new Alerts("slipway", settings.alerts);
const stack: StackContext = {
  account: currentAccount(settings.region),
  environment: settings.environment,
  logRetentionDays: settings.logRetentionDays,
  topicArn: alerts.topicArn,
  monitored: { alarmArns: [], functionNames: [] },
};

// Network
const network = new Network("slipway", { stack, settings: settings.network, ...forgeAddresses(settings) });
const cluster = new Cluster("slipway");
const loadBalancer = LoadBalancer.from("slipway", { stack, network, settings });
const api = HttpApi.from("slipway", { stack, settings });

// Push queue, and the fetch function that copies archives
const tracksBranches = trackedBranches(settings).length > 0;
const pushes = tracksBranches
  ? new PushQueue("slipway", { stack, visibilityTimeoutSeconds: VISIBILITY_SECONDS })
  : undefined;
const archives = tracksBranches ? new Bucket("slipway-archives", { oldVersionDays: 30 }) : undefined;

// Delivery: from an archive or image to running services
const table = DeploymentTable.from("slipway", settings);
const deliveredImages = new DeliveredImages("slipway", stack);
const pullRequestTask = PullRequestTask.from("slipway-gitops-pr", { stack, network, cluster, settings });
const applications = settings.applications.map(
  (application) =>
    new Application(application.name, {
      stack,
      settings: application,
      network,
      cluster,
      loadBalancer,
      archives,
      table,
      deliveredImages,
      pullRequestTask,
      pipelineType: settings.pipelineType,
      promotesTo: settings.promotesTo,
      mirrors: settings,
      deployedByHttp: settings.deploymentApi,
    }),
);

// Pushes arrive by webhook, or by polling branch heads, which also finds pushes that webhooks missed
const triggers = applications.flatMap(({ trigger }) => trigger ?? []);
const fromForges = { stack, pushes, archives, forges: forgeAccess(settings), network: network.functions };
const fetch = Fetch.from("slipway", { ...fromForges, triggers });
Poll.from("slipway", { ...fromForges, fetch, settings });
const webhook = Webhook.from("slipway", { stack, api, pushes, fetch, settings });

// HTTP APIs for people and CI
const deployments = DeploymentRequests.from("slipway", { stack, api, table, applications, settings });
const pullRequests = PullRequests.from("slipway-pull-requests", { stack, api, task: pullRequestTask, settings });
api?.open();

// Notifications
for (const chat of chatSubscriptions(settings.alerts)) new Chat(`slipway-chat-${chat.kind}`, { stack, ...chat });
new Notices("slipway", { stack, applications });
const services = applications.flatMap((application) => application.services);
ServiceCheck.from("slipway", { stack, cluster, services });
ScheduledTasks.from("slipway", { stack, cluster, settings });
new Dashboard("slipway", { stack, services, apiId: api?.apiId, pushQueueName: pushes?.queueName });

// The stack's outputs. `pulumi up` warns about undefined outputs, so outputs of missing parts are omitted.
export = {
  /** By `<forge>/<repository>`: the webhook's URL (content type application/json) and its secret. */
  ...(webhook && { webhookUrls: webhook.urls, webhookSecrets: webhook.secrets }),
  /** URL to deploy versions by HTTP, and its bearer token. */
  ...(deployments && { deploymentsUrl: deployments.url, deploymentToken: deployments.token }),
  /** URL where CI requests pull requests, its token, and the tokens for particular services, by name. */
  ...(pullRequests && {
    pullRequestsUrl: pullRequests.url,
    pullRequestsToken: pullRequests.token,
    ...(pullRequests.scopedTokens && { pullRequestsTokens: pullRequests.scopedTokens }),
  }),
  /** IP address that forges and their firewalls see, and the instance's role, for the boot hook's permissions. */
  ...(network.natInstance && {
    natInstance: { publicIp: network.natInstance.publicIp, role: network.natInstance.roleArn },
  }),
  /** URLs of the web services, by `<application>/<service>`. */
  services: Object.fromEntries(applications.flatMap(({ urls }) => Object.entries(urls))),
  /** The load balancer's DNS name, for each host's CNAME. Absent in a stack without web services. */
  ...(loadBalancer && { loadBalancer: loadBalancer.dnsName }),
  /**
   * ARNs of task roles: of services by `<application>/<service>`, of one-off tasks by `<application>/task`. Attach the
   * application's AWS permissions to them.
   */
  taskRoles: Object.fromEntries(applications.flatMap(({ taskRoles }) => Object.entries(taskRoles))),
  /** Image repositories and pipelines, by application. */
  repositories: Object.fromEntries(applications.map(({ name, repositoryUrl }) => [name, repositoryUrl])),
  pipelines: Object.fromEntries(applications.map(({ name, pipelineName }) => [name, pipelineName])),
};
