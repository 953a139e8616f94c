import { openShop, type TaskEvent } from "./support";

/** A process that writes this, and then waits for its end. */
export const writing = (expression: string): string => `console.log(${expression}); setInterval(() => {}, 1000);`;

/** A shop whose service runs tasks without the load balancer. */
export async function openTasks() {
  const shop = await openShop();

  const taskEvent = (status: TaskEvent["status"]) =>
    shop.cloud.until((event): event is TaskEvent => event.kind === "task" && event.status === status);

  /** Runs a task of a service that has no load balancer, and resolves with the event of its status. */
  async function run(taskDefinition: string, status: TaskEvent["status"], inputs: object = {}): Promise<TaskEvent> {
    const event = taskEvent(status);
    await shop.declareService(taskDefinition, { desiredCount: 1, loadBalancers: [], ...inputs });
    await shop.cloud.start();
    return event;
  }

  /** The first line that the task writes. */
  async function firstLine(image: string, container: object = {}, task: object = {}): Promise<string> {
    const line = shop.cloud.until((event): event is Extract<typeof event, { kind: "log" }> => event.kind === "log");
    await shop.declareService(await shop.register(image, container, task), { desiredCount: 1, loadBalancers: [] });
    await shop.cloud.start();
    return (await line).line;
  }

  return { shop, taskEvent, run, firstLine };
}

export type Tasks = Awaited<ReturnType<typeof openTasks>>;
