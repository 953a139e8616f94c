import { setTimeout } from "node:timers/promises";
import type { ListTasksResponse } from "@aws-sdk/client-ecs";
import type { ListTargetsByRuleResponse } from "@aws-sdk/client-eventbridge";
import type { CloudEvent } from "../../cloud/events";
import { subjectOf } from "../../report/subject";
import { expectEqual, expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { application, servicesOf } from "./delivered";
import { serviceUrl } from "./deliveries";
import { asOperator } from "./operator";

const MINUTE = 60_000;
/** Maximum lifetime of a crashing task. Real time passes meanwhile, and the total must stay under a minute. */
const LIFE = 40_000;

/** Number of alarms that changed to a state since the mark, by the start of their names. */
type Changes = Record<string, number>;

/** Alarm notices since the mark: state, and the alarm's name without Pulumi's suffix. */
const alarmNotices = (context: ScenarioContext): [state: string, alarm: string][] =>
  context.since().flatMap((event) => {
    if (event.kind !== "notice") return [];
    const [, state = "", alarm = ""] = /^(\w+): "(.+?)-\w{7}" in /.exec(subjectOf(event)) ?? [];
    return state === "" ? [] : [[state, alarm]];
  });

/** Which service alarms changed to a state since the mark. Alarms on earlier failed deliveries may change meanwhile. */
function expectAlarms(context: ScenarioContext, state: string, expected: Changes): void {
  const alarms = alarmNotices(context).filter(
    ([reported, alarm]) => reported === state && alarm.endsWith("-missing-tasks"),
  );
  const counts: Changes = {};
  for (const [, alarm] of alarms.sort()) counts[alarm] = (counts[alarm] ?? 0) + 1;
  expectSame(`alarms that are ${state}`, counts, expected);
}

/** Sets the mark: later events are effects of this step. */
function mark(context: ScenarioContext): void {
  context.mark = context.account.events.length;
}

/** Nothing has been pushed: no alarm fires. */
export const nothingIsMissing = (minutes: number): Step => ({
  title: `${minutes} minutes pass before the first push without an alarm`,
  async run(context) {
    mark(context);
    await context.pass(minutes * MINUTE);
    // The pipeline's own first execution, which has no source yet, triggers its own alarm.
    const others = alarmNotices(context).filter(([state, alarm]) => state !== "OK" && alarm !== "slipway-failures");
    expectSame("alarms", others, []);
    return undefined;
  },
});

/** Stops every task of a service, like a crash. */
async function stopTasks(context: ScenarioContext, name: string): Promise<void> {
  const service = servicesOf(context).find((it) => it.name === name);
  const { cluster, serviceName } = service ?? {};
  const { taskArns = [] } = await asOperator<ListTasksResponse>(context, "ecs", "ListTasks", { cluster, serviceName });
  for (const task of taskArns)
    await asOperator(context, "ecs", "StopTask", { cluster, task, reason: "it crashes, whatever is done" });
}

/** ECS keeps restarting the tasks of a service, and none lives for a minute. */
export const crashes = (name: string, minutes: number, expected: Changes): Step => ({
  title: `for ${minutes} minutes each task of ${name} crashes soon after its start, and its alarm goes off`,
  async run(context) {
    mark(context);
    for (let passed = 0; passed < minutes * MINUTE; passed += LIFE) {
      await context.clock.during(stopTasks(context, name));
      await context.pass(LIFE);
    }
    expectAlarms(context, "ALARM", expected);
    return Object.keys(expected).join(", ");
  },
});

/** The tasks survive, and the alarms end. */
export const recovers = (minutes: number, expected: Changes): Step => ({
  title: "the tasks keep running, and the alarm ends",
  async run(context) {
    mark(context);
    await context.pass(minutes * MINUTE);
    expectAlarms(context, "OK", expected);
    expectAlarms(context, "ALARM", {});
    return undefined;
  },
});

/** How often a web service's tasks are stopped if it still answers. */
const ATTEMPTS = 20;

/**
 * Stops a web service's tasks until the service stops answering 200: a task that is stopping, or has just started, still
 * answers.
 */
async function statusWithoutTasks(context: ScenarioContext, name: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    await context.clock.during(stopTasks(context, name));
    const { status } = await context.ask(serviceUrl(context));
    if (status !== 200 || attempt === ATTEMPTS) return status;
    await context.clock.during(setTimeout(50));
  }
}

