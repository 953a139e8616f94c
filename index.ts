import { Alerts } from "./infra/alerts";
import { Api } from "./infra/api";
import { Application } from "./infra/application";
import { Bucket } from "./infra/bucket";
import { Chat, toldChats } from "./infra/chat";
import { Cluster } from "./infra/cluster";
import { Dashboard } from "./infra/dashboard";
import { Deployments, DeploymentTable } from "./infra/deployments";
import { Intake } from "./infra/intake";
import { LoadBalancer } from "./infra/loadBalancer";
import { Network } from "./infra/network";
import { Notices } from "./infra/notices";
import type { Operations } from "./infra/operations";
import { currentAccount } from "./infra/partition";
import { priorities } from "./infra/priorities";
import { readSettings } from "./infra/settings";
import { Source, VISIBILITY_SECONDS } from "./infra/source";

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

const network = new Network("slipway", settings.network);
const cluster = new Cluster("slipway");
const web = settings.applications.flatMap(({ name, services }) =>
  services
    .filter(({ port }) => port !== undefined)
    .map((service) => ({ name: `${name}-${service.name}`, hosted: service.hosts !== undefined })),
);
const balancer = web.length === 0 ? undefined : new LoadBalancer("slipway", { network, ...settings.loadBalancer });

const takesPushes = settings.applications.some(({ source }) => "push" in source);
const archives = takesPushes ? new Bucket("slipway-source", { oldVersionDays: 30 }) : undefined;
const table = settings.deploymentApi ? new DeploymentTable("slipway") : undefined;

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
    requests: table,
  }),
]);

const api = takesPushes || settings.deploymentApi ? new Api("slipway", { operations }) : undefined;
const sources = applications.flatMap(([, { source }]) => source ?? []);
const intake =
  api && archives
    ? new Intake("slipway", {
        operations,
        api,
        branches: sources.map(({ branch }) => branch),
        visibilityTimeoutSeconds: VISIBILITY_SECONDS,
      })
    : undefined;
if (intake && archives) new Source("slipway", { operations, queueArn: intake.queueArn, bucket: archives, sources });
const deployments =
  api && table
    ? new Deployments("slipway", {
        operations,
        api,
        table,
        applications: applications.flatMap(([application, { registry, requestQueue: queue }]) =>
          queue === undefined ? [] : [{ application, registry, queue }],
        ),
      })
    : undefined;

new Notices("slipway", {
  operations,
  pipelines: applications.map(([application, { pipelineName, pipelineArn: arn }]) => ({
    application,
    pipelineName,
    arn,
  })),
});
new Dashboard("slipway", {
  operations,
  services: applications.flatMap(([, { services }]) => services),
  apiId: api?.apiId,
  pushQueueName: intake?.queueName,
});

// The stack's outputs. One that is undefined would be warned of on every `pulumi up`: what a stack does not have is left out.
export = {
  /** The address to give to GitHub, content type application/json, and the secret that goes with it. */
  ...(intake && { webhookUrl: intake.url, webhookSecret: intake.secret }),
  /** Where versions are deployed by HTTP, and the bearer token that goes with it. */
  ...(deployments && { deploymentsUrl: deployments.url, deploymentToken: deployments.token }),
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
