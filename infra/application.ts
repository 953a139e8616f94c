import * as pulumi from "@pulumi/pulumi";
import { Bucket } from "./bucket";
import { Build } from "./build";
import type { Cluster } from "./cluster";
import { createDeployFunction, createTagFunction, type DeployedService } from "./delivery";
import type { LoadBalancer } from "./loadBalancer";
import type { Network } from "./network";
import type { Operations } from "./operations";
import type { PipelineType } from "./partition";
import { Pipeline } from "./pipeline";
import { Registry } from "./registry";
import { Service } from "./service";
import type { ApplicationSettings } from "./settings";
import type { DeliveredSource } from "./source";

export interface ApplicationArgs {
  operations: Operations;
  settings: ApplicationSettings;
  /** Name of the environment. */
  environment: string;
  network: Network;
  cluster: Cluster;
  /** Leads to the web services. Left out where the stack has none. */
  loadBalancer?: LoadBalancer | undefined;
  /** Priority of each web service's listener rule, by `<application>-<service>`. */
  priorities: Map<string, number>;
  /** Where archives are fetched to. */
  source: Bucket;
  pipelineType: PipelineType;
}

/** One application: its repository of images, its services, and the pipeline that brings the one to the other. */
export class Application extends pulumi.ComponentResource {
  readonly repositoryUrl: pulumi.Output<string>;
  readonly pipelineName: pulumi.Output<string>;
  /** Addresses of the web services, by `<application>/<service>`. */
  readonly urls: Record<string, pulumi.Output<string>>;
  /** ARN of the role that each service's tasks have, by `<application>/<service>`. */
  readonly taskRoles: Record<string, pulumi.Output<string>>;
  /** The tracked branch, for the functions that take pushes in. */
  readonly source: DeliveredSource;

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Application", name, {}, opts);
    const registry = new Registry(name, { environment: args.environment }, { parent: this });
    const services = createServices(name, args, registry, this);
    const pipeline = createPipeline(name, args, { registry, services }, this);
    this.repositoryUrl = registry.repositoryUrl;
    this.pipelineName = pipeline.pipelineName;
    this.urls = ofServices(name, args, services, ({ url }) => url);
    this.taskRoles = ofServices(name, args, services, ({ taskRoleArn }) => taskRoleArn);
    this.source = deliveredSource(args, pipeline);
    this.registerOutputs({
      repositoryUrl: this.repositoryUrl,
      pipelineName: this.pipelineName,
      urls: this.urls,
      taskRoles: this.taskRoles,
    });
  }
}

const createServices = (
  name: string,
  { operations, environment, network, cluster, loadBalancer, priorities, settings }: ApplicationArgs,
  registry: Registry,
  parent: pulumi.Resource,
): DeployedService[] =>
  settings.services.map((service) => {
    const fullName = `${name}-${service.name}`;
    const priority = priorities.get(fullName);
    const route = loadBalancer === undefined || priority === undefined ? undefined : { loadBalancer, priority };
    const common = { operations, environment, application: name, network, cluster, registry };
    return {
      service: new Service(fullName, { ...common, settings: service, route }, { parent }),
      count: service.count,
    };
  });

interface Delivered {
  registry: Registry;
  services: DeployedService[];
}

function createPipeline(
  name: string,
  args: ApplicationArgs,
  { registry, services }: Delivered,
  parent: pulumi.Resource,
): Pipeline {
  const { operations, environment, cluster, settings } = args;
  const source = { bucket: args.source, key: archiveKey(settings) };
  // A bucket of its own: what runs in one application's build could otherwise overwrite what another one's leaves.
  const artifacts = new Bucket(`${name}-artifacts`, { oldVersionDays: 1, objectDays: 30 }, { parent });
  const build = new Build(
    `${name}-build`,
    {
      operations,
      settings: settings.build,
      registry,
      artifacts,
      archiveArn: pulumi.interpolate`${source.bucket.arn}/${source.key}`,
    },
    { parent },
  );
  const deploy = createDeployFunction(
    `${name}-deploy`,
    { operations, application: name, cluster, registry, services },
    { parent },
  );
  const tag = createTagFunction(`${name}-tag`, { operations, registry, environment }, { parent });
  return new Pipeline(name, { operations, type: args.pipelineType, source, artifacts, build, deploy, tag }, { parent });
}

const archiveKey = ({ name }: ApplicationSettings) => `${name}/source.zip`;

function deliveredSource({ settings, pipelineType }: ApplicationArgs, pipeline: Pipeline): DeliveredSource {
  const { repository, branch } = settings.source.push;
  return {
    branch: { repository, branch, application: settings.name },
    key: archiveKey(settings),
    pipeline,
    overridable: pipelineType === "V2",
  };
}

/** What `read` finds in each service, by `<application>/<service>`; a service where that is undefined is left out. */
const ofServices = (
  name: string,
  { settings }: ApplicationArgs,
  services: DeployedService[],
  read: (service: Service) => pulumi.Output<string> | undefined,
): Record<string, pulumi.Output<string>> =>
  Object.fromEntries(
    services.flatMap(({ service }, index) => {
      const value = read(service);
      return value === undefined ? [] : [[`${name}/${settings.services[index]?.name}`, value]];
    }),
  );