/** A web service has no task for any request. */
export const answersNothing = (name: string, times: number, alarm: string): Step => ({
  title: `the load balancer finds no task of ${name}, and its alarm goes off`,
  async run(context) {
    mark(context);
    const answers: number[] = [];
    for (let asked = 0; asked < times; asked++) {
      answers.push(await statusWithoutTasks(context, name));
      await context.pass(2 * MINUTE);
    }
    // 502 and 504 from a target that is stopping, 503 without one.
    const others = answers.filter((status) => ![502, 503, 504].includes(status));
    expectSame("other answers than the load balancer's own", others, []);
    const reported = alarmNotices(context).filter(([state, it]) => state === "ALARM" && it === alarm);
    expectEqual(`ALARM of ${alarm}`, reported.length, 1);
    return alarm;
  },
});

/** The function that counts missing tasks is no longer invoked, and the alarms on its counts report that. */
export const stopsCounting = (minutes: number, expected: Changes): Step => ({
  title: "somebody disables the rule that counts tasks, and ten minutes later it is noticed",
  async run(context) {
    const rule = stackOf(context).registrations.find(
      ({ name, type }) => name === "slipway-service-check" && /Rule$/.test(type),
    );
    const Name = String(rule?.outputs.name);
    const put = (State: string) =>
      asOperator(context, "events", "PutRule", { Name, ScheduleExpression: rule?.inputs.scheduleExpression, State });
    mark(context);
    await put("DISABLED");
    await context.pass(minutes * MINUTE);
    expectAlarms(context, "INSUFFICIENT_DATA", expected);
    await put("ENABLED");
    return Object.keys(expected).join(", ");
  },
});

type Notice = Extract<CloudEvent, { kind: "notice" }>;

const noticesAbout = (context: ScenarioContext, schedule: string): Notice[] =>
  context
    .since()
    .filter((event): event is Notice => event.kind === "notice")
    .filter((it) =>
      subjectOf(it).startsWith(`${application} in ${stackOf(context).environment}: scheduled task ${schedule} `),
    );

/** A schedule falls due, and its task fails. */
export const taskFails = (schedule: string, minutes: number, cause: string): Step => ({
  title: `${minutes} minutes later schedule ${schedule} is due, and the failure of its task is reported`,
  async run(context) {
    mark(context);
    await context.pass(minutes * MINUTE);
    const [notice] = noticesAbout(context, schedule);
    const headline = `${application} in ${stackOf(context).environment}: scheduled task ${schedule} failed`;
    expectSame("the notice", notice?.message.split("\n").slice(0, 3), [headline, "", cause]);
    return headline;
  },
});

/** EventBridge triggers a rule, but ECS starts no task, and nothing else reports it. */
export const cannotStart = (schedule: string, minutes: number): Step => ({
  title: `the task definition of schedule ${schedule} is gone, and within ${minutes} minutes a notice says that it did not start`,
  async run(context) {
    const Rule = `${stackOf(context).environment}-${application}--${schedule}`;
    const { Targets = [] } = await asOperator<ListTargetsByRuleResponse>(context, "events", "ListTargetsByRule", {
      Rule,
    });
    const taskDefinition = Targets[0]?.EcsParameters?.TaskDefinitionArn;
    await asOperator(context, "ecs", "DeregisterTaskDefinition", { taskDefinition });
    mark(context);
    await context.pass(minutes * MINUTE);
    const [notice] = noticesAbout(context, schedule);
    const headline = `${application} in ${stackOf(context).environment}: scheduled task ${schedule} did not start`;
    expectEqual("the notice", notice?.message.split("\n", 1)[0], headline);
    return headline;
  },
});
