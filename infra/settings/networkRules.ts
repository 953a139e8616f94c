import { FORGES } from "../../handlers/shared/forge";
import type { EndpointService, Partition, Region } from "../partition";
import { fail, type Rule } from "./check";
import type { ApplicationSettings, SecretReference, Settings } from "./model";

/** The settings that the connectivity rules check: inbound for pushes, and outbound from the stack's network. */
type Stack = Pick<Settings, "network" | "forges" | "pullRequests" | "applications"> & {
  intake?: Settings["intake"] | undefined;
};

/** Polling requires branches to poll. */
export const somethingToPoll: Rule<Stack> = ({ intake, applications }, path, mistakes) => {
  if (intake === "poll" && pushes(applications).length === 0)
    fail(mistakes, `${path}intake: "poll" has no branch to poll; give an application source: push, or remove it`);
};

/** Forge settings are only used for pushes; GitHub's URL also for pull requests. */
export const usedForges: Rule<Stack> = ({ forges, pullRequests, applications }, path, mistakes) => {
  const unused = FORGES.filter(
    (forge) => forges[forge] !== undefined && !pushes(applications).some((push) => push.forge === forge),
  );
  for (const forge of unused)
    if (forge !== "github" || pullRequests === undefined)
      fail(
        mistakes,
        `${path}forges.${forge}: no application has a source there; give one source: push with forge: ${forge}, or remove it`,
      );
    else if (forges.github?.token !== undefined)
      fail(
        mistakes,
        `${path}forges.github.token: is for pushes, and no application has a source there; remove it, because pull requests use pullRequests.token`,
      );
};

/** Functions in a VPC have only the private subnets' egress. */
export const wayToForges =
  (region: Region): Rule<Stack> =>
  (stack, path, mistakes) => {
    const { egress, natInstance } = stack.network;
    if (egress === "none" && natInstance === undefined && functionsInVpc(stack, region))
      fail(
        mistakes,
        `${path}network.egress: with "none", the functions that fetch pushes cannot reach the forge; allowed: another egress, or natInstance in addition`,
      );
  };

/** Tasks use the private subnets' egress. */
export const wayToGithub: Rule<Stack> = ({ network, pullRequests }, path, mistakes) => {
  if (pullRequests !== undefined && network.egress === "none" && network.natInstance === undefined)
    fail(
      mistakes,
      `${path}network.egress: with "none", the tasks that open pull requests cannot reach GitHub; allowed: another egress, or natInstance in addition`,
    );
};

/** Without egress, everything in private subnets reaches AWS only through endpoints. */
export const neededEndpoints =
  (region: Region): Rule<Stack> =>
  (stack, path, mistakes) => {
    const { egress, endpoints } = stack.network;
    if (egress !== "none") return;
    const needed = new Set([
      ...neededByTasks(stack),
      ...(functionsInVpc(stack, region) ? neededByFunctions(stack) : []),
    ]);
    const missing = [...needed].filter((service) => !endpoints.includes(service));
    if (missing.length > 0)
      fail(
        mistakes,
        `${path}network.endpoints: lacks ${missing.join(", ")}, which tasks and functions need if egress is none; add ${missing.length === 1 ? "it" : "them"}`,
      );
  };

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html: image layers are in S3. */
function neededByTasks({ pullRequests, applications }: Stack): EndpointService[] {
  const secrets = applications.flatMap(({ services, task }) =>
    [...services, task].flatMap((each) => Object.values(each.secrets)),
  );
  const byPullRequests: EndpointService[] = pullRequests === undefined ? [] : ["dynamodb", "secretsmanager"];
  return ["s3", "ecr.api", "ecr.dkr", "logs", ...byPullRequests, ...secrets.map(keeper)];
}

function neededByFunctions({ forges }: Stack): EndpointService[] {
  const tokens = FORGES.some((forge) => forges[forge]?.token !== undefined);
  return ["s3", "sqs", "sns", "codepipeline", ...(tokens ? (["secretsmanager"] as const) : [])];
}

const keeper = (secret: SecretReference): "ssm" | "secretsmanager" =>
  secret.kind === "parameter" || (secret.kind === "arn" && secret.service === "ssm") ? "ssm" : "secretsmanager";

/** Whether functions that call forges run in the VPC, because forges are reached through it. */
export const reachForgesByVpc = ({ natInstance }: Settings["network"], { functionsInVpc }: Partition): boolean =>
  functionsInVpc || natInstance !== undefined;

/** Functions that call forges only exist if the stack delivers pushes. */
const functionsInVpc = ({ network, applications }: Stack, { partition }: Region): boolean =>
  pushes(applications).length > 0 && reachForgesByVpc(network, partition);

const pushes = (applications: ApplicationSettings[]) =>
  applications.flatMap(({ source }) => ("push" in source ? [source.push] : []));
