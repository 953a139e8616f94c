import type { Program } from "../../rehearsal/program";
import { pullRequests, withGitops } from "./configurations";
import { evaluateStack, ofType, resource } from "./support";

export const arnOf = (service: string, name: string) => `arn:aws:${service}:us-east-1:123456789012:${name}-0000000`;

export const TASK = {
  cluster: "slipway-cluster-0000000",
  taskDefinition: `${arnOf("ecs", "task-definition/slipway-gitops-pr-task")}:1`,
  container: "gitops-pr",
  subnets: ["subnet-private-a", "subnet-private-b"],
  securityGroup: "slipway-gitops-pr-tasks-id",
};
export const TABLE = "slipway-pull-requests-0000000";

export const CIRCLECI = {
  branches: { main: "dev", release: "prod" },
  image: "{service}=registry.acme.example/{service}",
};

export const TOKENS = { "shop-team": { services: ["storefront"], image: "registry.acme.example/{service}" } };

/** All that can be said of pull requests, and two applications that are delivered by them. */
const SETTINGS = {
  ...withGitops(
    {},
    {
      name: "reports",
      source: { image: { repository: "acme/reports", tag: "staging" } },
      gitops: { service: "reporting", image: "registry.acme.example/reports" },
      approval: true,
    },
  ),
  "slipway:baseImageRegistry": "mirror.acme.example/library",
  "slipway:npmRegistry": "https://npm.acme.example",
  "slipway:pullRequests": {
    ...pullRequests,
    branch: "trunk",
    reviewers: ["octocat"],
    teamReviewers: ["platform"],
    labels: ["delivery", "needs review"],
    origins: ["https://ci.acme.example", "http://localhost:8080"],
    circleci: { ...CIRCLECI, jobs: ["publish"] },
    tokens: TOKENS,
  },
};

export const evaluateGitops = (): Promise<Program> => evaluateStack({ settings: SETTINGS });

/** The least of it in Beijing, which polls, and leads GitHub's networks through the NAT instance. */
export const evaluateGitopsInBeijing = (): Promise<Program> =>
  evaluateStack({
    partition: "aws-cn",
    region: "cn-north-1",
    settings: { ...withGitops({}), "aws:region": "cn-north-1", "slipway:network": { natInstance: {} } },
  });

interface Container {
  name: string;
  image: string;
  environment: { name: string; value: string }[];
  secrets: { name: string; valueFrom: string }[];
}

/** The container of the task that opens pull requests. */
export const containerOf = (program: Program): Container =>
  JSON.parse(
    String(
      resource(program, "aws:ecs/taskDefinition:TaskDefinition", "slipway-gitops-pr-task").inputs.containerDefinitions,
    ),
  )[0];

/** What its program is told, by environment variable. */
export const taskOptions = (program: Program) => {
  const { environment } = containerOf(program);
  return Object.fromEntries(environment.map(({ name, value }) => [name, JSON.parse(value)]));
};

/** What its security group lets out: protocol, ports, hosts. */
export const portsOf = (program: Program) =>
  [...ofType(program, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").values()]
    .filter(({ inputs }) => inputs.securityGroupId === "slipway-gitops-pr-tasks-id")
    .map(({ inputs: { ipProtocol, fromPort, toPort, cidrIpv4 } }) => [ipProtocol, fromPort, toPort, cidrIpv4]);
