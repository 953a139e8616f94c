import { Application } from "./infra/application";
import { Bucket } from "./infra/foundation/bucket";
import { Api } from "./infra/ingress/httpApi";
import { LoadBalancer } from "./infra/ingress/loadBalancer";
import { priorities } from "./infra/ingress/priorities";
import { Source, VISIBILITY_SECONDS } from "./infra/intake/fetch";
import { accessTo, forgesOf, forgeUrl } from "./infra/intake/forges";
import { Poll } from "./infra/intake/poll";
import { Intake } from "./infra/intake/pushQueue";
import { Webhook } from "./infra/intake/webhook";
import { Network } from "./infra/network/network";
import { Alerts } from "./infra/observability/alerts";
import { Chat, toldChats } from "./infra/observability/chat";
import { Dashboard } from "./infra/observability/dashboard";
import { Notices } from "./infra/observability/notices";
import { ScheduledTasks } from "./infra/observability/scheduledTasks";
import { ServiceCheck } from "./infra/observability/serviceCheck";
import { currentAccount } from "./infra/partition";
import { DeliveredImages } from "./infra/pipeline/deliveredImages";
import { Deployments, DeploymentTable } from "./infra/pipeline/deploymentRequests";
import { PullRequests } from "./infra/pullRequests/api";
import { PullRequestTable } from "./infra/pullRequests/table";
import { PullRequestTask } from "./infra/pullRequests/task";
import { readSettings } from "./infra/settings";
import type { Operations } from "./infra/stackContext";
import { Cluster } from "./infra/workload/cluster";

// Pulumi takes a stack trace for every property of every resource (sdk/nodejs/runtime/debuggable.ts), and ts-node maps
// each frame back to TypeScript: a fifth of what this program takes. The one frame that is left can be Pulumi's own: raise
// the limit to look for a fault.
Error.stackTraceLimit = 1;

const settings = readSettings();
const { promotesTo, pipelineType } = settings;

const alerts = new Alerts("slipway", settings.alerts);
const operations: Operations = {
  account: currentAccount(settings.place),
  environment: settings.environment,
  logRetentionDays: settings.logRetentionDays,
  topicArn: alerts.topicArn,
  observed: { alarmArns: [], functionNames: [] },
};
for (const chat of toldChats(settings.alerts)) new Chat(`slipway-chat-${chat.kind}`, { operations, ...chat });

const pushes = settings.applications.flatMap(({ source }) => ("push" in source ? source.push : []));
const forges = forgesOf(pushes);
const network = new Network("slipway", {
  operations,
  settings: settings.network,
  forges: forges.map((forge) => forgeUrl(forge, settings.forges)),
  probe: forgeUrl(settings.pullRequests ? "github" : (forges[0] ?? "github"), settings.forges),
});
const cluster = new Cluster("slipway");
const web = settings.applications.flatMap(({ name, services }) =>
  services
    .filter(({ port }) => port !== undefined)
    .map((service) => ({ name: `${name}-${service.name}`, hosted: service.hosts !== undefined })),
);
const balancer =
  web.length === 0 ? undefined : new LoadBalancer("slipway", { operations, network, ...settings.loadBalancer });

const archives = pushes.length > 0 ? new Bucket("slipway-source", { oldVersionDays: 30 }) : undefined;
const isRecorded = settings.applications.some(({ deploy, migrate }) => deploy === "callback" || migrate !== undefined);
const table = isRecorded ? new DeploymentTable("slipway") : undefined;
const pullRequestTask =
  settings.pullRequests &&
  new PullRequestTask("slipway-gitops-pr", {
    operations,
    settings: settings.pullRequests,
    forges: settings.forges,
    mirrors: settings,
    network,
    cluster,
    table: new PullRequestTable("slipway"),
  });

const deliveredImages = new DeliveredImages("slipway", operations);
const applications = settings.applications.map((application): [name: string, application: Application] => [
  application.name,
  new Application(application.name, {
    operations,
    settings: application,
    promotesTo,
    network,
    cluster,
    loadBalancer: balancer,
    priorities: priorities(web),
    source: archives,
    pipelineType,
    deliveredImages,
    mirrors: settings,
    table,
    deployedByHttp: settings.deploymentApi,
    pullRequestTask,
  }),
]);

