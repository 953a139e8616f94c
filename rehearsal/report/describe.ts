import type { CloudEvent } from "../cloud/events";

/** How an event is told: a note stays, an activity is shown while it lasts, a detail is for those who want everything. */
export interface Told {
  as: "note" | "activity" | "detail";
  text: string;
}

const lastOf = (arn: string) => arn.split("/").at(-1) ?? arn;
/** A commit as git abbreviates it; other tags as they are. */
const short = (tag: string) => (/^[0-9a-f]{40}$/.test(tag) ? tag.slice(0, 7) : tag);
const because = (reason: string | undefined) => (reason === undefined || reason === "" ? "" : `: ${reason}`);

/** What a person watching the consoles would say of an event. */
export function describe(event: CloudEvent): Told {
  switch (event.kind) {
    case "api-request":
      return { as: "detail", text: `${event.method} ${event.path} answered ${event.status}` };
    case "function-invoked":
      return {
        as: event.outcome === "failed" ? "note" : "detail",
        text: `function ${event.function} ${event.outcome} after ${event.milliseconds} ms${because(event.error)}`,
      };
    case "log":
      return { as: "detail", text: `${event.group} ${event.line.trimEnd()}` };
    case "message-dead":
      return { as: "note", text: `message ${event.messageId} went to the dead-letter queue ${event.queue}` };
    case "alarm":
      return {
        as: event.state === "ALARM" ? "note" : "detail",
        text: `alarm ${event.alarm} is ${event.state}: ${event.reason}`,
      };
    case "pipeline":
      return event.status === "InProgress"
        ? { as: "activity", text: `${event.pipeline} starts` }
        : // Why it failed, the action has said.
          { as: "note", text: `${event.pipeline}: execution ${event.status}` };
    case "action":
      return event.status === "InProgress"
        ? { as: "activity", text: `${event.stage}${because(event.summary)}` }
        : { as: "note", text: `${event.stage} ${event.status}${because(event.summary)}` };
    case "build":
      return { as: "activity", text: `Build: ${event.phase ?? event.status}` };
    case "image-pushed":
      return {
        as: "note",
        text: `image ${event.digest.slice(0, 19)} pushed as ${event.tags.map(short).join(", ") || "no tag"}`,
      };
    case "deployment":
      return {
        as: event.rolloutState === "IN_PROGRESS" ? "activity" : "note",
        text: `${event.service}: rollout of ${lastOf(event.taskDefinition)} ${event.rolloutState}${because(event.reason)}`,
      };
    case "target":
      return {
        as: "note",
        text: `target ${event.target} of ${event.targetGroup} is ${event.state}: ${event.reason}`,
      };
    case "task":
      return describeTask(event);
  }
}

function describeTask({ taskArn, status, reason, exitCode }: Extract<CloudEvent, { kind: "task" }>): Told {
  const task = `task ${lastOf(taskArn).slice(0, 8)}`;
  if (status === "RUNNING") return { as: "activity", text: `${task} runs` };
  const exit = exitCode === undefined ? "" : ` with exit code ${exitCode}`;
  // A drained task ends with 0 after each rollout: that is the way of things.
  return { as: exitCode === 0 ? "detail" : "note", text: `${task} stopped${exit}${because(reason)}` };
}
