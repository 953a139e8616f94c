import type {
  AutoScalingGroup,
  AutoScalingGroupNamesType,
  AutoScalingGroupsType,
  SetInstanceHealthQuery,
} from "@aws-sdk/client-auto-scaling";
import type { Reservation, RunInstancesRequest, TerminateInstancesRequest } from "@aws-sdk/client-ec2";
import type { GroupArgs } from "@pulumi/aws/autoscaling/group";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import type { Instance } from "./ec2/instance";
import { stateOf } from "./network/state";
import { createQueryProtocol } from "./queryProtocol";
import { awsError, type Cloud, type Created, type Declaration, operation, type Service } from "./service";

interface Group {
  name: string;
  arn: string;
  template: { id?: string; name?: string };
  subnetIds: string[];
  desiredCapacity: number;
  minSize: number;
  maxSize: number;
  /** Seconds after the launch during which an instance's health is ignored. */
  gracePeriod: number;
  tags: { key: string; value: string; propagateAtLaunch: boolean }[];
  instanceIds: string[];
}

// Metrics, cool-downs and instance refresh settings have no effect here.
const GROUP_INPUTS: (keyof GroupArgs)[] = [
  "name",
  "minSize",
  "maxSize",
  "desiredCapacity",
  "vpcZoneIdentifiers",
  "launchTemplate",
  "healthCheckType",
  "healthCheckGracePeriod",
  "tags",
  "defaultCooldown",
  "defaultInstanceWarmup",
  "enabledMetrics",
  "forceDelete",
  "instanceRefresh",
  "metricsGranularity",
  "region",
  "terminationPolicies",
  "waitForCapacityTimeout",
];

// How long a group takes to notice that an instance is gone.
const HEALTH_CHECK = 60_000;

const SERVICE = { kind: "aws", service: "autoscaling.amazonaws.com" } as const;

