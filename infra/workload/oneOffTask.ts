import * as pulumi from "@pulumi/pulumi";
import { applicationContainer } from "../../handlers/build/buildspec";
import type { Statement } from "../foundation/role";
import type { Network } from "../network/network";
import type { TaskSettings } from "../settings";
import type { Operations } from "../stackContext";
import type { Cluster } from "./cluster";
import type { ImageRepository } from "./registry";
import { createTemplate, revisionsOf, type Template } from "./taskDefinition";

export interface TaskArgs {
  operations: Operations;
  application: string;
  settings: TaskSettings;
  network: Network;
  registry: ImageRepository;
}

/** The application's one-off task: what migrations and schedules run, each with a command of its own. */
export class Task extends pulumi.ComponentResource {
  readonly template: Template;
  /** The container that runs the application's image. */
  readonly container = applicationContainer;
  /** The first part of its log streams: `<prefix>/<container>/<task id>`. */
  readonly streamPrefix = "task";

  constructor(name: string, args: TaskArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Task", name, {}, opts);
    const { operations, application, settings, network, registry } = args;
    const { environment } = operations;
    this.template = createTemplate(
      name,
      {
        operations,
        family: `${environment}-${name}`,
        settings,
        network,
        registry,
        streamPrefix: this.streamPrefix,
        tags: { environment, application },
      },
      { parent: this },
    );
    this.registerOutputs({ taskDefinitionArn: this.template.taskDefinitionArn });
  }
}

/** Running it, in this cluster alone. */
export const runningTask = ({ template }: Pick<Task, "template">, cluster: Cluster): Statement => ({
  actions: ["ecs:RunTask"],
  resources: revisionsOf([template]),
  conditions: { ArnEquals: { "ecs:cluster": cluster.arn } },
});
