import { expect } from "chai";
import { alarmWidgets } from "../../../infra/observability/dashboard";
import type { Program } from "../../../rehearsal/program";
import { ofType, resource, stackDev } from "../support";

interface Widget {
  type: string;
  properties: { title: string; region?: string; stat?: string; metrics?: string[][]; alarms?: string[] };
}

function widgetsOf(program: Program): Widget[] {
  const { dashboardBody } = resource(program, "aws:cloudwatch/dashboard:Dashboard", "slipway").inputs;
  return JSON.parse(String(dashboardBody)).widgets;
}

/** What a graph shows, by namespace, metric and the values of its dimensions. */
const shown = ({ properties: { title, stat, metrics = [] } }: Widget): [string, string | undefined, string[]] => [
  title,
  stat,
  metrics.map(([namespace, metric, ...dimensions]) =>
    [namespace, metric, ...dimensions.filter((_, index) => index % 2 === 1)].join(" "),
  ),
];

describe("the dashboard of stack dev", () => {
  let program: Program;
  before(async () => {
    program = await stackDev();
  });

  it("is called after the environment and the region: an account has one set of dashboards for all regions", () => {
    expect(resource(program, "aws:cloudwatch/dashboard:Dashboard", "slipway").inputs.dashboardName).to.equal(
      "slipway-dev-us-east-1",
    );
  });

  it("shows every alarm of the stack", () => {
    const alarms = [...ofType(program, "aws:cloudwatch/metricAlarm:MetricAlarm").keys()];
    const [first] = widgetsOf(program).filter(({ type }) => type === "alarm");
    expect(first?.properties.alarms?.sort()).to.deep.equal(
      alarms.map((name) => `arn:aws:cloudwatch:us-east-1:123456789012:${name}-0000000`).sort(),
    );
  });

  it("shows errors, throttles and duration of every function", () => {
    const functions = [...ofType(program, "aws:lambda/function:Function").keys()].sort();
    const graphs = widgetsOf(program).filter(({ properties }) => properties.title.startsWith("Functions: "));
    expect(graphs.map((widget) => shown(widget)).map(([title, stat]) => [title, stat])).to.deep.equal([
      ["Functions: errors", "Sum"],
      ["Functions: throttles", "Sum"],
      ["Functions: duration, milliseconds", "Maximum"],
    ]);
    for (const { properties } of graphs)
      expect(properties.metrics?.map((metric) => metric[3]).sort()).to.deep.equal(
        functions.map((name) => `${name}-0000000`),
      );
  });

  it("shows requests, pushes and each service", () => {
    const api = "slipway-api-id";
    const queue = "slipway-pushes-0000000";
    const targets = "targetgroup/storefront-web-0000000/0 app/slipway-load-balancer-0000000/0";
    const service = (name: string) => `slipway-cluster-0000000 storefront-${name}-service-0000000`;
    const rest = widgetsOf(program).filter(
      ({ type, properties }) => type === "metric" && !properties.title.startsWith("Functions: "),
    );
    expect(rest.map(shown)).to.deep.equal([
      ["Requests", "Sum", ["Count", "4xx", "5xx"].map((metric) => `AWS/ApiGateway ${metric} ${api}`)],
      [
        "Pushes: waiting, in progress",
        "Maximum",
        [
          `AWS/SQS ApproximateNumberOfMessagesVisible ${queue}`,
          `AWS/SQS ApproximateNumberOfMessagesNotVisible ${queue}`,
        ],
      ],
      [
        "storefront/web: CPU and memory, percent",
        "Average",
        [`AWS/ECS CPUUtilization ${service("web")}`, `AWS/ECS MemoryUtilization ${service("web")}`],
      ],
      [
        "storefront/web: requests",
        "Sum",
        [`AWS/ApplicationELB RequestCount ${targets}`, `AWS/ApplicationELB HTTPCode_Target_5XX_Count ${targets}`],
      ],
      ["storefront/web: latency, seconds", "p90", [`AWS/ApplicationELB TargetResponseTime ${targets}`]],
      [
        "storefront/web: targets",
        "Maximum",
        [`AWS/ApplicationELB HealthyHostCount ${targets}`, `AWS/ApplicationELB UnHealthyHostCount ${targets}`],
      ],
      [
        "storefront/worker: CPU and memory, percent",
        "Average",
        [`AWS/ECS CPUUtilization ${service("worker")}`, `AWS/ECS MemoryUtilization ${service("worker")}`],
      ],
    ]);
    for (const { properties } of rest) expect(properties.region).to.equal("us-east-1");
  });
});

describe("the alarms of a dashboard", () => {
  const SIZES: [alarms: number, widgets: number[]][] = [
    [0, []],
    [100, [100]],
    [201, [100, 100, 1]],
  ];
  for (const [count, sizes] of SIZES)
    it(`take ${sizes.length} widgets where there are ${count}, for each takes a hundred`, () => {
      const arns = Array.from({ length: count }, (_, index) => `alarm-${index}`);
      const widgets = alarmWidgets(arns).map(({ properties }) => properties.alarms);
      expect(widgets.map(({ length }) => length)).to.deep.equal(sizes);
      expect(widgets.flat()).to.deep.equal(arns);
    });
});
