import type { NetConnectOpts, Server, Socket } from "node:net";
import { confinementSource } from "../confinement";
import { shiftDate } from "../lambda/runtime/clock";
import type { confineNetwork } from "../lambda/runtime/network";
import type { Address } from "../network/connections";

/** What a task's process needs to know about the simulator. */
export interface PreloadOptions {
  /** Loopback port of the agent. */
  agent: number;
  /** Identifies the process's task. */
  token: string;
  /** Ports that the task's processes listen on, and the actual ones. */
  ports: Record<string, number>;
  /** Milliseconds from this machine's time to the account's, at the start. Dates the records that a task writes. */
  clockOffset: number;
}

/** Messages from the preload to the agent: lines of JSON. */
export type FromProcess = Listening | { kind: "resolve"; host: string; port: number };

/** Messages from the agent: the task's ports, whenever one is added, and the addresses of hosts. */
export type ToProcess = { kind: "ports"; ports: Record<string, number> } | Address;

/** A server of the process is listening. */
export interface Listening {
  kind: "listening";
  /** The port that the program requested. */
  port: number;
  /** The actual loopback port. */
  actual: number;
  /** False for a loopback address, which is unreachable from outside the task. */
  reachable: boolean;
}

/**
 * Runs at the start of every Node.js process of a task. A Fargate task has its own network interface, so two tasks may
 * both listen on 8080; processes on one machine cannot. Each gets a free loopback port instead, reports it to the
 * agent, and reaches its task's ports at the actual ones. For all other hosts the agent returns the address, and
 * whether the task can reach it. The process exits when the agent is gone, so that nothing outlives the rehearsal,
 * however it ends.
 *
 * Its source is written to a separate file, so it must use nothing from this module or any other.
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
    // A process that only waits for a response must not exit meanwhile.
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
    // Node.js internally passes one array of arguments, already in order: options and callback.
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
 * The preload as a program that needs only Node.js.
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
