import type { DashboardArgs } from "@pulumi/aws/cloudwatch/dashboard";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Created, type Declaration } from "../service";
import { checkPublished } from "./published";
import { parseWidgets, type Widget } from "./widgets";

interface Dashboard {
  name: string;
  widgets: Widget[];
}

/** Checks what a dashboard shows against the account. */
export interface Known {
  /** @throws if a dimension names something that does not exist */
  dimensions(dimensions: Record<string, string>): Promise<void>;
  alarm(arn: string): boolean;
}

/** Dashboards. Bodies are parsed as CloudWatch documents them, and checked against the account. */
export function createDashboards(cloud: Cloud, known: Known) {
  const dashboards: Dashboard[] = [];

  function create(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<DashboardArgs>>(declaration, ["dashboardName", "dashboardBody", "region"]);
    const { dashboardName: name, dashboardBody } = inputs;
    if (!/^[\w-]{1,255}$/.test(name))
      throw awsError("InvalidParameterInput", `The dashboard name ${name} has other than letters, digits, _ and -.`);
    if (dashboards.some((it) => it.name === name))
      throw new Error(
        `${declaration.type} ${declaration.name}: a dashboard ${name} exists already: it would be replaced.`,
      );
    dashboards.push({ name, widgets: parseWidgets(name, dashboardBody) });
    return { id: name, outputs: { dashboardArn: cloud.arn("cloudwatch", `dashboard/${name}`, { region: "" }) } };
  }

  /** @throws if a widget could never show anything */
  async function checkWidget({ region, metrics, alarms }: Widget): Promise<void> {
    if (region !== undefined && region !== cloud.region)
      throw new Error(`it shows the region ${region}, and the stack is in ${cloud.region}`);
    for (const metric of metrics) {
      checkPublished(metric);
      await known.dimensions(metric.dimensions).catch((cause: Error) => {
        const what = `${metric.namespace} ${metric.metricName} of ${JSON.stringify(metric.dimensions)}`;
        throw new Error(`${what}: ${cause.message}`, { cause });
      });
    }
    const missing = alarms.find((arn) => !known.alarm(arn));
    if (missing !== undefined) throw new Error(`it shows the alarm ${missing}, which does not exist`);
  }

  return {
    create,
    async check(): Promise<void> {
      for (const { name, widgets } of dashboards)
        for (const widget of widgets)
          await checkWidget(widget).catch((cause: Error) => {
            throw new Error(`The dashboard ${name}, ${widget.title}: ${cause.message}`, { cause });
          });
    },
  };
}
