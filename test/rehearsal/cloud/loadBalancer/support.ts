import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { closeServer } from "../../../../rehearsal/cloud/endpoint";
import { createLoadBalancer, type DescribeTargetHealthOutput } from "../../../../rehearsal/cloud/loadBalancer";
import { createNetwork, networkOf } from "../../../../rehearsal/cloud/network";
import { createTestCloud } from "../../support";
import { declareWeb, until } from "../ecs/containerSupport";

export interface TestTarget {
  Id: string;
  Port: number;
  checks: number;
  status: number;
}

/** An account with a load balancer, and targets that tests start. */
export async function createBalancer() {
  const servers: Server[] = [];
  const cloud = await createTestCloud([createNetwork, createLoadBalancer]);
  const web = await declareWeb(cloud);

  /** A target that answers health checks with `status`, and everything else by `answer`; not registered yet. */
  async function startTarget(answer: RequestListener = (_, response) => response.end()): Promise<TestTarget> {
    const { address } = networkOf(cloud).attach({
      subnetId: web.privateSubnets[0] ?? "",
      securityGroups: [web.taskGroup],
    });
    const target: TestTarget = { Id: address, Port: 8080, checks: 0, status: 200 };
    const server = createServer((request, response) => {
      if (request.url !== "/healthz") return answer(request, response);
      target.checks += 1;
      response.writeHead(target.status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    servers.push(server);
    cloud.addresses.set(`${address}:8080`, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return target;
  }

  const ask = <O>(operation: string, targets: { Id: string; Port: number }[]): Promise<O> =>
    cloud.call<object, O>({ kind: "operator" }, "elasticloadbalancing", operation, {
      TargetGroupArn: web.targetGroupArn,
      Targets: targets.map(({ Id, Port }) => ({ Id, Port })),
    });

  async function health(target: { Id: string; Port: number }) {
    const answer = await ask<DescribeTargetHealthOutput>("DescribeTargetHealth", [target]);
    return answer.TargetHealthDescriptions[0]?.TargetHealth;
  }

  const stateIs = async (target: TestTarget, state: string) => (await health(target))?.State === state;

  async function register(...targets: TestTarget[]): Promise<void> {
    await ask("RegisterTargets", targets);
    for (const target of targets) await until(() => stateIs(target, "healthy"));
  }

  /** Turns time to the target's next check, and waits until it has it. */
  async function nextCheck(target: TestTarget): Promise<void> {
    const { checks } = target;
    await until(async () => {
      if (target.checks > checks) return true;
      await cloud.clock.turn(1000);
      return false;
    });
  }

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${web.url}${path}`, { headers, redirect: "manual" });

  /** Ends every target that was started. */
  const closeTargets = () => Promise.all(servers.splice(0).map(closeServer));
  async function close(): Promise<void> {
    await closeTargets();
    await cloud.close();
  }

  return { cloud, web, startTarget, ask, health, stateIs, register, nextCheck, get, closeTargets, close };
}

export type Balancer = Awaited<ReturnType<typeof createBalancer>>;
