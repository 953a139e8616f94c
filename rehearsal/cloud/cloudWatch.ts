import { type Alarm, type AlarmState, evaluate, readAlarm, type Sample } from "./cloudWatch/alarm";
import { createDashboards } from "./cloudWatch/dashboard";
import { createDimensions } from "./cloudWatch/dimensions";
import { createMetricData } from "./cloudWatch/metricData";
import type { Term } from "./cloudWatch/metricMath";
import { createMetrics, type Metric, metricOf } from "./cloudWatch/metrics";
import { publish } from "./cloudWatch/notification";
import { checkPublished, isCustom, type MetricName } from "./cloudWatch/published";
import type { CloudEvent } from "./events";
import type { Cloud, Created, Declaration, Service } from "./service";

interface Watched {
  alarm: Alarm;
  state: AlarmState;
  series: Series[];
}

/** What is known about one metric of an alarm. */
interface Series {
  term: Term;
  metric: Metric;
  samples: Sample[];
}

const PUT: Metric = { published: "by PutMetricData" };

// CloudWatch evaluates alarms every minute; services publish their metrics as often.
const MINUTE = 60_000;

/**
 * Amazon CloudWatch: alarms on the metrics that the simulated services have, and dashboards. Each alarm is evaluated
 * every minute of simulated time. A change of state is reported, and published to the alarm's topics. An alarm or
 * dashboard metric that could never show anything is an error when the account starts.
 */
export function createCloudWatch(cloud: Cloud): Service {
  const watched: Watched[] = [];
  const dimensions = createDimensions(cloud);
  const metrics = createMetrics(dimensions);
  const dashboards = createDashboards(cloud, {
    dimensions: dimensions.check,
    alarm: (arn) => watched.some((it) => it.alarm.arn === arn),
  });
  let stopped = false;

  function create(declaration: Declaration): Created {
    const alarm = readAlarm(cloud, declaration);
    const series = alarm.terms.map((term) => {
      const metric = metrics[metricOf(term)] ?? (isCustom(term.namespace) ? PUT : undefined);
      if (metric === undefined)
        throw new Error(`${declaration.type} ${declaration.name}: the metric ${metricOf(term)} is not simulated.`);
      return { term, metric, samples: [] };
    });
    watched.push({ alarm, state: "INSUFFICIENT_DATA", series });
    return { id: alarm.name, outputs: { arn: alarm.arn, name: alarm.name } };
  }

  const metricData = createMetricData(cloud, metrics, (name, sample) => {
    for (const { term, samples } of watched.flatMap((it) => it.series)) if (isSame(term, name)) samples.push(sample);
  });

  function count(event: CloudEvent): void {
    metricData.note(event);
    for (const { term, metric, samples } of watched.flatMap((it) => it.series)) {
      const value = "counts" in metric ? metric.counts(event, term.dimensions) : undefined;
      if (value !== undefined) samples.push({ at: cloud.clock.now(), value });
    }
  }

  async function measure({ alarm, series }: Watched): Promise<void> {
    const now = cloud.clock.now();
    const oldest = now - alarm.period * alarm.evaluationPeriods * 1000;
    for (const { term, metric, samples } of series) {
      while (samples[0] !== undefined && samples[0].at <= oldest) samples.shift();
      const value = "asks" in metric ? await metric.asks(term.dimensions) : undefined;
      if (value !== undefined) samples.push({ at: now, value });
    }
  }

  /** @throws if the resource of an alarm does not exist: it could never fire */
  async function check({ alarm, series }: Watched): Promise<void> {
    for (const { term } of series)
      try {
        checkPublished(term);
        await dimensions.check(term.dimensions);
      } catch (cause) {
        const what = `${metricOf(term)} of ${JSON.stringify(term.dimensions)}`;
        const message = `The alarm ${alarm.name} cannot measure ${what}: ${(cause as Error).message}`;
        throw new Error(message, { cause });
      }
  }

  async function review(it: Watched): Promise<void> {
    await measure(it);
    const samples = it.series.map((series) => series.samples);
    const { state, reason } = evaluate(it.alarm, samples, cloud.clock.now(), it.state);
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
    resources: {
      "aws:cloudwatch/metricAlarm:MetricAlarm": create,
      "aws:cloudwatch/dashboard:Dashboard": dashboards.create,
    },
    operations: metricData.operations,
    async start() {
      for (const it of watched) await check(it);
      await dashboards.check();
      for (const it of watched) await measure(it);
      // Never resolves: it only watches every event.
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

const isSame = (a: MetricName, b: MetricName): boolean =>
  metricOf(a) === metricOf(b) && canonical(a.dimensions) === canonical(b.dimensions);

const canonical = (dimensions: Record<string, string>): string => JSON.stringify(Object.entries(dimensions).sort());
