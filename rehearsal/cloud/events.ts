/**
 * What happens in the account, as the report tells it and as scenarios wait for it. One line a kind; services say only
 * what a person watching the consoles would see.
 */
export type CloudEvent =
  /** @property api its id */
  | { kind: "api-request"; api: string; method: string; path: string; status: number }
  | {
      kind: "function-invoked";
      function: string;
      outcome: "succeeded" | "failed";
      milliseconds: number;
      error?: string;
    }
  /**
   * A function in a VPC, or a task, connected to a host, or could not: to a host that is not AWS's whichever way it ended,
   * to one of AWS's only where it could not. By which hops, or what stood in the way. A task is told by its service's name
   * or its family, and once.
   */
  | { kind: "connection"; from: string; host: string; port: number; path?: string[]; reason?: string }
  | { kind: "log"; group: string; stream: string; line: string }
  | { kind: "message-dead"; queue: string; messageId: string }
  | { kind: "alarm"; alarm: string; state: "OK" | "ALARM"; reason: string }
  | { kind: "pipeline"; pipeline: string; executionId: string; status: PipelineStatus; reason?: string }
  | {
      kind: "action";
      pipeline: string;
      executionId: string;
      stage: string;
      action: string;
      status: "InProgress" | "Succeeded" | "Failed" | "Abandoned";
      summary?: string;
    }
  /** A final result that a function sent for a job of its pipeline; refused by CodePipeline where it says why. */
  | {
      kind: "job-result";
      pipeline: string;
      executionId: string;
      stage: string;
      action: string;
      jobId: string;
      result: "succeeded" | "failed";
      refused?: string;
    }
  | { kind: "build"; project: string; buildId: string; status: "IN_PROGRESS" | "SUCCEEDED" | "FAILED"; phase?: string }
  | { kind: "image-pushed"; repository: string; tags: string[]; digest: string }
  | {
      kind: "deployment";
      service: string;
      deploymentId: string;
      taskDefinition: string;
      rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED";
      reason?: string;
    }
  /** The load balancer answered a request by itself, since no target did: 502, 503 or 504. */
  | { kind: "balancer-error"; loadBalancer: string; status: number }
  | { kind: "target"; targetGroup: string; target: string; state: "unhealthy"; reason: string }
  /** A rule matched an event, or its schedule fell due. */
  | { kind: "rule-triggered"; rule: string }
  /**
   * A rule has called a target, or has given up.
   * @property error why it has given up
   */
  | { kind: "rule"; rule: string; target: string; error?: string }
  | { kind: "rule-changed"; rule: string; change: "put" | "targets" | "deleted"; schedule?: string }
  /** A message that somebody published to a topic. */
  | { kind: "notice"; topic: string; subject?: string; message: string }
  | {
      kind: "task";
      service?: string;
      /** Of tasks that belong to no service: of which task definition they are, and what started them. */
      family?: string;
      startedBy?: string;
      taskArn: string;
      status: "RUNNING" | "STOPPED";
      reason?: string;
      exitCode?: number;
    };

export type PipelineStatus = "InProgress" | "Succeeded" | "Failed" | "Superseded" | "Stopped";
