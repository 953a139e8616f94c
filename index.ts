import { Alerts } from "./infra/alerts";
import { Application } from "./infra/application";
import { Bucket } from "./infra/bucket";
import { Cluster } from "./infra/cluster";
import { Intake } from "./infra/intake";
import { LoadBalancer } from "./infra/loadBalancer";
import { Network } from "./infra/network";
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

const alerts = new Alerts("slipway", settings.alerts);
const operations: Operations = {
  account: currentAccount(settings.place),
  logRetentionDays: settings.logRetentionDays,
  alarmTopicArn: alerts.topicArn,
};

const network = new Network("slipway", settings.network);
const cluster = new Cluster("slipway");
const web = settings.applications.flatMap(({ name, services }) =>
  services
    .filter(({ port }) => port !== undefined)
    .map((service) => ({ name: `${name}-${service.name}`, hosted: service.hosts !== undefined })),
);
const balancer = web.length === 0 ? undefined : new LoadBalancer("slipway", { network, ...settings.loadBalancer });

const source = new Bucket("slipway-source", { oldVersionDays: 30 });

const applications = settings.applications.map((application): [name: string, application: Application] => [
  application.name,
  new Application(application.name, {
    operations,
    settings: application,
    environment: settings.environment,
    network,
    cluster,
    loadBalancer: balancer,
    priorities: priorities(web),
    source,
    pipelineType: settings.pipelineType,
  }),
]);
const sources = applications.map(([, application]) => application.source);

const intake = new Intake("slipway", {
  operations,
  branches: sources.map(({ branch }) => branch),
  visibilityTimeoutSeconds: VISIBILITY_SECONDS,
});
new Source("slipway", { operations, queueArn: intake.queueArn, bucket: source, sources });

/** The address to give to GitHub, content type application/json, and the secret that goes with it. */
export const webhookUrl = intake.url;
export const webhookSecret = intake.secret;
/** Addresses of the web services, by `<application>/<service>`. */
export const services = Object.fromEntries(applications.flatMap(([, { urls }]) => Object.entries(urls)));
/** The load balancer's DNS name, for the CNAME of each host. None in a stack without web services. */
export const loadBalancer = balancer?.dnsName;
/** ARN of each service's task role, by `<application>/<service>`: attach to it what the application may do in AWS. */
export const taskRoles = Object.fromEntries(applications.flatMap(([, { taskRoles }]) => Object.entries(taskRoles)));
/** Image repositories and pipelines, by application. */
export const repositories = Object.fromEntries(applications.map(([name, { repositoryUrl }]) => [name, repositoryUrl]));
export const pipelines = Object.fromEntries(applications.map(([name, { pipelineName }]) => [name, pipelineName]));
