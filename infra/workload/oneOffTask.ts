import * as pulumi from "@pulumi/pulumi";
import { applicationContainer } from "../../handlers/build/buildspec";
import type { Statement } from "../foundation/role";
import type { Network } from "../network/network";
import type { TaskSettings } from "../settings";
import type { StackContext } from "../stackContext";
import type { Cluster } from "./cluster";
import type { ImageRepository } from "./registry";
import { createTaskDefinition, revisionsOf, type TaskDefinition } from "./taskDefinition";

export interface OneOffTaskArgs {
  stack: StackContext;
  application: string;
  settings: TaskSettings;
  network: Network;
  registry: ImageRepository;
}

/** The application's one-off task: runs migrations and schedules, each with its own command. */
export class OneOffTask extends pulumi.ComponentResource {
  readonly taskDefinition: TaskDefinition;
  /** The container that runs the application's image. */
  readonly container = applicationContainer;
  /** Prefix of its log streams: `<prefix>/<container>/<task id>`. */
  readonly streamPrefix = "task";

  constructor(name: string, args: OneOffTaskArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:OneOffTask", name, {}, opts);
    const { stack, application, settings, network, registry } = args;
    const { environment } = stack;
    this.taskDefinition = createTaskDefinition(
      name,
      {
        stack,
        family: `${environment}-${name}`,
        settings,
        network,
        registry,
        streamPrefix: this.streamPrefix,
        tags: { environment, application },
      },
      { parent: this },
    );
    this.registerOutputs({ taskDefinitionArn: this.taskDefinition.taskDefinitionArn });
  }
}

/** Running it, only in this cluster. */
export const runningTask = ({ taskDefinition }: Pick<OneOffTask, "taskDefinition">, cluster: Cluster): Statement => ({
  actions: ["ecs:RunTask"],
  resources: revisionsOf([taskDefinition]),
  conditions: { ArnEquals: { "ecs:cluster": cluster.arn } },
});
