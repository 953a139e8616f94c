import type { ChatKind } from "../../handlers/chat/shape";
import type { TokenScopes } from "../../handlers/pullRequests/scope";
import type { Forge } from "../../handlers/shared/forge";
import type { EndpointService, IntakeKind, PipelineType, Region } from "../partition";

export type { EndpointService, IntakeKind } from "../partition";

/** A stack's validated configuration, including defaults. */
export interface Settings {
  /** From `aws:region`. */
  region: Region;
  /** Name of the environment. It is also the tag of delivered images. */
  environment: string;
  network: NetworkSettings;
  /** How pushes arrive: by webhook, or by polling each branch's head every minute. */
  intake: IntakeKind;
  /** Per forge: its URL, and the token for private repositories. */
  forges: Partial<Record<Forge, ForgeSettings>>;
  /** Registry of the Dockerfiles' base images, `<host>[/<prefix>]`. */
  baseImageRegistry?: string | undefined;
  /** The npm registry of builds, an https URL. */
  npmRegistry?: string | undefined;
  loadBalancer: LoadBalancerSettings;
  /** Whether Pulumi refuses to delete or replace stateful resources. */
  protect: boolean;
  /** Retention of all log groups, in days. */
  logRetentionDays: number;
  /** CodePipeline type of all pipelines. */
  pipelineType: PipelineType;
  alerts: AlertSettings;
  /** All environments that run images from this one. Images that are tagged with their names never expire. */
  promotesTo: string[];
  /** Whether versions can be deployed by HTTP. */
  deploymentApi: boolean;
  /** Present if versions are delivered by pull requests to a gitops repository. */
  pullRequests?: PullRequestSettings | undefined;
  applications: ApplicationSettings[];
}

export interface NetworkSettings {
  /** The VPC's IPv4 range. */
  cidr: string;
  /** The number of availability zones, or their names. */
  availabilityZones: number | string[];
  /**
   * How private subnets reach the internet: through one NAT gateway for the VPC, one per availability zone, the NAT
   * instance, or not at all.
   */
  egress: "nat-gateway" | "nat-gateway-per-zone" | "nat-instance" | "none";
  /** AWS services that private subnets reach through VPC endpoints. */
  endpoints: EndpointService[];
  /** The account's quota of routes per route table. */
  routesPerTable: number;
  /** Present with `egress: nat-instance`, or if only some routes lead through an instance. */
  natInstance?: NatInstanceSettings | undefined;
}

export interface NatInstanceSettings {
  /** IPv4 networks that are routed through the instance, merged. With `egress: nat-instance`, all addresses. */
  routes: string[];
  /** EC2 instance type, of a Graviton family. */
  instanceType: string;
  /** Overrides the newest Amazon Linux 2023. */
  ami?: string | undefined;
  /** Text of the script that runs at the end of each boot. */
  bootHook?: string | undefined;
}

export interface ForgeSettings {
  /** Base URL without a trailing slash, of GitHub Enterprise Server or a self-managed GitLab. */
  url?: string | undefined;
  /** The token for private repositories: a secret in Secrets Manager. */
  token?: SecretsManagerReference | undefined;
}

/** The gitops repository and its pull requests. */
export interface PullRequestSettings {
  /** `owner/name`, on GitHub or on the Enterprise Server of `forges.github.url`. */
  repository: string;
  /** Base branch of pull requests, without `refs/heads/`. */
  branch: string;
  /** The token with write access to contents and pull requests: a secret in Secrets Manager. */
  token: SecretsManagerReference;
  /** Author and sign-off of commits. */
  author: { name: string; email: string };
  /** GitHub users. */
  reviewers: string[];
  /** Slugs of teams in the repository's organisation. */
  teamReviewers: string[];
  labels: string[];
  /** Origins whose pages may call the API, or only `*`. If empty, CORS is off. */
  origins: string[];
  /** Maximum number of parallel tasks for API callers. */
  concurrentTasks: number;
  /** How to interpret CircleCI's payloads. Without it, they are rejected. */
  circleci?: CircleciSettings | undefined;
  /** Tokens that are limited to some services and images, by name. */
  tokens: TokenScopes;
}

