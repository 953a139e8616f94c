import type {
  DeregisterTaskDefinitionCommandInput,
  DeregisterTaskDefinitionCommandOutput,
  DescribeTaskDefinitionCommandInput,
  DescribeTaskDefinitionCommandOutput,
  RegisterTaskDefinitionCommandInput,
  RegisterTaskDefinitionCommandOutput,
  Tag,
  TagResourceCommandInput,
  TagResourceCommandOutput,
} from "@aws-sdk/client-ecs";
import { type AnyOperation, awsError, type Cloud, operation, type Permission, type Principal } from "../service";
import type { TaskDefinitions } from "./taskDefinition";

type Answer<T> = Omit<T, "$metadata">;

/** ARN of a caller, as in `registeredBy`. */
export function arnOf(cloud: Cloud, caller: Principal): string {
  if (caller.kind === "role") return caller.arn;
  return cloud.arn("iam", caller.kind === "operator" ? "user/operator" : caller.service, { region: "" });
}

/** The operations on task definitions. */
export function taskDefinitionOperations(cloud: Cloud, taskDefinitions: TaskDefinitions): Record<string, AnyOperation> {
  const registerTaskDefinition = operation<
    RegisterTaskDefinitionCommandInput,
    Answer<RegisterTaskDefinitionCommandOutput>
  >({
    permissions: ({ family, taskRoleArn, executionRoleArn, tags = [] }) => {
      // The revision is not known yet: AWS checks all revisions.
      const resource = cloud.arn("ecs", `task-definition/${family}:*`);
      const roles = [taskRoleArn, executionRoleArn].filter((arn) => arn !== undefined);
      return [
        { action: "ecs:RegisterTaskDefinition", resource },
        ...tagging(resource, tags, "RegisterTaskDefinition"),
        ...roles.map((arn) => ({
          action: "iam:PassRole",
          resource: arn,
          context: { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
        })),
      ];
    },
    perform: (input, { caller }) => {
      const { definition, tags } = taskDefinitions.register(input, arnOf(cloud, caller));
      return { taskDefinition: definition, ...(tags.length > 0 ? { tags } : {}) };
    },
  });

  const describeTaskDefinition = operation<
    DescribeTaskDefinitionCommandInput,
    Answer<DescribeTaskDefinitionCommandOutput>
  >({
    permissions: () => [{ action: "ecs:DescribeTaskDefinition", resource: "*" }],
    perform: ({ taskDefinition = "", include = [] }) => {
      const { definition, tags } = taskDefinitions.find(taskDefinition);
      return { taskDefinition: definition, ...(include.includes("TAGS") ? { tags } : {}) };
    },
  });

  const deregisterTaskDefinition = operation<
    DeregisterTaskDefinitionCommandInput,
    Answer<DeregisterTaskDefinitionCommandOutput>
  >({
    permissions: () => [{ action: "ecs:DeregisterTaskDefinition", resource: "*" }],
    perform: ({ taskDefinition = "" }) => ({ taskDefinition: taskDefinitions.deregister(taskDefinition).definition }),
  });

  const tagResource = operation<TagResourceCommandInput, Answer<TagResourceCommandOutput>>({
    permissions: ({ resourceArn = "", tags = [] }) => tagging(resourceArn, tags),
    perform: ({ resourceArn = "", tags = [] }) => {
      if (!resourceArn.includes(":task-definition/"))
        throw awsError(
          "NotSimulated",
          `ecs:TagResource on ${resourceArn} is not simulated: add it in rehearsal/cloud/ecs.`,
          501,
        );
      const revision = taskDefinitions.find(resourceArn);
      const kept = revision.tags.filter(({ key }) => !tags.some((tag) => tag.key === key));
      revision.tags = [...kept, ...tags];
      return {};
    },
  });

  return {
    RegisterTaskDefinition: registerTaskDefinition,
    DescribeTaskDefinition: describeTaskDefinition,
    DeregisterTaskDefinition: deregisterTaskDefinition,
    TagResource: tagResource,
  };
}

/** Tagging on creation requires TagResource (developer guide, "Grant permission to tag resources on creation"). */
export function tagging(resource: string, tags: Tag[], createAction?: string): Permission[] {
  if (tags.length === 0) return [];
  const context: Record<string, string | string[]> = { "aws:TagKeys": tags.map(({ key = "" }) => key) };
  for (const { key, value = "" } of tags) context[`aws:RequestTag/${key}`] = value;
  if (createAction !== undefined) context["ecs:CreateAction"] = createAction;
  return [{ action: "ecs:TagResource", resource, context }];
}
