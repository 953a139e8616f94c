import { DescribeTasksCommand, RunTaskCommand, type RunTaskCommandInput, type Task } from "@aws-sdk/client-ecs";
import { clientWith, ECS, openShop, type TaskEvent } from "./support";

const CLUSTER = { ArnEquals: { "ecs:cluster": `${ECS}:cluster/main` } };

/** What starts, follows and stops tasks of the family `web`. */
export const RUN = {
  run: {
    Effect: "Allow",
    Action: ["ecs:RunTask"],
    Resource: [`${ECS}:task-definition/web:*`],
    Condition: CLUSTER,
  },
  pass: {
    Effect: "Allow",
    Action: ["iam:PassRole"],
    Resource: ["arn:aws:iam::123456789012:role/execution", "arn:aws:iam::123456789012:role/tasks"],
    Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
  },
  tag: {
    Effect: "Allow",
    Action: ["ecs:TagResource"],
    Resource: [`${ECS}:task/main/*`],
    Condition: { StringEquals: { "ecs:CreateAction": "RunTask" } },
  },
  stop: { Effect: "Allow", Action: ["ecs:StopTask"], Resource: [`${ECS}:task/main/*`], Condition: CLUSTER },
  tasks: { Effect: "Allow", Action: ["ecs:DescribeTasks", "ecs:ListTasks"], Resource: ["*"] },
};

export const isStopped = (event: { kind: string }): event is TaskEvent =>
  event.kind === "task" && (event as TaskEvent).status === "STOPPED";

export const arnOf = (tasks: Task[] | undefined) => tasks?.[0]?.taskArn ?? "";

/** A shop, and a client whose role may run tasks in it. */
export async function openRunner() {
  const shop = await openShop();
  const taskRoleArn = await shop.cloud.role("tasks", "ecs-tasks.amazonaws.com", []);
  const client = await clientWith(shop, Object.values(RUN), "runner");

  const request = (more: Partial<RunTaskCommandInput> = {}): RunTaskCommandInput => ({
    cluster: "main",
    taskDefinition: "web:1",
    launchType: "FARGATE",
    networkConfiguration: {
      awsvpcConfiguration: { subnets: shop.web.privateSubnets, securityGroups: [shop.web.taskGroup] },
    },
    ...more,
  });
  const run = (more: Partial<RunTaskCommandInput> = {}, by = client) => by.send(new RunTaskCommand(request(more)));

  async function registerProgram(program: string): Promise<void> {
    await shop.register(await shop.push("v1", program), {}, { taskRoleArn });
  }

  async function described(taskArn: string): Promise<Task> {
    const input = { cluster: "main", tasks: [taskArn], include: ["TAGS" as const] };
    return (await client.send(new DescribeTasksCommand(input))).tasks?.[0] ?? {};
  }

  return { shop, client, taskRoleArn, request, run, registerProgram, described };
}

export type Runner = Awaited<ReturnType<typeof openRunner>>;
