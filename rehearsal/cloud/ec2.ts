import type {
  AttachNetworkInterfaceRequest,
  AttachNetworkInterfaceResult,
  DescribeInstancesRequest,
  DescribeInstancesResult,
  Filter,
  Reservation,
  RunInstancesRequest,
  TerminateInstancesRequest,
  TerminateInstancesResult,
} from "@aws-sdk/client-ec2";
import { runUserData } from "./ec2/boot";
import { attachedTo, describeInstance } from "./ec2/describeInstance";
import { createFunctionInterfaces } from "./ec2/functionInterfaces";
import type { Instance } from "./ec2/instance";
import { type LaunchTemplate, readLaunchTemplate } from "./ec2/launchTemplate";
import { createPermissions } from "./ec2/permissions";
import { createInterface } from "./network/interfaces";
import { interfaceOf, stateOf } from "./network/state";
import { awsError, type Cloud, type Declaration, operation, type Service } from "./service";

// Durations: from launch until running, from running until cloud-init reaches the user data, and of the shutdown.
const PENDING = 15_000;
const CLOUD_INIT = 30_000;
const SHUTTING_DOWN = 30_000;

/** Instances: launch templates and the operations on instances. */
export function createInstances(cloud: Cloud): Required<Pick<Service, "resources" | "operations">> & {
  start(): Promise<void>;
} {
  const state = stateOf(cloud);
  const templates = new Map<string, LaunchTemplate>();
  let started = false;

  function declareTemplate(declaration: Declaration) {
    const template = readLaunchTemplate(cloud, declaration);
    templates.set(template.id, template);
    const { id, name } = template;
    return {
      id,
      outputs: { name, arn: cloud.arn("ec2", `launch-template/${id}`), latestVersion: 1, defaultVersion: 1 },
    };
  }

  const on = createPermissions(cloud);
  const describe = (instance: Instance) => describeInstance(cloud, instance);

  function instanceOf(id = ""): Instance {
    const found = state.instances.get(id);
    if (found === undefined) throw awsError("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
    return found;
  }

  function run({ LaunchTemplate = {}, SubnetId = "", TagSpecifications = [] }: RunInstancesRequest): Reservation {
    const { LaunchTemplateId = "", LaunchTemplateName } = LaunchTemplate;
    const template =
      templates.get(LaunchTemplateId) ?? [...templates.values()].find((it) => it.name === LaunchTemplateName);
    if (template === undefined)
      throw awsError(
        "InvalidLaunchTemplateId.NotFound",
        `The specified launch template, with template ID ${LaunchTemplateId || LaunchTemplateName}, does not exist.`,
      );
    // Rejected at launch, not when the template is created.
    if (template.profile !== undefined) cloud.roleOfProfile(template.profile);
    const instance = launch(template, SubnetId, TagSpecifications[0]?.Tags ?? []);
    state.instances.set(instance.id, instance);
    // Declared instances are up before anything else starts, as `pulumi up` waits for a group's instances.
    if (started) void boot(instance);
    return { Instances: [describe(instance)] };
  }

  function launch(template: LaunchTemplate, subnetId: string, tags: { Key?: string; Value?: string }[]): Instance {
    const subnet = state.subnets.get(subnetId);
    // awsx's public subnets give every instance a public address.
    const isPublic = state.routeTables
      .get(subnet?.routeTableId ?? "")
      ?.routes.some((it) => it.target.startsWith("igw-"));
    const primary = createInterface(cloud, state, {
      subnetId,
      securityGroups: template.securityGroups,
      assignPublicIp: template.publicAddress ?? isPublic,
    });
    const id = `i-${cloud.id(17)}`;
    primary.instanceId = id;
    return {
      id,
      state: "pending",
      template,
      subnetId,
      zone: subnet?.zone ?? "",
      primary,
      tags: {
        "aws:ec2launchtemplate:id": template.id,
        ...template.instanceTags,
        ...Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value])),
      },
      launchedAt: cloud.clock.now(),
    };
  }

  async function boot(instance: Instance): Promise<void> {
    await cloud.clock.wait(PENDING);
    if (instance.state !== "pending") return;
    instance.state = "running";
    await cloud.clock.wait(CLOUD_INIT);
    await runUserData(cloud, instance);
  }

  function terminate(instance: Instance): void {
    if (instance.state === "shutting-down" || instance.state === "terminated") return;
    instance.state = "shutting-down";
    state.interfaces.delete(instance.primary.address);
    for (const it of attachedTo(state, instance)) it.instanceId = undefined;
    cloud.clock.after(SHUTTING_DOWN, () => {
      instance.state = "terminated";
    });
    for (const watch of state.watchers) watch(instance);
  }

  function attach({ InstanceId, NetworkInterfaceId = "", DeviceIndex = 0 }: AttachNetworkInterfaceRequest) {
    const instance = instanceOf(InstanceId);
    const networkInterface = interfaceOf(state, NetworkInterfaceId);
    if (networkInterface === undefined)
      throw awsError(
        "InvalidNetworkInterfaceID.NotFound",
        `The networkInterface ID '${NetworkInterfaceId}' does not exist`,
      );
    if (networkInterface.instanceId !== undefined)
      throw awsError("InvalidNetworkInterface.InUse", `Interface: [${NetworkInterfaceId}] in use.`);
    if (instance.state !== "running" && instance.state !== "pending")
      throw awsError("IncorrectState", `The instance '${instance.id}' is ${instance.state}.`);
    if (state.subnets.get(networkInterface.subnetId)?.zone !== instance.zone)
      throw awsError(
        "InvalidParameterCombination",
        "You may not attach a network interface to an instance if they are not in the same availability zone",
      );
    if (DeviceIndex === 0)
      throw awsError(
        "InvalidParameterValue",
        `Instance '${instance.id}' already has an interface attached at device index '0'.`,
      );
    networkInterface.instanceId = instance.id;
    return { AttachmentId: `eni-attach-${cloud.id(17)}`, NetworkCardIndex: 0 };
  }

  return {
    resources: { "aws:ec2/launchTemplate:LaunchTemplate": declareTemplate },
    operations: {
      ...createFunctionInterfaces(cloud),
      RunInstances: operation<RunInstancesRequest, Reservation>({
        permissions: () => [{ action: "ec2:RunInstances", resource: cloud.arn("ec2", "instance/*") }],
        perform: run,
      }),
      DescribeInstances: operation<DescribeInstancesRequest, DescribeInstancesResult>({
        permissions: () => [{ action: "ec2:DescribeInstances", resource: "*" }],
        perform({ InstanceIds, Filters = [] }) {
          const asked = InstanceIds === undefined ? [...state.instances.values()] : InstanceIds.map(instanceOf);
          const Instances = asked.filter((it) => Filters.every((filter) => accepts(filter, it))).map(describe);
          return { Reservations: Instances.map((it) => ({ Instances: [it] })) };
        },
      }),
      TerminateInstances: operation<TerminateInstancesRequest, TerminateInstancesResult>({
        permissions: ({ InstanceIds = [] }) => InstanceIds.map((id) => on.instance("ec2:TerminateInstances", id)),
        perform({ InstanceIds = [] }) {
          const asked = InstanceIds.map(instanceOf);
          const before = asked.map((it) => it.state);
          for (const instance of asked) terminate(instance);
          return {
            TerminatingInstances: asked.map((it, at) => ({
              InstanceId: it.id,
              CurrentState: { Name: it.state },
              PreviousState: { Name: before[at] },
            })),
          };
        },
      }),
      AttachNetworkInterface: operation<AttachNetworkInterfaceRequest, AttachNetworkInterfaceResult>({
        permissions: ({ InstanceId, NetworkInterfaceId }) => [
          on.instance("ec2:AttachNetworkInterface", InstanceId),
          on.networkInterface("ec2:AttachNetworkInterface", NetworkInterfaceId),
        ],
        perform: attach,
      }),
    },
    async start() {
      started = true;
      for (const instance of state.instances.values()) {
        if (instance.state !== "pending") continue;
        instance.state = "running";
        await runUserData(cloud, instance);
      }
    },
  };
}

function accepts({ Name = "", Values = [] }: Filter, instance: Instance): boolean {
  if (Name === "instance-state-name") return Values.includes(instance.state);
  if (Name.startsWith("tag:")) return Values.includes(instance.tags[Name.slice("tag:".length)] ?? "");
  throw awsError("NotSimulated", `ec2:DescribeInstances: the filter ${Name} is not simulated.`, 501);
}
