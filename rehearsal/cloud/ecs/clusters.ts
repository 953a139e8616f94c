import { awsError, type Cloud } from "../service";

const nameOf = (reference = "default"): string => reference.split("/").at(-1) ?? "";

/** The clusters of the account, by name; requests contain a name or ARN. */
export function createClusters(cloud: Cloud) {
  const clusters = new Map<string, string>();
  const arnOf = (reference: string | undefined): string => cloud.arn("ecs", `cluster/${nameOf(reference)}`);

  return {
    add(name: string): string {
      clusters.set(name, arnOf(name));
      return arnOf(name);
    },
    /** @throws AwsError ClusterNotFoundException */
    find(reference: string | undefined): { arn: string; name: string } {
      const name = nameOf(reference);
      const arn = clusters.get(name);
      if (arn === undefined) throw awsError("ClusterNotFoundException", "Cluster not found.");
      return { arn, name };
    },
    // Permissions are checked before any lookup: only the name is known then.
    /** ARN of a service or task of the cluster. */
    member: (kind: string, cluster: string | undefined, reference: string): string =>
      cloud.arn("ecs", `${kind}/${nameOf(cluster)}/${nameOf(reference)}`),
    context: (cluster: string | undefined) => ({ "ecs:cluster": arnOf(cluster) }),
  };
}

export type Clusters = ReturnType<typeof createClusters>;
