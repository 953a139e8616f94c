import type { ChatKind } from "../../handlers/chat/shape";
import type { TokenScopes } from "../../handlers/pullRequests/scope";
import type { Forge } from "../../handlers/shared/forge";
import type { EndpointService, IntakeKind, PipelineType, Place } from "../partition";

export type { EndpointService, IntakeKind } from "../partition";

/** A stack's configuration, checked. Defaults stand where the stack file says nothing. */
export interface Settings {
  /** From `aws:region`. */
  place: Place;
  /** The environment's name. Delivered images are tagged with it. */
  environment: string;
  network: NetworkSettings;
  /** How pushes come in: forges tell of them, or a function asks for each branch's head every minute. */
  intake: IntakeKind;
  /** What is to be said of a forge: where it is, and what opens its private repositories. */
  forges: Partial<Record<Forge, ForgeSettings>>;
  /** Where Dockerfiles find their base images, `<host>[/<prefix>]`. */
  baseImageRegistry?: string | undefined;
  /** The npm registry of builds, an https address. */
  npmRegistry?: string | undefined;
  loadBalancer: LoadBalancerSettings;
  /** Whether Pulumi refuses to delete or replace what holds state. */
  protect: boolean;
  /** How long every log group keeps its events. */
  logRetentionDays: number;
  /** CodePipeline's type of all pipelines. */
  pipelineType: PipelineType;
  alerts: AlertSettings;
  /** All environments that run images from here. The image that has such a name as its tag is never expired. */
  promotesTo: string[];
  /** Whether versions can be deployed by HTTP. */
  deploymentApi: boolean;
  /** There where versions are delivered by pull requests against a gitops repository. */
  pullRequests?: PullRequestSettings | undefined;
  applications: ApplicationSettings[];
}

export interface NetworkSettings {
  /** The VPC's IPv4 range. */
  cidr: string;
  /** How many availability zones the VPC spans, or their names. */
  availabilityZones: number | string[];
  /**
   * How private subnets reach the internet: by one NAT gateway for the VPC, by one in each availability zone, by the NAT
   * instance, or not at all.
   */
  egress: "nat-gateway" | "nat-gateway-per-zone" | "nat-instance" | "none";
  /** AWS services that private subnets reach without that way out. */
  endpoints: EndpointService[];
  /** How many routes a route table of this account takes. */
  routesPerTable: number;
  /** There with `egress: nat-instance`; with another egress, where some routes lead through an instance. */
  natInstance?: NatInstanceSettings | undefined;
}

export interface NatInstanceSettings {
  /** IPv4 networks that are reached through the instance, merged; everything, where all egress goes through it. */
  routes: string[];
  /** EC2 instance type, of a Graviton family. */
  instanceType: string;
  /** AMI of its own instead of the newest Amazon Linux 2023. */
  ami?: string | undefined;
  /** Text of the script that runs at the end of each boot. */
  bootHook?: string | undefined;
}

export interface ForgeSettings {
  /** Base address without a slash at its end: GitHub Enterprise Server, a GitLab of one's own. */
  url?: string | undefined;
  /** The token for private repositories: a secret in Secrets Manager. */
  token?: SecretsManagerReference | undefined;
}

/** The gitops repository, and the pull requests that are opened there. */
export interface PullRequestSettings {
  /** `owner/name`, at GitHub or at the Enterprise Server of `forges.github.url`. */
  repository: string;
  /** Branch that pull requests are to be merged into, without `refs/heads/`. */
  branch: string;
  /** The token that may write contents and pull requests: a secret in Secrets Manager. */
  token: SecretsManagerReference;
  /** Who commits, and signs off. */
  author: { name: string; email: string };
  /** GitHub users. */
  reviewers: string[];
  /** Slugs of teams of the repository's organisation. */
  teamReviewers: string[];
  labels: string[];
  /** Origins whose pages may call the API, or `*` alone. Without any there is no CORS. */
  origins: string[];
  /** How many tasks that callers of the API asked for may be under way at once. */
  concurrentTasks: number;
  /** What CircleCI's payloads mean. They are refused without it. */
  circleci?: CircleciSettings | undefined;
  /** Tokens that are for some services and images only, by name. */
  tokens: TokenScopes;
}

