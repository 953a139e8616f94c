import type { DescribeInstancesRequest, DescribeInstancesResult, Instance } from "@aws-sdk/client-ec2";
import { networkOf } from "../../../../rehearsal/cloud/network";
import { createSsm } from "../../../../rehearsal/cloud/ssm";
import { linesOf } from "../lambda/support";
import { createTestNetwork, declareNat, type NatOptions, said } from "../network/support";

export const OPERATOR = { kind: "operator" } as const;

/** A network without NAT gateways, in which an auto scaling group can start NAT instances. */
export async function createNatNetwork(region = "us-east-1", zones = {}) {
  const network = await createTestNetwork(
    { natGateways: { strategy: "None" }, ...zones },
    { region, services: [createSsm] },
  );

  const describeInstances = async (request: DescribeInstancesRequest = {}): Promise<Instance[]> => {
    const answer = await network.cloud.call<DescribeInstancesRequest, DescribeInstancesResult>(
      OPERATOR,
      "ec2",
      "DescribeInstances",
      request,
    );
    return (answer.Reservations ?? []).flatMap((it) => it.Instances ?? []);
  };
  const running = () => describeInstances({ Filters: [{ Name: "instance-state-name", Values: ["running"] }] });
  const terminate = async () =>
    network.cloud.call(OPERATOR, "ec2", "TerminateInstances", {
      InstanceIds: (await running()).map((it) => it.InstanceId),
    });
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  const turn = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 5) {
      await network.cloud.clock.turn(5_000);
      await settled();
    }
  };
  /** What the instance's own log says. */
  const told = async (options: NatOptions) => {
    await declareNat(network, options);
    await network.cloud.start();
    const [instance] = await describeInstances();
    return linesOf(network.cloud, instance?.InstanceId ?? "").map((it) =>
      it.replace(/\b(eni|i)-[0-9a-f]{17}\b/g, "$1"),
    );
  };
  const forward = async () => {
    const { attach, privateSubnets, cloud } = network;
    return said(networkOf(cloud).reach(attach(privateSubnets[0]), "github.com", 443));
  };

  return { network, describeInstances, running, terminate, turn, told, forward };
}

export type NatNetwork = Awaited<ReturnType<typeof createNatNetwork>>;
