import type { CloudEvent } from "../cloud/events";
import { commitSchedules, renamedSchedules } from "../forges/storefront";
import { expectEqual, expectSame, type Scenario, type Step } from "./scenario";
import { answers, deliversAs, push } from "./steps/deliveries";
import { addNeighbours, changesRules, keepsNeighbours, removeTarget } from "./steps/scheduleRules";
import { isOneOff, readTask, type TaskEvent } from "./steps/tasks";

const minutes = 5;

const renamed = [
  { name: "sales-report", schedule: "cron(0 3 * * ? *)", state: "ENABLED", command: "node report.js sales" },
];
/** Requested by version 3.5.0, which is delivered at the end. */
export const frequent = [
  ...renamed,
  { name: "stock", schedule: `rate(${minutes} minutes)`, state: "ENABLED", command: "node report.js stock" },
];
const frequentSchedules = `${renamedSchedules}  - name: stock
    rate: ${minutes} minutes
    command: [node, report.js, stock]
    cpu: 512
    memory: 1024
`;

/** A due schedule runs the last delivered version, with the schedule's size. */
const fallsDue: Step = {
  title: `${minutes} minutes later schedule stock is due, and its task succeeds`,
  async run(context) {
    const stopped = context.event(
      (event): event is TaskEvent =>
        isOneOff(context, event) &&
        event.status === "STOPPED" &&
        event.startedBy === "events-rule/dev-storefront--stock",
    );
    const fired = context.event(
      (event): event is Extract<CloudEvent, { kind: "rule" }> =>
        event.kind === "rule" && event.rule === "dev-storefront--stock",
    );
    await context.pass(minutes * 60_000);
    expectEqual("why the rule could not call ECS", (await fired).error ?? "", "");
    const task = await stopped;
    expectEqual("the task's exit code", task.exitCode, 0);
    expectSame("what it ran", await readTask(context, task), { version: "3.5.0", cpu: "512", memory: "1024" });
    const lines = context
      .since()
      .flatMap((it) => (it.kind === "log" && it.stream.endsWith(idOf(task)) ? [it.line] : []));
    expectSame(
      "what it logged",
      lines.map((line) => JSON.parse(line)).map(({ time: _, ...entry }) => entry),
      [{ version: "3.5.0", level: "info", message: "report", name: "stock", about: "products that run out" }],
    );
    return `task ${idOf(task).slice(0, 8)} of version 3.5.0 exited with 0`;
  },
};

const idOf = ({ taskArn }: TaskEvent): string => taskArn.split("/").at(-1) ?? taskArn;

export const schedules: Scenario = {
  name: "schedules",
  title: "schedules change with the version, other rules do not, and they run the delivered image",
  needs: ["deliver"],
  steps: [
    addNeighbours,
    push("version 3.4.0 is pushed, with one schedule renamed and the other gone", (repository) =>
      commitSchedules(repository, "3.4.0", renamedSchedules),
    ),
    deliversAs({ schedules: renamed }),
    changesRules({
      "daily-report": ["targets", "deleted"],
      "sales-report": ["put", "targets"],
      stock: ["targets", "deleted"],
    }),
    removeTarget("sales-report"),
    push(`version 3.5.0 is pushed, with schedule stock again, every ${minutes} minutes`, (repository) =>
      commitSchedules(repository, "3.5.0", frequentSchedules),
    ),
    deliversAs({ schedules: frequent }),
    changesRules({ "sales-report": ["targets"], stock: ["put", "targets"] }),
    fallsDue,
    keepsNeighbours,
    answers("3.5.0"),
  ],
};