export interface CircleciSettings {
  /** The environment that each branch is for: the overlay's name. */
  branches: Record<string, string>;
  /** kustomize's argument without tag and digest; `{service}` stands for the name of the repository that was built. */
  image: string;
  /** Jobs whose success says that the image is there; if there is none, every job's does. */
  jobs: string[];
}

export interface LoadBalancerSettings {
  /** Whether the load balancer has public addresses, or only private ones. */
  scheme: "internet-facing" | "internal";
  /** ARN of an ACM certificate: HTTPS, and HTTP redirects to it. Plain HTTP without one. */
  certificate?: string | undefined;
}

export interface AlertSettings {
  /** Addresses that notices are sent to, each once its owner has confirmed the subscription. */
  emails: string[];
  /** The webhook's address of each chat that is told: a secret in Secrets Manager. */
  chat: Partial<Record<ChatKind, SecretsManagerReference>>;
}

export interface ApplicationSettings {
  name: string;
  source: SourceSettings;
  build: BuildSettings;
  /** None where others deploy. */
  services: ServiceSettings[];
  /** What its one-off tasks, the migration and the scheduled ones, have in common. */
  task: TaskSettings;
  /** Runs to its end before the services change. */
  migrate?: MigrateSettings | undefined;
  /** Path of the file in the repository that says which tasks run at what time. */
  schedules?: string | undefined;
  /** Whether somebody has to approve before anything changes. */
  approval: boolean;
  /** Who deploys: slipway's function, CodePipeline's own ECS action, or who merges a pull request. */
  deploy: "callback" | "ecs" | "gitops";
  /** There with `deploy: gitops` alone. */
  gitops?: GitopsSettings | undefined;
}

/** The kustomization that a pull request changes: `kustomize/<service>/overlays/<environment>`. */
export interface GitopsSettings {
  /** Folder of the gitops repository, under `kustomize/`. */
  service: string;
  /** Name of the image in the manifests. */
  image: string;
}

/** What is delivered: the pushes to a branch, or the images that get a tag. */
export type SourceSettings = { push: PushSource } | { image: ImageSource };

export interface PushSource {
  forge: Forge;
  /** `owner/name`; at GitLab `group/…/name`. */
  repository: string;
  /** Branch whose pushes are delivered, without `refs/heads/`. */
  branch: string;
}

export interface ImageSource {
  /** ECR repository of this account and region. */
  repository: string;
  /** Tag whose image is delivered whenever it moves: the name of the environment that goes before. */
  tag: string;
}

export interface MigrateSettings {
  command: string[];
}

export interface TaskSettings {
  /** CPU units; 1024 are one vCPU. */
  cpu: number;
  /** MiB. */
  memory: number;
  /** Environment variables of the container, by name. */
  environment: Record<string, string>;
  /** Environment variables whose values ECS reads from Secrets Manager or SSM when a task starts, by name. */
  secrets: Record<string, SecretReference>;
}

export interface BuildSettings {
  /** Path of the Dockerfile in the repository. */
  dockerfile: string;
  /** Folder of the repository that is sent to the Docker daemon. */
  context: string;
  /** Build arguments, by name. They end up in the image's history: no secrets. */
  arguments: Record<string, string>;
  /** Shell command that must succeed before the image is built. */
  test?: string | undefined;
}

/** An ECS service: a web service with `port`, a worker without. */
export interface ServiceSettings extends TaskSettings {
  name: string;
  /** Port that the container listens on. */
  port?: number | undefined;
  /** Instead of the image's own command. */
  command?: string[] | undefined;
  /** Tasks that run. Each delivery sets it, but leaves a service at 0 that was scaled to 0 by hand. */
  count: number;
  /** Path that the load balancer asks; 200 to 399 is healthy. */
  healthCheck?: string | undefined;
  /** Host names that the load balancer routes here. A web service without takes what no other one does. */
  hosts?: string[] | undefined;
}

/** Where a secret is kept. */
export type SecretReference =
  | SecretsManagerReference
  /** A parameter in SSM, by ARN. */
  | { kind: "arn"; service: "ssm"; arn: string }
  /** A parameter in SSM by name, with its leading slash. */
  | { kind: "parameter"; name: string };

export type SecretsManagerReference =
  /** By ARN, as ECS takes it; with `:key:stage:version` at its end, if wanted. */
  | { kind: "arn"; service: "secretsmanager"; arn: string }
  /** By name; `key` is one key of its JSON. */
  | { kind: "secret"; name: string; key?: string | undefined };
