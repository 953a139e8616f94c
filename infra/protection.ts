import * as pulumi from "@pulumi/pulumi";

/** What holds state that no `pulumi up` brings back, and what clients know by its address. */
const STATEFUL = new Set([
  "aws:dynamodb/table:Table",
  "aws:ecr/repository:Repository",
  "aws:lb/loadBalancer:LoadBalancer",
  "aws:secretsmanager/secret:Secret",
]);

/**
 * Protects resources that hold state: Pulumi refuses to delete or replace them, also where an application is renamed or
 * removed. Buckets are not among them: they hold copies of commits, and what one stage leaves to the next. Neither is a
 * repository whose images can be built again at any time. Call it before the first resource.
 */
export function protectState(): void {
  pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
    STATEFUL.has(type) && props.forceDelete !== true ? { props, opts: { ...opts, protect: true } } : undefined,
  );
}
