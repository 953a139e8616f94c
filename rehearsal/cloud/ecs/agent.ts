import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createLocalServer } from "../../loopback";
import { closeServer } from "../endpoint";
import type { Address } from "../network/connections";
import type { Cloud, Credentials } from "../service";
import { eachLine } from "./lines";
import type { FromProcess, Listening, ToProcess } from "./preload";

/** What the agent knows of a task, by the token that only the task's processes have. */
export interface Client {
  /** The task role's; absent where the task definition names none. */
  credentials?: Credentials & { roleArn: string };
  /** Where the ports really are that the task's processes listen on; the agent fills it. */
  ports: Record<string, number>;
  onListening(listening: Listening): void;
  /** Where a host outside answers, if there is a way to it. */
  resolve(host: string, port: number): Address;
}

/**
 * What a task's processes talk to: their credentials, as the SDK fetches them within ECS, and the connection by which they
 * tell which ports they listen on, ask where hosts are, and learn that the rehearsal has ended.
 */
export function createAgent(cloud: Cloud) {
  const clients = new Map<string, Client & { sockets: Set<Socket> }>();
  const server = createLocalServer({}, answer);
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // What came with the request already belongs to what follows it.
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
        // The SDK compares it with the time of the process, which is the account's.
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
    // That a process ended is seen elsewhere.
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
    /** Lets a task's processes in. @returns their token */
    admit(client: Client): string {
      const token = cloud.id(32);
      clients.set(token, { ...client, sockets: new Set() });
      return token;
    },
    /** The address that AWS_CONTAINER_CREDENTIALS_FULL_URI takes. */
    credentialsAddress: (port: number, token: string) => `http://127.0.0.1:${port}/credentials/${token}`,
    /** Ends whatever process of the task is still connected. */
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
