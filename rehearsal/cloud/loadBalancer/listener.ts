import { type IncomingMessage, request as openRequest, type ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createLocalServer } from "../../loopback";
import { closeServer } from "../endpoint";
import type { Cloud } from "../service";
import { type Action, type RequestLine, type Rule, route } from "./routing";
import type { Target, TargetGroup } from "./targetGroup";

export interface ListenerOptions {
  cloud: Cloud;
  /** The load balancer's name. */
  dnsName: string;
  protocol: string;
  port: number;
  defaultAction: Action;
  targetGroup(arn: string): TargetGroup;
  /** Whether clients from outside may connect. */
  admits(): boolean;
  /** Called with the status of each error returned by the load balancer itself. */
  onError(status: number): void;
}

// Hop-by-hop headers are not passed on (RFC 9110, 7.6.1).
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/**
 * A listener: an HTTP server on a free loopback port. HTTPS listeners speak plain HTTP here, since no client on this
 * machine would trust a certificate.
 */
export async function openListener(options: ListenerOptions) {
  const rules: Rule[] = [];
  const names = [(host: string) => host === options.dnsName];
  const hasName = (host: string) => names.some((it) => it(host));
  // Users open the service in a browser, so its own pages may call it.
  const server = createLocalServer({ hasName, answersPages: true }, (request, response) =>
    serve(options, rules, request, response),
  );
  server.on("connection", (socket: Socket) => {
    // A security group drops packets silently.
    if (!options.admits()) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { rules, names, address: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

export type Listener = Awaited<ReturnType<typeof openListener>>;

function serve(options: ListenerOptions, rules: Rule[], request: IncomingMessage, response: ServerResponse): void {
  const line = requestLine(request);
  const action = route(rules, line) ?? options.defaultAction;
  switch (action.type) {
    case "forward":
      forward(options, options.targetGroup(action.targetGroupArn), request, response);
      break;
    case "redirect":
      response.writeHead(action.status, { server: "awselb/2.0", location: action.location(line) }).end();
      break;
    case "fixed-response":
      response.writeHead(action.status, { server: "awselb/2.0", "content-type": action.contentType }).end(action.body);
  }
}

function requestLine({ url = "/", method = "GET", headers }: IncomingMessage): RequestLine {
  const mark = url.indexOf("?");
  return {
    host: (headers.host ?? "").replace(/:\d+$/, ""),
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? "" : url.slice(mark + 1),
    method,
    headers,
  };
}

function forward(
  options: ListenerOptions,
  group: TargetGroup,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const target = group.choose();
  const fail = (status: number) => {
    options.onError(status);
    answerError(response, status);
  };
  if (target === undefined) fail(503);
  else if (!group.passageTo(target).open) fail(504);
  else {
    const address = options.cloud.addresses.get(`${target.Id}:${target.Port}`);
    if (address === undefined) fail(502);
    else pass({ target, address, headers: forwarded(options, request), fail }, request, response);
  }
}

interface Passage {
  target: Target;
  address: string;
  headers: NodeJS.Dict<string | string[]>;
  /** Responds with an error of the load balancer itself. */
  fail(status: number): void;
}

function pass({ target, address, headers, fail }: Passage, request: IncomingMessage, response: ServerResponse): void {
  // One connection per request: a target could close a kept one just as the next request is sent on it.
  const onward = openRequest(address, { path: request.url, method: request.method, headers, agent: false });
  target.requests.add(onward);
  onward.once("close", () => target.requests.delete(onward));
  onward.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, withoutHops(answer.headers));
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  onward.once("error", () => (response.headersSent ? response.destroy() : fail(502)));
  response.once("close", () => onward.destroy());
  request.pipe(onward);
}

function forwarded({ cloud, protocol, port }: ListenerOptions, { headers, socket }: IncomingMessage) {
  const via = headers["x-forwarded-for"];
  return {
    ...withoutHops(headers),
    "x-forwarded-for": via === undefined ? socket.remoteAddress : `${via}, ${socket.remoteAddress}`,
    "x-forwarded-proto": protocol.toLowerCase(),
    "x-forwarded-port": String(port),
    "x-amzn-trace-id": `Root=1-${Math.floor(cloud.clock.now() / 1000).toString(16)}-${cloud.id(24)}`,
  };
}

function withoutHops(headers: NodeJS.Dict<string | string[]>): NodeJS.Dict<string | string[]> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}

function answerError(response: ServerResponse, status: number): void {
  const title = `${status} ${STATUS_CODES[status]}`;
  response.writeHead(status, { server: "awselb/2.0", "content-type": "text/html" });
  response.end(
    `<html>\n<head><title>${title}</title></head>\n<body><center><h1>${title}</h1></center></body>\n</html>\n`,
  );
}