export interface CircleciSettings {
  /** Environment (overlay name) by branch. */
  branches: Record<string, string>;
  /** kustomize's argument without tag and digest; `{service}` stands for the name of the built repository. */
  image: string;
  /** Jobs whose success means that the image has been pushed; if empty, any job counts. */
  jobs: string[];
}

export interface LoadBalancerSettings {
  /** Whether the load balancer has public or only private addresses. */
  scheme: "internet-facing" | "internal";
  /** ARN of an ACM certificate: enables HTTPS, and redirects HTTP to it. Without it, plain HTTP. */
  certificate?: string | undefined;
}

export interface AlertSettings {
  /** Email addresses to notify. Each owner must first confirm the subscription. */
  emails: string[];
  /** The webhook URL of each chat to notify: a secret in Secrets Manager. */
  chat: Partial<Record<ChatKind, SecretsManagerReference>>;
}

export interface ApplicationSettings {
  name: string;
  source: SourceSettings;
  build: BuildSettings;
  /** Empty with `deploy: gitops`. */
  services: ServiceSettings[];
  /** Settings shared by its one-off tasks: the migration and the scheduled tasks. */
  task: TaskSettings;
  /** Runs to completion before the services change. */
  migrate?: MigrateSettings | undefined;
  /** Path of the schedules file in the repository. */
  schedules?: string | undefined;
  /** Whether a delivery waits for an approval before it changes anything. */
  approval: boolean;
  /** Who rolls out images: slipway's function, CodePipeline's own ECS action, or the merge of a pull request. */
  deploy: "callback" | "ecs" | "gitops";
  /** Only with `deploy: gitops`. */
  gitops?: GitopsSettings | undefined;
}

/** The kustomization that a pull request changes: `kustomize/<service>/overlays/<environment>`. */
export interface GitopsSettings {
  /** Folder of the gitops repository, under `kustomize/`. */
  service: string;
  /** Name of the image in the manifests. */
  image: string;
}

/** What starts a delivery: pushes to a branch, or images that get a tag. */
export type SourceSettings = { push: PushSource } | { image: ImageSource };

export interface PushSource {
  forge: Forge;
  /** `owner/name`; on GitLab `group/…/name`. */
  repository: string;
  /** Branch whose pushes are delivered, without `refs/heads/`. */
  branch: string;
}

export interface ImageSource {
  /** ECR repository in this account and region. */
  repository: string;
  /** An image is delivered whenever this tag moves to it: the name of the previous environment. */
  tag: string;
}

export interface MigrateSettings {
  command: string[];
}

export interface TaskSettings {
  /** CPU units; 1024 units are one vCPU. */
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
  /** Build context: folder of the repository that is sent to Docker. */
  context: string;
  /** Build arguments, by name. The image's history shows them: no secrets. */
  arguments: Record<string, string>;
  /** Shell command that must succeed before the image is built. */
  test?: string | undefined;
}

/** An ECS service: a web service if it has a `port`, otherwise a worker. */
export interface ServiceSettings extends TaskSettings {
  name: string;
  /** Port that the container listens on. */
  port?: number | undefined;
  /** Overrides the image's command. */
  command?: string[] | undefined;
  /** Desired number of tasks, set by each delivery, unless the service was scaled to 0 by hand. */
  count: number;
  /** Health check path of the load balancer; must return 200 to 399. */
  healthCheck?: string | undefined;
  /** Host names that the load balancer routes here. A web service without any receives all other requests. */
  hosts?: string[] | undefined;
}

/** Location of a secret. */
export type SecretReference =
  | SecretsManagerReference
  /** SSM parameter, by ARN. */
  | { kind: "arn"; service: "ssm"; arn: string }
  /** SSM parameter, by name with its leading slash. */
  | { kind: "parameter"; name: string };

export type SecretsManagerReference =
  /** By ARN in ECS's format, optionally with `:key:stage:version` at its end. */
  | { kind: "arn"; service: "secretsmanager"; arn: string }
  /** By name; `key` selects one key of its JSON. */
  | { kind: "secret"; name: string; key?: string | undefined };
