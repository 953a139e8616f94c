import net from "node:net";

/**
 * Either side of a TCP connection, for a process in a network namespace.
 * `serve <port>`: greets who connects with the address that they come from, and says back what it is told.
 * `connect <host> <port> [<local address>]`: prints the greeting; or `timeout`, or the error's code.
 * `converse <host> <port>`: prints the greeting, then for each line of stdin what the server says back.
 */
const [role, ...parameters] = process.argv.slice(2);
switch (role) {
  case "serve":
    serve(Number(parameters[0]));
    break;
  case "connect":
    connect(parameters);
    break;
  case "converse":
    converse(parameters);
    break;
  default:
    throw new Error(`${role}: one of serve, connect, converse`);
}

function serve(port: number): void {
  const server = net.createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.write(`${socket.remoteAddress}\n`);
    socket.pipe(socket);
  });
  server.listen(port, "0.0.0.0", () => console.log("ready"));
}

function connect([host = "", port, localAddress]: string[]): void {
  const socket = net.connect({ host, port: Number(port), ...(localAddress === undefined ? {} : { localAddress }) });
  socket.setTimeout(1000, () => end("timeout"));
  socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  socket.on("data", (greeting) => end(greeting.toString().trim()));
  function end(outcome: string): void {
    console.log(outcome);
    process.exit();
  }
}

function converse([host = "", port]: string[]): void {
  const socket = net.connect({ host, port: Number(port) });
  socket.pipe(process.stdout);
  process.stdin.pipe(socket);
  socket.setTimeout(5000, () => socket.destroy(new Error("timeout")));
  socket.on("error", (error: NodeJS.ErrnoException) => console.log(error.code ?? error.message));
}
