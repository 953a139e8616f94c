/**
 * What happens in the account, for the report and for scenarios that wait for it. One line per kind; services report
 * only what a person watching the consoles would see.
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
   * A function in a VPC, or a task, connected to a host or failed to: always reported for hosts outside AWS, for AWS's
   * own only on failure. With the hops, or the obstacle. A task appears under its service's name or its family, once.
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
  /** A final result that a function sent for a pipeline job; the reason if CodePipeline rejected it. */
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
  /** The load balancer itself answered a request, since no target did: 502, 503 or 504. */
  | { kind: "balancer-error"; loadBalancer: string; status: number }
  | { kind: "target"; targetGroup: string; target: string; state: "unhealthy"; reason: string }
  /** A rule matched an event, or its schedule was due. */
  | { kind: "rule-triggered"; rule: string }
  /**
   * A rule called a target, or gave up.
   * @property error why it gave up
   */
  | { kind: "rule"; rule: string; target: string; error?: string }
  | { kind: "rule-changed"; rule: string; change: "put" | "targets" | "deleted"; schedule?: string }
  /** A message published to a topic. */
  | { kind: "notice"; topic: string; subject?: string; message: string }
  | {
      kind: "task";
      service?: string;
      /** For tasks without a service: their task definition's family, and what started them. */
      family?: string;
      startedBy?: string;
      taskArn: string;
      status: "RUNNING" | "STOPPED";
      reason?: string;
      exitCode?: number;
    };

export type PipelineStatus = "InProgress" | "Succeeded" | "Failed" | "Superseded" | "Stopped";