/** Amazon EC2 Auto Scaling: groups that keep their desired number of instances. */
export function createAutoScaling(cloud: Cloud): Service {
  const groups = new Map<string, Group>();
  const { instances, subnets, watchers } = stateOf(cloud);

  async function createGroup(declaration: Declaration): Promise<Created> {
    const args = inputsOf<Unwrap<GroupArgs>>(declaration, GROUP_INPUTS);
    const name = cloud.physicalName(declaration, args.name);
    const { minSize, maxSize, desiredCapacity = minSize, vpcZoneIdentifiers: subnetIds = [], launchTemplate } = args;
    if (desiredCapacity < minSize || desiredCapacity > maxSize)
      throw awsError(
        "ValidationError",
        `Desired capacity:${desiredCapacity} must be between the specified min size:${minSize} and max size:${maxSize}`,
      );
    const missing = subnetIds.find((id) => !subnets.has(id));
    if (missing !== undefined || subnetIds.length === 0)
      throw awsError("ValidationError", `The subnet ID '${missing ?? ""}' does not exist`);
    if (launchTemplate === undefined)
      throw awsError("ValidationError", "Valid requests must contain a LaunchTemplate or a MixedInstancesPolicy");
    const arn = cloud.arn("autoscaling", `autoScalingGroup:${uuid()}:autoScalingGroupName/${name}`);
    const group: Group = {
      name,
      arn,
      template: launchTemplate,
      subnetIds,
      desiredCapacity,
      minSize,
      maxSize,
      gracePeriod: args.healthCheckGracePeriod ?? 300,
      tags: args.tags ?? [],
      instanceIds: [],
    };
    groups.set(name, group);
    await fill(group);
    return {
      id: name,
      outputs: { name, arn, desiredCapacity, availabilityZones: subnetIds.map((id) => subnets.get(id)?.zone) },
    };
  }

  const uuid = () => cloud.id(32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

  async function fill(group: Group): Promise<void> {
    while (group.instanceIds.length < group.desiredCapacity) {
      const { template, subnetIds, tags } = group;
      const Tags = tags
        .filter((it) => it.propagateAtLaunch)
        .map(({ key, value }) => ({ Key: key, Value: value }))
        .concat({ Key: "aws:autoscaling:groupName", Value: group.name });
      const { Instances = [] } = await cloud.call<RunInstancesRequest, Reservation>(SERVICE, "ec2", "RunInstances", {
        MinCount: 1,
        MaxCount: 1,
        LaunchTemplate: { LaunchTemplateId: template.id, LaunchTemplateName: template.name },
        // The subnet with the fewest instances, in turn.
        SubnetId: subnetIds[group.instanceIds.length % subnetIds.length],
        TagSpecifications: [{ ResourceType: "instance", Tags }],
      });
      group.instanceIds.push(...Instances.map((it) => it.InstanceId ?? ""));
    }
  }

  const groupOf = (instanceId: string | undefined) =>
    [...groups.values()].find((it) => it.instanceIds.includes(instanceId ?? ""));

  watchers.push(({ id }: Instance) => {
    const group = groupOf(id);
    if (group === undefined) return;
    cloud.clock.after(HEALTH_CHECK, () => {
      group.instanceIds = group.instanceIds.filter((it) => it !== id);
      void fill(group);
    });
  });

  async function setHealth(input: SetInstanceHealthQuery): Promise<object> {
    const { InstanceId = "", HealthStatus, ShouldRespectGracePeriod = true } = input;
    const group = groupOf(InstanceId);
    const instance = instances.get(InstanceId);
    if (group === undefined || instance === undefined)
      throw awsError(
        "ValidationError",
        `Instance Id not found - No managed instance found for instance ID ${InstanceId}`,
      );
    if (HealthStatus !== "Healthy" && HealthStatus !== "Unhealthy")
      throw awsError("ValidationError", `HealthStatus ${HealthStatus} must be Healthy or Unhealthy`);
    const age = (cloud.clock.now() - instance.launchedAt) / 1000;
    if (HealthStatus === "Healthy" || (ShouldRespectGracePeriod && age < group.gracePeriod)) return {};
    await cloud.call<TerminateInstancesRequest, object>(SERVICE, "ec2", "TerminateInstances", {
      InstanceIds: [InstanceId],
    });
    return {};
  }

  function describe(group: Group): AutoScalingGroup {
    return {
      AutoScalingGroupName: group.name,
      AutoScalingGroupARN: group.arn,
      MinSize: group.minSize,
      MaxSize: group.maxSize,
      DesiredCapacity: group.desiredCapacity,
      DefaultCooldown: 300,
      AvailabilityZones: group.subnetIds.map((id) => subnets.get(id)?.zone ?? ""),
      HealthCheckType: "EC2",
      HealthCheckGracePeriod: group.gracePeriod,
      CreatedTime: undefined,
      Instances: group.instanceIds.map((id) => {
        const instance = instances.get(id);
        const runs = instance?.state === "running";
        return {
          InstanceId: id,
          AvailabilityZone: instance?.zone,
          LifecycleState: runs ? "InService" : instance?.state === "pending" ? "Pending" : "Terminating",
          HealthStatus: runs || instance?.state === "pending" ? "Healthy" : "Unhealthy",
          ProtectedFromScaleIn: false,
        };
      }),
    };
  }

  const tagKeys = (tags: Group["tags"]): Record<string, string> =>
    Object.fromEntries(
      tags.flatMap(({ key, value }) => [
        [`aws:ResourceTag/${key}`, value],
        [`autoscaling:ResourceTag/${key}`, value],
      ]),
    );

  return {
    name: "autoscaling",
    protocol: createQueryProtocol({
      client: () => require("@aws-sdk/client-auto-scaling"),
      dialect: "query",
      namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
      codes: { AccessDeniedException: "AccessDenied" },
    }),
    resources: { "aws:autoscaling/group:Group": createGroup },
    operations: {
      SetInstanceHealth: operation<SetInstanceHealthQuery, object>({
        permissions({ InstanceId }) {
          const group = groupOf(InstanceId);
          const resource = group?.arn ?? cloud.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*");
          return [{ action: "autoscaling:SetInstanceHealth", resource, context: tagKeys(group?.tags ?? []) }];
        },
        perform: setHealth,
      }),
      DescribeAutoScalingGroups: operation<AutoScalingGroupNamesType, AutoScalingGroupsType>({
        permissions: () => [{ action: "autoscaling:DescribeAutoScalingGroups", resource: "*" }],
        perform: ({ AutoScalingGroupNames = [...groups.keys()] }) => ({
          AutoScalingGroups: AutoScalingGroupNames.flatMap((name) => groups.get(name) ?? []).map(describe),
        }),
      }),
    },
  };
}
