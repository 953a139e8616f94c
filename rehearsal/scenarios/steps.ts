import type { DescribeImagesResponse } from "@aws-sdk/client-ecr";
import type { DescribeServicesResponse, DescribeTaskDefinitionResponse } from "@aws-sdk/client-ecs";
import type { CloudEvent } from "../cloud/events";
import type { RefUpdate, Repository } from "../github/repository";
import { asOperator } from "./operator";
import { expectEqual, expectSame, type Step } from "./scenario";
import type { World } from "./world";

/** The application and the web service of it that the scenarios watch, as the stack files name them. */
export const application = "storefront";
const service = "storefront/web";

type PipelineEvent = Extract<CloudEvent, { kind: "pipeline" }>;
type ActionEvent = Extract<CloudEvent, { kind: "action" }>;

const isAction = (event: CloudEvent): event is ActionEvent => event.kind === "action";

/** How an execution ended. */
export interface Execution {
  id: string;
  status: PipelineEvent["status"];
  reason: string;
  /** Stages whose action ended, with how, in order. */
  actions: [stage: string, status: string][];
  /** What the failed action said, empty if none failed. */
  failure: string;
}

export function pipelineOf(world: World): string {
  return named(world.outputs.pipelines, application, "pipelines");
}

export function serviceUrl(world: World): string {
  return named(world.outputs.services, service, "services");
}

function named(table: Record<string, string>, key: string, output: string): string {
  const value = table[key];
  if (value === undefined) throw new Error(`The stack's output ${output} has no ${key}.`);
  return value;
}

/** How many executions the application's pipeline has begun so far. */
export function executions(world: World): number {
  const pipeline = pipelineOf(world);
  const begun = world.account.events.filter(
    (event) => event.kind === "pipeline" && event.pipeline === pipeline && event.status === "InProgress",
  );
  return begun.length;
}

/** Follows the execution that the last push starts to its end. */
export async function followExecution(world: World): Promise<Execution> {
  const pipeline = pipelineOf(world);
  const isOurs = (event: CloudEvent): event is PipelineEvent =>
    event.kind === "pipeline" && event.pipeline === pipeline;
  const { executionId: id } = await world.event((event): event is PipelineEvent => isOurs(event));
  const end = await world.event(
    (event): event is PipelineEvent => isOurs(event) && event.executionId === id && event.status !== "InProgress",
  );
  const ended = world
    .since()
    .filter(isAction)
    .filter((event) => event.executionId === id && event.status !== "InProgress");
  return {
    id,
    status: end.status,
    reason: end.reason ?? "",
    actions: ended.map((event) => [event.stage, event.status]),
    failure: ended.find((event) => event.status === "Failed")?.summary ?? "",
  };
}

/** Adds the webhook to acme/storefront with the URL and the secret that the stack puts out. */
export const addWebhook: Step = {
  title: "the webhook is added at GitHub",
  async run(world) {
    const { webhookUrl: url, webhookSecret: secret } = world.outputs;
    const { repository } = world;
    const ping = await world.github.addWebhook({ repository: repository.name, url, secret, contentType: "json" });
    expectEqual("GitHub's ping was answered", ping.answer?.status ?? ping.error, 200);
    return `ping answered in ${ping.answer?.milliseconds} ms`;
  },
};

/** Pushes a commit, which the webhook queues. */
export const push = (title: string, commit: (repository: Repository, world: World) => Promise<RefUpdate>): Step => ({
  title,
  async run(world) {
    const update = await commit(world.repository, world);
    const delivery = await world.push(update);
    expectEqual("GitHub's delivery was answered", delivery.answer?.status ?? delivery.error, 202);
    return `${update.after.slice(0, 7)}, queued in ${delivery.answer?.milliseconds} ms`;
  },
});

/** What a delivery goes through. Not read off the program: a stage that is taken out of it is to be missed. */
const stages = ["Source", "Build", "Deploy", "Tag"];

/** The last push goes through all stages of the pipeline. */
export const delivers: Step = {
  title: "the pipeline delivers it",
  async run(world) {
    const execution = await followExecution(world);
    expectEqual(`the execution ended${execution.failure && ` (${execution.failure})`}`, execution.status, "Succeeded");
    expectSame(
      "its actions ended",
      execution.actions,
      stages.map((stage) => [stage, "Succeeded"]),
    );
    await expectTagged(world);
    return stages.join(", ");
  },
};

/** The environment's tag is on the image that the service runs: the next environment takes what has it. */
async function expectTagged(world: World): Promise<void> {
  const declared = (type: string) => world.registrations.find((it) => it.type === type);
  const { cluster, name } = declared("aws:ecs/service:Service")?.outputs ?? {};
  const { services = [] } = await asOperator<DescribeServicesResponse>(world, "ecs", "DescribeServices", {
    cluster,
    services: [name],
  });
  const { taskDefinition } = await asOperator<DescribeTaskDefinitionResponse>(world, "ecs", "DescribeTaskDefinition", {
    taskDefinition: services[0]?.taskDefinition,
  });
  const tags = declared("aws:ecs/taskDefinition:TaskDefinition")?.inputs.tags as Record<string, string>;
  const { imageDetails = [] } = await asOperator<DescribeImagesResponse>(world, "ecr", "DescribeImages", {
    repositoryName: declared("aws:ecr/repository:Repository")?.outputs.name,
    imageIds: [{ imageTag: tags.environment }],
  });
  const running = taskDefinition?.containerDefinitions?.[0]?.image?.split("@")[1];
  expectEqual(`the image with tag ${tags.environment}`, imageDetails[0]?.imageDigest, String(running));
}

/** Anyone who asks the service gets this version. */
export const answers = (version: string): Step => ({
  title: `the service answers ${version}`,
  async run(world) {
    const url = serviceUrl(world);
    expectEqual(`${url}/version answered`, await askVersion(world), version);
    world.seen.push({ version, url });
    return url;
  },
});

/** What the service says its version is. @throws if it answers anything but 200 */
export async function askVersion(world: World): Promise<string> {
  const { status, body } = await world.ask(`${serviceUrl(world)}/version`);
  expectEqual("the service's status", status, 200);
  return body.trim();
}
