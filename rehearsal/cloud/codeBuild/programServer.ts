import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import path from "node:path";

/** A command that a build runs. */
export interface Call {
  args: string[];
  /** The working directory. */
  directory: string;
  environment: Record<string, string>;
  /** Standard input, for commands that read it. */
  input: string;
  /** Aborted when the command is killed. */
  signal: AbortSignal;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes a line to standard error. */
  complain(line: string): void;
}

/** Implements a command. @returns its exit code */
export type Program = (call: Call) => Promise<number>;

export interface ProgramServer {
  /** Writes a program's executable. */
  install(folder: string, name: string, program: Program): Promise<void>;
  close(): Promise<void>;
}

/** No result means that the server is gone: exit as if the command were killed. */
const script = (port: number, token: string, name: string) => `#!/usr/bin/env bash
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 137
case " $* " in *" --password-stdin "*) __input=$(cat) ;; *) __input= ;; esac
{
  printf '%s\\0' ${token} ${name} "$PWD" "$__input" "$#" "$@"
  while IFS= read -r __name; do printf '%s=%s\\0' "$__name" "\${!__name}"; done < <(compgen -e)
  printf '\\0'
} >&3
while IFS= read -r line <&3; do
  case $line in
    1*) printf '%s\\n' "\${line:1}" ;;
    2*) printf '%s\\n' "\${line:1}" >&2 ;;
    *) exit "\${line:1}" ;;
  esac
done
exit 137
`;

/**
 * Runs programs of a build in this process. Their executables are small scripts that pass on their arguments and
 * environment. A Node.js process for each of the dozen commands of a build would take longer than their work.
 */
export async function startProgramServer(): Promise<ProgramServer> {
  const token = randomBytes(16).toString("hex");
  const programs = new Map<string, Program>();
  const sockets = new Set<Socket>();
  const running = new Set<Promise<void>>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // A killed command closes its connection, possibly with a reset.
    socket.on("error", () => {});
    const served = serve(socket).catch((error: Error) => {
      // The command may be killed before the request is complete.
      if (!socket.destroyed) socket.end(`2The rehearsal failed: ${error.message.replaceAll("\n", " ")}\n01\n`);
    });
    running.add(served);
    void served.finally(() => running.delete(served));
  });

  async function serve(socket: Socket): Promise<void> {
    const [given, name = "", ...fields] = await readRequest(socket);
    const program = given === token ? programs.get(name) : undefined;
    if (program === undefined) socket.destroy();
    else await run(socket, program, fields);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // Otherwise, a test that forgets to close it would never end.
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    async install(folder, name, program) {
      const id = `${name}-${programs.size}`;
      programs.set(id, program);
      await mkdir(folder, { recursive: true });
      const file = path.join(folder, name);
      await writeFile(file, script(port, token, id), { mode: 0o700 });
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
      await Promise.all(running);
    },
  };
}

/** Reads NUL-terminated fields, up to an empty one after the environment; none if the connection closes before. */
async function readRequest(socket: Socket): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk);
    const fields = Buffer.concat(chunks).toString().split("\0");
    // Token, name, directory, input and number of arguments precede the arguments, which may be empty.
    if (fields.length <= 5) continue;
    const end = fields.indexOf("", 5 + Number(fields[4]));
    if (end >= 0 && end < fields.length - 1) return fields.slice(0, end);
  }
  return [];
}

async function run(socket: Socket, program: Program, fields: string[]): Promise<void> {
  const [directory = "", input = "", count, ...rest] = fields;
  const args = rest.slice(0, Number(count));
  const variables = rest.slice(Number(count)).map((it): [string, string] => {
    const at = it.indexOf("=");
    return [it.slice(0, at), it.slice(at + 1)];
  });
  const killed = new AbortController();
  socket.once("close", () => killed.abort());
  if (socket.destroyed) killed.abort();
  const write = (stream: 1 | 2, text: string) => {
    for (const line of text.split("\n")) socket.write(`${stream}${line}\n`);
  };
  const code = await program({
    args,
    directory,
    environment: Object.fromEntries(variables),
    input,
    signal: killed.signal,
    print: (line) => write(1, line),
    complain: (line) => write(2, line),
  });
  socket.end(`0${code}\n`);
}