const takesWebhooks = archives !== undefined && settings.intake === "webhook";
const isCalled = takesWebhooks || settings.deploymentApi || settings.pullRequests !== undefined;
const api = isCalled ? new Api("slipway", { operations, origins: settings.pullRequests?.origins }) : undefined;
const sources = applications.flatMap(([, { source }]) => source ?? []);
const reaching = { forges: accessTo(forges, settings.forges), network: network.functions };
const intake = archives && new Intake("slipway", { operations, visibilityTimeoutSeconds: VISIBILITY_SECONDS });
const source =
  archives && intake && new Source("slipway", { operations, intake, bucket: archives, sources, ...reaching });
if (archives && intake && source)
  new Poll("slipway", {
    operations,
    queue: intake.queue,
    bucket: archives,
    archives: source.archives,
    // With webhooks, it only has to find what they missed.
    everyMinutes: takesWebhooks ? 5 : 1,
    ...reaching,
  });
const webhook =
  api && intake && source && takesWebhooks
    ? new Webhook("slipway", { operations, api, queue: intake.queue, repositories: pushes, branches: source.branches })
    : undefined;
const deployments =
  api && table && settings.deploymentApi
    ? new Deployments("slipway", {
        operations,
        api,
        table,
        applications: applications.flatMap(([application, { registry, requestQueue: queue }]) =>
          queue === undefined ? [] : [{ application, registry, queue }],
        ),
      })
    : undefined;
const pullRequests =
  api &&
  pullRequestTask &&
  settings.pullRequests &&
  new PullRequests("slipway-pull-requests", {
    operations,
    api,
    task: pullRequestTask,
    concurrentTasks: settings.pullRequests.concurrentTasks,
    circleci: settings.pullRequests.circleci,
    tokens: settings.pullRequests.tokens,
  });

api?.open();

new Notices("slipway", {
  operations,
  pipelines: applications.map(([application, { pipelineName, pipelineArn: arn }]) => ({
    application,
    pipelineName,
    arn,
  })),
});
const services = applications.flatMap(([, application]) => application.services);
if (services.length > 0) new ServiceCheck("slipway", { operations, cluster, services });
const scheduled = settings.applications.filter(({ schedules }) => schedules !== undefined).map(({ name }) => name);
if (scheduled.length > 0) new ScheduledTasks("slipway", { operations, cluster, applications: scheduled });
new Dashboard("slipway", {
  operations,
  services,
  apiId: api?.apiId,
  pushQueueName: intake?.queueName,
});

// The stack's outputs. One that is undefined would be warned of on every `pulumi up`: what a stack does not have is left out.
export = {
  /** By `<forge>/<repository>`, the address of its webhook, content type application/json, and the secret that goes with it. */
  ...(webhook && { webhookUrls: webhook.urls, webhookSecrets: webhook.secrets }),
  /** Where versions are deployed by HTTP, and the bearer token that goes with it. */
  ...(deployments && { deploymentsUrl: deployments.url, deploymentToken: deployments.token }),
  /** Where CI asks for pull requests, the token that goes with it, and by name those that are for some services only. */
  ...(pullRequests && {
    pullRequestsUrl: pullRequests.url,
    pullRequestsToken: pullRequests.token,
    ...(pullRequests.scopedTokens && { pullRequestsTokens: pullRequests.scopedTokens }),
  }),
  /** The address that forges and their firewalls see, and the role to attach to what the instance's boot hook may do. */
  ...(network.natInstance && {
    natInstance: { publicIp: network.natInstance.publicIp, role: network.natInstance.roleArn },
  }),
  /** Addresses of the web services, by `<application>/<service>`. */
  services: Object.fromEntries(applications.flatMap(([, { urls }]) => Object.entries(urls))),
  /** The load balancer's DNS name, for the CNAME of each host. None in a stack without web services. */
  ...(balancer && { loadBalancer: balancer.dnsName }),
  /**
   * ARN of each service's task role, by `<application>/<service>`, and of the one-off tasks', by `<application>/task`: attach
   * to it what the application may do in AWS.
   */
  taskRoles: Object.fromEntries(applications.flatMap(([, { taskRoles }]) => Object.entries(taskRoles))),
  /** Image repositories and pipelines, by application. */
  repositories: Object.fromEntries(applications.map(([name, { repositoryUrl }]) => [name, repositoryUrl])),
  pipelines: Object.fromEntries(applications.map(([name, { pipelineName }]) => [name, pipelineName])),
};
