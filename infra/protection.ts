import * as pulumi from "@pulumi/pulumi";

/** Resources with state that `pulumi up` cannot restore, or with addresses that clients use. */
const STATEFUL = new Set([
  "aws:apigatewayv2/api:Api",
  "aws:dynamodb/table:Table",
  "aws:ec2/eip:Eip",
  "aws:ecr/repository:Repository",
  "aws:lb/loadBalancer:LoadBalancer",
  "aws:secretsmanager/secret:Secret",
]);

/**
 * Protects stateful resources: Pulumi refuses to delete or replace them, even if an application is renamed or removed.
 * Buckets are not protected: they hold copies of commits, and artifacts. Neither are repositories whose images can be
 * rebuilt at any time. Call it before the first resource is created.
 */
export function protectState(): void {
  pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
    STATEFUL.has(type) && props.forceDelete !== true ? { props, opts: { ...opts, protect: true } } : undefined,
  );
}
