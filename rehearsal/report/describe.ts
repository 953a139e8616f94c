import type { CloudEvent } from "../cloud/events";
import { resourceOf } from "./arn";
import type { PipelineNames } from "./pipelines";
import { isAllClear, subjectOf } from "./subject";

/** How an event is shown: a note stays, an activity is shown while it lasts, a detail only with --verbose. */
export interface Told {
  as: "note" | "activity" | "detail";
  text: string;
}

const lastOf = (arn: string) => arn.split("/").at(-1) ?? arn;
/** Abbreviates a commit as git does; other tags are unchanged. */
const short = (tag: string) => (/^[0-9a-f]{40}$/.test(tag) ? tag.slice(0, 7) : tag);
const because = (reason: string | undefined) => (reason === undefined || reason === "" ? "" : `: ${reason}`);

/** A stage, and its action if that has another name. */
const whereIn = ({ stage, action }: { stage: string; action: string }) =>
  stage === action ? stage : `${stage}/${action}`;

/**
 * Describes an event to a person watching the consoles.
 * @param names to distinguish the pipelines
 */
export function describe(event: CloudEvent, names: PipelineNames = new Map()): Told {
  switch (event.kind) {
    case "api-request":
      return { as: "detail", text: `${event.method} ${event.path} answered ${event.status}` };
    case "function-invoked":
      return {
        as: event.outcome === "failed" ? "note" : "detail",
        text: `function ${event.function} ${event.outcome} after ${event.milliseconds} ms${because(event.error)}`,
      };
    case "connection":
      return describeConnection(event);
    case "log":
      return { as: "detail", text: `${event.group} ${event.line.trimEnd()}` };
    case "message-dead":
      return { as: "note", text: `message ${event.messageId} went to the dead-letter queue ${event.queue}` };
    case "alarm":
      return {
        as: event.state === "ALARM" ? "note" : "detail",
        text: `alarm ${event.alarm} is ${event.state}: ${event.reason}`,
      };
    case "pipeline": {
      const name = names.get(event.pipeline) ?? event.pipeline;
      return event.status === "InProgress"
        ? { as: "activity", text: `${name} starts` }
        : // The action has reported the reason.
          { as: "note", text: `${name}: execution ${event.status}` };
    }
    case "action":
      return describeAction(event, names.get(event.pipeline));
    case "job-result":
      return {
        as: "detail",
        text: `job ${event.jobId} of ${event.stage} ${event.result}${event.refused === undefined ? "" : `, refused: ${event.refused}`}`,
      };
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
    case "balancer-error":
      return { as: "detail", text: `load balancer ${event.loadBalancer} answered ${event.status} by itself` };
    case "target":
      return {
        as: "note",
        text: `target ${event.target} of ${event.targetGroup} is ${event.state}: ${event.reason}`,
      };
    case "rule-triggered":
      return { as: "detail", text: `rule ${event.rule} triggered` };
    case "rule":
      return event.error === undefined
        ? { as: "activity", text: `rule ${event.rule} calls ${resourceOf(event.target)}` }
        : { as: "note", text: `rule ${event.rule} could not call ${resourceOf(event.target)}: ${event.error}` };
    case "rule-changed":
      return describeRuleChange(event);
    case "notice":
      return { as: isAllClear(event) ? "detail" : "note", text: `notice: ${subjectOf(event)}` };
    case "task":
      return describeTask(event);
  }
}

function describeConnection({ from, host, port, path, reason }: Extract<CloudEvent, { kind: "connection" }>): Told {
  return reason === undefined
    ? { as: "detail", text: `${from} reached ${host} by ${path?.join(", ") ?? "AWS's own network"}` }
    : { as: "note", text: `${from} cannot connect to port ${port} of ${host}: ${reason}` };
}

function describeAction(event: Extract<CloudEvent, { kind: "action" }>, pipeline: string | undefined): Told {
  const where = pipeline === undefined ? whereIn(event) : `${pipeline}: ${whereIn(event)}`;
  return event.status === "InProgress"
    ? { as: "activity", text: `${where}${because(event.summary)}` }
    : { as: "note", text: `${where} ${event.status}${because(event.summary)}` };
}

function describeRuleChange({ rule, change, schedule }: Extract<CloudEvent, { kind: "rule-changed" }>): Told {
  // A rule is put, then gets its targets: report it once.
  if (change === "targets") return { as: "detail", text: `rule ${rule} has other targets` };
  if (change === "deleted") return { as: "note", text: `rule ${rule} deleted` };
  return { as: schedule === undefined ? "detail" : "note", text: `rule ${rule} put${because(schedule)}` };
}

function describeTask(event: Extract<CloudEvent, { kind: "task" }>): Told {
  const { family, startedBy, taskArn, status, reason, exitCode } = event;
  const ofFamily = family === undefined ? "" : ` of ${family}`;
  const task = `task ${lastOf(taskArn).slice(0, 8)}${ofFamily}`;
  if (status === "RUNNING") {
    const starter = startedBy === undefined ? "" : `, started by ${startedBy}`;
    return { as: family === undefined ? "activity" : "note", text: `${task} runs${starter}` };
  }
  const exit = exitCode === undefined ? "" : ` with exit code ${exitCode}`;
  // A drained task of a service exits with 0 after each rollout, which is normal.
  const expected = family === undefined && exitCode === 0;
  return { as: expected ? "detail" : "note", text: `${task} stopped${exit}${because(reason)}` };
}
