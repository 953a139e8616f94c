import type { InvocationRequest, InvocationResponse } from "@aws-sdk/client-lambda";
import type { GetQueueAttributesRequest, GetQueueAttributesResult } from "@aws-sdk/client-sqs";
import { type Alarm, type AlarmState, evaluate, readAlarm, type Sample } from "./cloudWatch/alarm";
import type { CloudEvent } from "./events";
import type { Cloud, Created, Declaration, Principal, Service } from "./service";
import type { PublishRequest } from "./sns";
import { queueUrl } from "./sqs/queueUrl";

interface Watched {
  alarm: Alarm;
  state: AlarmState;
  samples: Sample[];
}

// CloudWatch evaluates an alarm every minute, and services publish their metrics as often.
const MINUTE = 60_000;

const CLOUDWATCH: Principal = { kind: "aws", service: "cloudwatch.amazonaws.com" };

/**
 * Amazon CloudWatch: alarms on the metrics that the simulated services have. Each is measured and evaluated every minute
 * of simulated time, told when it changes its state, and published to its topics.
 */
export function createCloudWatch(cloud: Cloud): Service {
  const watched: Watched[] = [];
  let stopped = false;

  function create(declaration: Declaration): Created {
    const alarm = readAlarm(cloud, declaration);
    const metric = `${alarm.namespace} ${alarm.metricName}`;
    if (metric !== DEAD_LETTERS && metric !== ERRORS)
      throw new Error(`${declaration.type} ${declaration.name}: the metric ${metric} is not simulated.`);
    watched.push({ alarm, state: "INSUFFICIENT_DATA", samples: [] });
    return { id: alarm.name, outputs: { arn: alarm.arn, name: alarm.name } };
  }

  /** Lambda publishes Errors with every invocation, 0 where it succeeded. */
  function count(event: CloudEvent): void {
    if (event.kind !== "function-invoked") return;
    const value = event.outcome === "failed" ? 1 : 0;
    for (const { alarm, samples } of watched)
      if (metricOf(alarm) === ERRORS && alarm.dimensions.FunctionName === event.function)
        samples.push({ at: cloud.clock.now(), value });
  }

  async function measure({ alarm, samples }: Watched): Promise<void> {
    const now = cloud.clock.now();
    const oldest = now - alarm.period * alarm.evaluationPeriods * 1000;
    while (samples[0] !== undefined && samples[0].at <= oldest) samples.shift();
    if (metricOf(alarm) !== DEAD_LETTERS) return;
    const { Attributes } = await cloud.call<GetQueueAttributesRequest, GetQueueAttributesResult>(
      CLOUDWATCH,
      "sqs",
      "GetQueueAttributes",
      {
        QueueUrl: queueUrl(cloud, alarm.dimensions.QueueName ?? ""),
        AttributeNames: ["ApproximateNumberOfMessages"],
      },
    );
    samples.push({ at: now, value: Number(Attributes?.ApproximateNumberOfMessages) });
  }

  /** @throws where an alarm's queue or function does not exist: it would never go off */
  async function check(it: Watched): Promise<void> {
    const { alarm } = it;
    try {
      await measure(it);
      // A dry run fails where there is no such function, and runs nothing.
      if (metricOf(alarm) === ERRORS)
        await cloud.call<InvocationRequest, InvocationResponse>(CLOUDWATCH, "lambda", "Invoke", {
          FunctionName: alarm.dimensions.FunctionName ?? "",
          InvocationType: "DryRun",
        });
    } catch (cause) {
      const dimensions = JSON.stringify(alarm.dimensions);
      const message = `The alarm ${alarm.name} cannot measure ${metricOf(alarm)} of ${dimensions}: `;
      throw new Error(`${message}${(cause as Error).message}`, { cause });
    }
  }

  async function review(it: Watched): Promise<void> {
    await measure(it);
    const { state, reason } = evaluate(it.alarm, it.samples, cloud.clock.now(), it.state);
    if (stopped || state === it.state) return;
    const before = it.state;
    it.state = state;
    if (state !== "INSUFFICIENT_DATA") cloud.tell({ kind: "alarm", alarm: it.alarm.name, state, reason });
    await publish(cloud, it.alarm, { before, state, reason });
  }

  async function watch(): Promise<void> {
    while (!stopped) {
      await cloud.clock.wait(MINUTE);
      for (const it of watched) await review(it);
    }
  }

  return {
    name: "monitoring",
    resources: { "aws:cloudwatch/metricAlarm:MetricAlarm": create },
    operations: {},
    async start() {
      for (const it of watched) await check(it);
      // Never resolves: it is there to see every event.
      void cloud.until((event): event is never => {
        count(event);
        return false;
      });
      void watch();
    },
    stop() {
      stopped = true;
    },
  };
}

const DEAD_LETTERS = "AWS/SQS ApproximateNumberOfMessagesVisible";
const ERRORS = "AWS/Lambda Errors";
const metricOf = ({ namespace, metricName }: Alarm) => `${namespace} ${metricName}`;

/** Publishes the change to the topics of the new state, as CloudWatch words it; what its policy forbids is told. */
async function publish(
  cloud: Cloud,
  alarm: Alarm,
  change: { before: AlarmState; state: AlarmState; reason: string },
): Promise<void> {
  if (!alarm.actionsEnabled) return;
  const caller: Principal = {
    kind: "service",
    service: "cloudwatch.amazonaws.com",
    context: { "aws:SourceArn": alarm.arn, "aws:SourceAccount": cloud.accountId },
  };
  const Message = JSON.stringify({
    AlarmName: alarm.name,
    AlarmDescription: alarm.description,
    AWSAccountId: cloud.accountId,
    AlarmArn: alarm.arn,
    NewStateValue: change.state,
    OldStateValue: change.before,
    NewStateReason: change.reason,
    StateChangeTime: new Date(cloud.clock.now()).toISOString(),
    Region: cloud.region,
  });
  const Subject = `${change.state}: "${alarm.name}" in ${cloud.region}`;
  for (const TopicArn of alarm.actions[change.state])
    try {
      await cloud.call<PublishRequest, object>(caller, "sns", "Publish", { TopicArn, Subject, Message });
    } catch (error) {
      if (change.state === "INSUFFICIENT_DATA") throw error;
      const reason = `Failed to execute action ${TopicArn}: ${(error as Error).message}`;
      cloud.tell({ kind: "alarm", alarm: alarm.name, state: change.state, reason });
    }
}
