import type { TaskDefinition } from "@aws-sdk/client-ecs";
import type { NetworkInterface } from "../network";
import { createConnections } from "../network/connections";
import type { Client } from "./agent";
import { startForwarder } from "./forwarder";
import type { Launch } from "./launch";
import { assume, type TaskHost } from "./startup";

/** External endpoints of a task's processes, until it ends. */
export type TaskNetwork = Pick<Launch, "agent" | "credentials" | "forwarder" | "network"> & { close(): void };

interface Inside extends Pick<Client, "ports" | "onListening"> {
  /** Its name in events about its connections. */
  from: string;
  /** Kills its processes at once. */
  kill(): void;
}

/**
 * Opens a task's access to AWS, under its own role, and to all other hosts, limited to what its interface can reach.
 * @throws with ECS's message if its role cannot be assumed
 */
export async function openTaskNetwork(
  { cloud, agent, authority, networkProgram }: TaskHost,
  { taskRoleArn }: Pick<TaskDefinition, "taskRoleArn">,
  { from, kill, ports, onListening }: Inside,
  networkInterface: NetworkInterface,
): Promise<TaskNetwork> {
  const connections = createConnections(cloud, { from, interfaces: [networkInterface], context: {} });
  const credentials =
    taskRoleArn === undefined
      ? undefined
      : {
          ...(await assume(cloud, taskRoleArn, { ...connections.origin, sender: { name: from, kill } })),
          roleArn: taskRoleArn,
        };
  const [network, port, forwarder] = await Promise.all([
    networkProgram(),
    agent.open(),
    startForwarder(connections, authority),
  ]);
  const token = agent.admit({ credentials, ports, onListening, resolve: connections.resolve });
  return {
    network,
    agent: { port, token },
    ...(credentials && { credentials: agent.credentialsAddress(port, token) }),
    forwarder: { port: forwarder.port, certificate: authority.certificate },
    close() {
      agent.dismiss(token);
      forwarder.close();
    },
  };
}
