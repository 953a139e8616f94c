import type { NetConnectOpts, Server, Socket } from "node:net";
import { confinementSource } from "../confinement";
import { shiftDate } from "../lambda/runtime/clock";
import type { confineNetwork } from "../lambda/runtime/network";
import type { Address } from "../network/connections";

/** What a process of a task needs to know of the simulator. */
export interface PreloadOptions {
  /** Loopback port of the agent. */
  agent: number;
  /** Whose process it is. */
  token: string;
  /** Ports that processes of the task listen on, and where they really do. */
  ports: Record<string, number>;
  /** Milliseconds from this machine's time to the account's, at the start: a record that a task writes is dated by it. */
  clockOffset: number;
}

/** What the preload writes to the agent: lines of JSON. */
export type FromProcess = Listening | { kind: "resolve"; host: string; port: number };

/** What the agent writes to it: the task's ports, whenever one is added, and where a host answers. */
export type ToProcess = { kind: "ports"; ports: Record<string, number> } | Address;

/** A server of the process listens. */
export interface Listening {
  kind: "listening";
  /** The port that the program asked for. */
  port: number;
  /** The loopback port that it got. */
  actual: number;
  /** False where it asked for a loopback address, which nothing outside the task reaches. */
  reachable: boolean;
}

/**
 * Runs at the start of every Node.js process of a task. A Fargate task has a network interface of its own, so that two
 * tasks may both listen on 8080; processes on one computer may not. So each gets a free loopback port instead of the one
 * it asks for, tells the agent which, and reaches the ports of its own task where they really are. Of all other hosts the
 * agent says where they answer, and whether the task has a way to them. When the agent is gone, so is the process:
 * nothing outlives the rehearsal, however that ends.
 *
 * Its text is written into a file of its own: it uses nothing of this module, nor of any other.
 */
export function preload(options: PreloadOptions, confine: typeof confineNetwork): void {
  const net = process.getBuiltinModule("node:net");
  const { listen } = net.Server.prototype;
  const { connect } = net.Socket.prototype;
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/;
  const ports = { ...options.ports };
  const lookups = new Map<string, ((address: Address) => void)[]>();

  const agent: Socket = Reflect.apply(connect, new net.Socket(), [options.agent, "127.0.0.1"]);
  agent.unref();
  agent.write(`GET /tasks/${options.token} HTTP/1.1\r\nHost: agent\r\nConnection: Upgrade\r\nUpgrade: task\r\n\r\n`);
  agent.on("error", () => {});
  agent.on("close", () => process.kill(process.pid, "SIGKILL"));
  let text = "";
  agent.on("data", (chunk) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) take(JSON.parse(line));
  });
  const send = (message: FromProcess) => agent.write(`${JSON.stringify(message)}\n`);

  function take(message: ToProcess): void {
    if (message.kind === "ports") {
      Object.assign(ports, message.ports);
      return;
    }
    const key = `${message.host}:${message.port}`;
    for (const resolve of lookups.get(key) ?? []) resolve(message);
    lookups.delete(key);
    if (lookups.size === 0) agent.unref();
  }

  function lookUp(host: string, port: number): Promise<Address> {
    // A process that only waits for an answer must not end meanwhile.
    agent.ref();
    return new Promise((resolve) => {
      const key = `${host}:${port}`;
      lookups.set(key, [...(lookups.get(key) ?? []), resolve]);
      send({ kind: "resolve", host, port });
    });
  }

  net.Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    const [first, second] = args;
    const asked =
      typeof first === "object" && first !== null
        ? (first as { port?: unknown; host?: string; path?: string })
        : { port: first, host: typeof second === "string" ? second : undefined };
    const port = Number(asked.port);
    if (asked.path !== undefined || !(port > 0)) return Reflect.apply(listen, this, args);
    this.prependOnceListener("listening", () => {
      const address = this.address();
      if (address === null || typeof address === "string") return;
      this.address = () => ({ ...address, port });
      ports[port] = address.port;
      const reachable = !loopback.test(asked.host ?? "");
      send({ kind: "listening", port, actual: address.port, reachable });
    });
    const callback = args.filter((it) => typeof it === "function");
    return Reflect.apply(listen, this, [{ ...asked, port: 0, host: "127.0.0.1" }, ...callback]);
  };

  net.Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    const [first, second] = args;
    // Within Node.js the arguments come as one array, already in order: options and callback.
    const asked = (
      Array.isArray(first) ? first[0] : typeof first === "object" ? first : { port: first, host: second }
    ) as NetConnectOpts & { port?: number; host?: string };
    const own = loopback.test(typeof asked.host === "string" ? asked.host : "localhost");
    const actual = own && asked.port !== undefined ? ports[asked.port] : undefined;
    if (actual === undefined) return Reflect.apply(connect, this, args);
    const options = { ...asked, port: actual, host: "127.0.0.1" };
    if (!Array.isArray(first))
      return Reflect.apply(connect, this, [options, ...args.filter((it) => typeof it === "function")]);
    first[0] = options;
    return Reflect.apply(connect, this, args);
  };

  confine(lookUp);
}

/**
 * The preload as a program that needs nothing but Node.js.
 * @param root the folder of the container's files
 * @param network the program that confines a process's connections
 */
export const preloadSource = (root: string, network: string, options: PreloadOptions): string =>
  [
    '"use strict";',
    confinementSource(root, "the image"),
    `(${shiftDate})(${options.clockOffset});`,
    `(${preload})(${JSON.stringify(options)}, require(${JSON.stringify(network)}).confineNetwork);`,
    "",
  ].join("\n");
