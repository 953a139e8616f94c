import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createLocalServer } from "../../loopback";
import { closeServer } from "../endpoint";
import type { Address } from "../network/connections";
import type { Cloud, Credentials } from "../service";
import { eachLine } from "./lines";
import type { FromProcess, Listening, ToProcess } from "./preload";

/** What the agent knows about a task, by the token that only the task's processes have. */
export interface Client {
  /** The task role's; absent if the task definition has none. */
  credentials?: Credentials & { roleArn: string };
  /** The actual ports of the task's processes; filled in by the agent. */
  ports: Record<string, number>;
  onListening(listening: Listening): void;
  /** The address of an outside host, if reachable. */
  resolve(host: string, port: number): Address;
}

/**
 * Serves a task's processes: credentials, which the SDK fetches as in ECS, and a connection. Over the connection they
 * report listening ports, resolve hosts, and notice the end of the rehearsal.
 */
export function createAgent(cloud: Cloud) {
  const clients = new Map<string, Client & { sockets: Set<Socket> }>();
  const server = createLocalServer({}, answer);
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Bytes received with the request belong to the upgraded stream.
    socket.unshift(head);
    attach(request, socket);
  });
  let opening: Promise<number> | undefined;

  function open(): Promise<number> {
    opening ??= new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });
    return opening;
  }

  const clientOf = ({ url = "" }: IncomingMessage, prefix: string) =>
    url.startsWith(prefix) ? clients.get(url.slice(prefix.length)) : undefined;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const credentials = clientOf(request, "/credentials/")?.credentials;
    if (credentials === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({
        RoleArn: credentials.roleArn,
        AccessKeyId: credentials.accessKeyId,
        SecretAccessKey: credentials.secretAccessKey,
        Token: credentials.sessionToken,
        // The SDK compares it with the process's time, which is the account's.
        Expiration: new Date(cloud.clock.now() + 6 * 60 * 60_000).toISOString(),
      }),
    );
  }

  function attach(request: IncomingMessage, socket: Socket): void {
    const client = clientOf(request, "/tasks/");
    if (client === undefined) {
      socket.destroy();
      return;
    }
    client.sockets.add(socket);
    socket.once("close", () => client.sockets.delete(socket));
    // The end of a process is detected elsewhere.
    socket.on("error", () => {});
    const send = (to: Socket, message: ToProcess) => to.write(`${JSON.stringify(message)}\n`);
    const tellPorts = (to: Socket) => send(to, { kind: "ports", ports: client.ports });
    tellPorts(socket);
    eachLine(socket, (line) => {
      const message: FromProcess = JSON.parse(line);
      if (message.kind === "resolve") {
        send(socket, client.resolve(message.host, message.port));
        return;
      }
      client.ports[message.port] = message.actual;
      client.onListening(message);
      for (const each of client.sockets) tellPorts(each);
    });
  }

  return {
    open,
    /** Registers a task's processes. @returns their token */
    admit(client: Client): string {
      const token = cloud.id(32);
      clients.set(token, { ...client, sockets: new Set() });
      return token;
    },
    /** The value of AWS_CONTAINER_CREDENTIALS_FULL_URI. */
    credentialsAddress: (port: number, token: string) => `http://127.0.0.1:${port}/credentials/${token}`,
    /** Ends any process of the task that is still connected. */
    dismiss(token: string): void {
      for (const socket of clients.get(token)?.sockets ?? []) socket.destroy();
      clients.delete(token);
    },
    async close(): Promise<void> {
      for (const token of [...clients.keys()]) this.dismiss(token);
      await closeServer(server);
    },
  };
}

export type Agent = ReturnType<typeof createAgent>;
