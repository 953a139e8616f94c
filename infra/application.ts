import * as pulumi from "@pulumi/pulumi";
import type { LoadBalancer } from "./ingress/loadBalancer";
import type { Target } from "./ingress/target";
import type { ArchiveTrigger } from "./intake/fetch";
import { type ApplicationPipelineArgs, archiveKey, createApplicationPipeline } from "./pipeline/applicationPipeline";
import { createDeployment, type Deployment } from "./pipeline/deploy";
import type { Pipeline } from "./pipeline/pipeline";
import { Promotion } from "./pipeline/promotion";
import type { ApplicationSettings } from "./settings";
import { OneOffTask } from "./workload/oneOffTask";
import { existingRepository, type ImageRepository, Registry } from "./workload/registry";
import { Service, type ServiceArgs } from "./workload/service";

export interface ApplicationArgs extends ApplicationPipelineArgs {
  /** Environments that take their images from this one's repository. */
  promotesTo: string[];
  /** The load balancer of the web services. Absent in a stack without any. */
  loadBalancer?: LoadBalancer | undefined;
  /** Whether versions can be deployed by HTTP. */
  deployedByHttp: boolean;
}

/** A service, as CloudWatch identifies it. */
export interface MonitoredService {
  /** `<application>/<service>` */
  name: string;
  clusterName: pulumi.Output<string>;
  serviceName: pulumi.Output<string>;
  arn: pulumi.Output<string>;
  /** Whether the program sets the desired count. Otherwise deliveries do. */
  countedByProgram: boolean;
  /** Target group and load balancer of a web service, as CloudWatch identifies them. */
  target?: Target["dimensions"] | undefined;
}

/** One application: its image repository, its services, and the pipeline that delivers images to them. */
export class Application extends pulumi.ComponentResource {
  readonly name: string;
  readonly registry: ImageRepository;
  readonly repositoryUrl: pulumi.Output<string>;
  readonly pipelineName: pulumi.Output<string>;
  readonly pipelineArn: pulumi.Output<string>;
  readonly services: MonitoredService[];
  /** URLs of the web services, by `<application>/<service>`. */
  readonly urls: Record<string, pulumi.Output<string>>;
  /** ARN of each service's task role, by `<application>/<service>`; the one-off task's by `<application>/task`. */
  readonly taskRoles: Record<string, pulumi.Output<string>>;
  /** The tracked branch and what a push to it starts. Undefined if the application promotes images. */
  readonly trigger: ArchiveTrigger | undefined;
  /** Queue for deployment requests. */
  readonly requestQueue: { url: pulumi.Output<string>; arn: pulumi.Output<string> } | undefined;

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Application", name, {}, opts);
    const registry = createRegistry(name, args, this);
    const services = createServices(name, args, registry, this);
    const task = createTask(name, args, registry, this);
    const deployment = createDeploymentOf(name, args, { registry, services }, this);
    const pipeline = createApplicationPipeline(name, args, { registry, services, task, deployment }, this);
    this.trigger = createTrigger(name, args, pipeline, this);
    this.name = name;
    this.registry = registry;
    this.repositoryUrl = registry.repositoryUrl;
    this.pipelineName = pipeline.pipelineName;
    this.pipelineArn = pipeline.arn;
    this.services = services.map((service) => monitored(name, service, args));
    this.urls = Object.fromEntries(
      services.flatMap(({ settings, target }) => (target ? [[`${name}/${settings.name}`, target.url]] : [])),
    );
    this.taskRoles = Object.fromEntries([
      ...services.map(({ settings, taskDefinition }) => [`${name}/${settings.name}`, taskDefinition.taskRoleArn]),
      ...(task ? [[`${name}/task`, task.taskDefinition.taskRoleArn]] : []),
    ]);
    this.requestQueue = deployment?.requestQueue;
    this.registerOutputs({
      repositoryUrl: this.repositoryUrl,
      pipelineName: this.pipelineName,
      urls: this.urls,
      taskRoles: this.taskRoles,
    });
  }
}

/** Promoted images stay in the repository of the previous environment. */
const createRegistry = (
  name: string,
  { stack, promotesTo, settings }: ApplicationArgs,
  parent: pulumi.Resource,
): ImageRepository =>
  "image" in settings.source
    ? existingRepository(stack.account, settings.source.image.repository)
    : new Registry(
        name,
        // Only the gitops repository knows which images a Kubernetes cluster runs.
        { environment: stack.environment, promotesTo, runsElsewhere: settings.deploy === "gitops" },
        { parent },
      );

const createServices = (
  name: string,
  { stack, network, cluster, loadBalancer, settings }: ApplicationArgs,
  registry: ImageRepository,
  parent: pulumi.Resource,
): Service[] =>
  settings.services.map((service) => {
    const fullName = `${name}-${service.name}`;
    const priority = loadBalancer?.priorities.get(fullName);
    const route = loadBalancer === undefined || priority === undefined ? undefined : { loadBalancer, priority };
    const common = {
      stack,
      application: name,
      network,
      cluster,
      registry,
      desiredCountOwner: desiredCountOwner(settings.deploy),
    };
    return new Service(fullName, { ...common, settings: service, route }, { parent });
  });

const createTask = (
  name: string,
  { stack, network, settings }: ApplicationArgs,
  registry: ImageRepository,
  parent: pulumi.Resource,
): OneOffTask | undefined =>
  settings.migrate === undefined && settings.schedules === undefined
    ? undefined
    : new OneOffTask(
        `${name}-task`,
        { stack, application: name, settings: settings.task, network, registry },
        { parent },
      );

const createDeploymentOf = (
  name: string,
  { stack, cluster, settings, table, deployedByHttp: byHttp, deliveredImages }: ApplicationArgs,
  { registry, services }: { registry: ImageRepository; services: Service[] },
  parent: pulumi.Resource,
): Deployment | undefined => {
  if (settings.deploy !== "callback") return undefined;
  if (table === undefined)
    throw new Error(`${name} is deployed by a function, and there is no table to record that in`);
  return createDeployment(
    `${name}-deploy`,
    { stack, application: name, cluster, registry, services, table, byHttp, deliveredImages },
    { parent },
  );
};

/** What starts the pipeline: an archive that fetch has copied, or an image tag that moved. */
function createTrigger(
  name: string,
  { stack, settings, pipelineType }: ApplicationArgs,
  pipeline: Pipeline,
  parent: pulumi.Resource,
): ArchiveTrigger | undefined {
  if ("image" in settings.source) {
    new Promotion(name, { stack, source: settings.source.image, pipeline }, { parent });
    return undefined;
  }
  const branch = { ...settings.source.push, application: name };
  return { branch, key: archiveKey(name), pipeline, overridable: pipelineType === "V2" };
}

const monitored = (
  application: string,
  { settings, serviceName, arn, target }: Service,
  { cluster, settings: { deploy } }: ApplicationArgs,
): MonitoredService => ({
  name: `${application}/${settings.name}`,
  clusterName: cluster.clusterName,
  serviceName,
  arn,
  countedByProgram: desiredCountOwner(deploy) === "program",
  target: target?.dimensions,
});

const desiredCountOwner = (deploy: ApplicationSettings["deploy"]): ServiceArgs["desiredCountOwner"] =>
  deploy === "callback" ? "delivery" : "program";
