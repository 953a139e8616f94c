import type { DescribeInstancesResult } from "@aws-sdk/client-ec2";
import type { CloudEvent } from "../cloud/events";
import { commitVersion } from "../forges/storefront";
import { expectEqual, expectMatches, expectSame, type Scenario, type Step } from "./scenario";
import type { ScenarioContext } from "./scenarioContext";
import { answers, delivers, executions, push } from "./steps/deliveries";
import { expectBackoff, fetchFailureAfter, fetchFailures } from "./steps/fetchFailures";
import { asOperator } from "./steps/operator";
import { messagesIn, queuesOf } from "./steps/queues";
import { connectionsToGitHub } from "./steps/reached";

/** The running instances. */
async function running(context: ScenarioContext): Promise<string[]> {
  const { Reservations = [] } = await asOperator<DescribeInstancesResult>(context, "ec2", "DescribeInstances", {});
  return Reservations.flatMap(({ Instances = [] }) => Instances)
    .filter(({ State }) => State?.Name === "running")
    .map(({ InstanceId }) => String(InstanceId));
}

/** Ids of the distinct instances that connections to GitHub went through, in order. */
const instancesIn = (context: ScenarioContext): string[] => [
  ...new Set(
    connectionsToGitHub(context).flatMap(({ path = [] }) => path.flatMap((hop) => /\bi-[0-9a-f]+/.exec(hop) ?? [])),
  ),
];

const terminated: Step = {
  title: "its download breaks off, and the NAT instance is terminated before fetch retries",
  async run(context) {
    const [{ receives }] = await fetchFailureAfter(context, context.mark);
    expectEqual("attempts", receives, 1);
    // In hardly any simulated time, even on a busy machine: the second attempt follows a quarter of a minute later.
    return context.clock.during(
      (async () => {
        const instances = await running(context);
        expectEqual("NAT instances", instances.length, 1);
        await asOperator(context, "ec2", "TerminateInstances", { InstanceIds: instances });
        context.forges.fault = undefined;
        return instances[0];
      })(),
    );
  },
};

const blackhole =
  /^the route 20\.205\.243\.160\/28 of pl-[0-9a-f]+ in rtb-[0-9a-f]+ to github\.com \(20\.205\.243\.166\) is a blackhole: /;

const waits: Step = {
  title: "fetch cannot reach GitHub, logs the reason, and backs off",
  async run(context) {
    const [, first] = await fetchFailureAfter(context, context.mark);
    const [second] = await fetchFailureAfter(context, first);
    expectMatches("the cause", second.cause, /ETIMEDOUT/);
    for (const failed of fetchFailures(context)) expectBackoff(failed);
    const reasons = connectionsToGitHub(context).flatMap(({ reason }) => reason ?? []);
    for (const reason of reasons) expectMatches("what stands in the way", reason, blackhole);
    return `${reasons[0]}`;
  },
};

const replaced: Step = {
  title: "the auto scaling group has replaced the instance; nothing was lost or done twice",
  async run(context) {
    const [lost, other, ...rest] = instancesIn(context);
    expectSame("the instances that GitHub was reached by", [other, rest], [(await running(context))[0], []]);
    const { url, deadLettersUrl } = queuesOf(context);
    expectSame(
      "messages waiting and dead",
      [await messagesIn(context, url), await messagesIn(context, deadLettersUrl)],
      [0, 0],
    );
    const dead = context.since().filter((it: CloudEvent) => it.kind === "message-dead");
    expectEqual("messages that died", dead.length, 0);
    expectEqual("executions", executions(context), 3);
    return `${lost} → ${other}`;
  },
};

export const natInstanceLost: Scenario = {
  name: "natInstanceLost",
  title: "the NAT instance is lost during a delivery, which completes once it is replaced",
  stack: "cn-north-1",
  needs: ["polled"],
  troubled: true,
  steps: [
    push("version 3.0.0 is pushed", (repository, context) => {
      context.forges.fault = { kind: "cut", afterBytes: 1 };
      return commitVersion(repository, "3.0.0");
    }),
    terminated,
    waits,
    delivers,
    replaced,
    answers("3.0.0"),
  ],
};
