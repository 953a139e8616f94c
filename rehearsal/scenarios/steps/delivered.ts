import type { DescribeImagesResponse, ImageDetail } from "@aws-sdk/client-ecr";
import type { DescribeTaskDefinitionResponse } from "@aws-sdk/client-ecs";
import type { ListRulesResponse, ListTargetsByRuleResponse } from "@aws-sdk/client-eventbridge";
import { expectEqual } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { asOperator } from "./operator";

/** The application under test and its web service, as named in the stack files. */
export const application = "storefront";
export const web = "web";

/** A service of the application, with its ECS names. */
export interface RunningService {
  /** As in the stack file: `web`. */
  name: string;
  serviceName: string;
  cluster: string;
}

/** An application's services declared by a stack, by name. @param of by default the application under test */
export function servicesOf(context: ScenarioContext, stack?: string, of = application): RunningService[] {
  const { registrations } = stackOf(context, stack);
  const tagsOf = (taskDefinition: unknown): Record<string, string> => {
    const declared = registrations.find(
      ({ type, outputs }) => type === "aws:ecs/taskDefinition:TaskDefinition" && outputs.arn === taskDefinition,
    );
    return (declared?.inputs.tags ?? {}) as Record<string, string>;
  };
  return registrations
    .filter(({ type }) => type === "aws:ecs/service:Service")
    .map(({ inputs, outputs }) => ({
      tags: tagsOf(inputs.taskDefinition),
      serviceName: String(outputs.name),
      cluster: String(inputs.cluster),
    }))
    .filter(({ tags }) => tags.application === of)
    .map(({ tags, ...rest }) => ({ name: String(tags.service), ...rest }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Digest or tag of a task definition's image. */
export async function digestOf(context: ScenarioContext, taskDefinition: string | undefined): Promise<string> {
  const described = await asOperator<DescribeTaskDefinitionResponse>(context, "ecs", "DescribeTaskDefinition", {
    taskDefinition,
  });
  const image = described.taskDefinition?.containerDefinitions?.[0]?.image ?? "";
  return image.split("@")[1] ?? image.split("/").slice(1).join("/");
}

/** Digest of an application's image with a tag, if any. */
export const taggedDigest = async (
  context: ScenarioContext,
  imageTag: string,
  of = application,
): Promise<string | undefined> => (await imageOf(context, imageTag, of))?.imageDigest;

async function imageOf(context: ScenarioContext, imageTag: string, of: string): Promise<ImageDetail | undefined> {
  const { imageDetails = [] } = await asOperator<DescribeImagesResponse>(context, "ecr", "DescribeImages", {
    repositoryName: repositoryOf(context, of),
    imageIds: [{ imageTag }],
  }).catch((error: Error) => {
    if (error.name !== "ImageNotFoundException") throw error;
    return { imageDetails: [] };
  });
  return imageDetails[0];
}

/** An application's repository, shared by all its environments. */
export function repositoryOf({ stacks }: ScenarioContext, of = application): string {
  const urls = stacks.flatMap(({ outputs }) => outputs.repositories[of] ?? []);
  const [, name] = /^[^/]+\/(.+)$/.exec(urls[0] ?? "") ?? [];
  if (name === undefined) throw new Error(`No stack's output repositories has ${of}.`);
  return name;
}

/** A rule of the application's schedules. */
export interface ScheduleRule {
  name: string;
  schedule: string;
  state: string;
  /** The command that overrides the image's own. */
  command: string;
  /** Of its tasks' image. */
  digest: string;
}

/** The rules of the application's schedules in a stack, by name. */
export async function schedulesOf(context: ScenarioContext, stack?: string): Promise<ScheduleRule[]> {
  const { environment } = stackOf(context, stack);
  const NamePrefix = `${environment}-${application}--`;
  const { Rules = [] } = await asOperator<ListRulesResponse>(context, "events", "ListRules", { NamePrefix });
  const rules: ScheduleRule[] = [];
  for (const { Name: name = "", ScheduleExpression: schedule = "", State: state = "" } of Rules) {
    const { Targets = [] } = await asOperator<ListTargetsByRuleResponse>(context, "events", "ListTargetsByRule", {
      Rule: name,
    });
    expectEqual(`targets of rule ${name}`, Targets.length, 1);
    const [{ Input = "{}", EcsParameters } = {}] = Targets;
    const command = JSON.parse(Input).containerOverrides?.[0]?.command?.join(" ");
    const digest = await digestOf(context, EcsParameters?.TaskDefinitionArn);
    rules.push({ name: name.slice(NamePrefix.length), schedule, state, command, digest });
  }
  return rules.sort((a, b) => a.name.localeCompare(b.name));
}

/** The schedules in examples/storefront/schedules.yaml. */
export const usualSchedules: Omit<ScheduleRule, "digest">[] = [
  { name: "daily-report", schedule: "cron(0 3 * * ? *)", state: "ENABLED", command: "node report.js sales" },
  { name: "stock", schedule: "rate(6 hours)", state: "ENABLED", command: "node report.js stock" },
];
