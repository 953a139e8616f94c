import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { type Call, type ProgramServer, startProgramServer } from "../../../../rehearsal/cloud/codeBuild/programServer";

describe("programs of a build that run in the rehearsal's process", () => {
  let folder: string;
  let server: ProgramServer;
  let calls: Call[];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slipway-programs-"));
    server = await startProgramServer();
    calls = [];
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const start = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    spawn(path.join(folder, "program"), args, { cwd: folder, env: { PATH: process.env.PATH, ...env } });

  async function run(args: string[], env?: NodeJS.ProcessEnv, input = "") {
    const child = start(args, env);
    child.stdin.end(input);
    const [[code], out, err] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
    return { code, out, err };
  }

  async function portOf(): Promise<number> {
    const script = await readFile(path.join(folder, "program"), "utf8");
    return Number(/127\.0\.0\.1\/(\d+)/.exec(script)?.[1]);
  }

  it("get their arguments, directory, environment and input unchanged", async () => {
    await server.install(folder, "program", async (call) => {
      calls.push(call);
      return 0;
    });
    const args = ["a b", "", "two\nlines", "$HOME `date`", "größe", "x".repeat(100_000), "--password-stdin", ""];
    expect(await run(args, { TEXT: "two\nlines=", EMPTY: "" }, "secret\n")).to.deep.equal({
      code: 0,
      out: "",
      err: "",
    });
    const [{ args: given, directory, environment, input } = {} as Call] = calls;
    expect({ given, directory, input }).to.deep.equal({ given: args, directory: folder, input: "secret" });
    expect(environment).to.deep.include({ TEXT: "two\nlines=", EMPTY: "" });
  });

  it("print to both streams, and end with their exit code", async () => {
    await server.install(folder, "program", async ({ print, complain }) => {
      print("one\n\n  two \\n");
      complain("three");
      return 252;
    });
    expect(await run([])).to.deep.equal({ code: 252, out: "one\n\n  two \\n\n", err: "three\n" });
  });

  it("know when their command is killed", async () => {
    await server.install(folder, "program", async (call) => {
      calls.push(call);
      call.print("started");
      await once(call.signal, "abort");
      return 1;
    });
    const child = start([]);
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    const [{ signal } = {} as Call] = calls;
    if (!signal.aborted) await once(signal, "abort");
  });

  it("end as if killed when the account is closed", async () => {
    await server.install(folder, "program", async ({ print, signal }) => {
      print("started");
      await once(signal, "abort");
      return 0;
    });
    const child = start([]);
    await once(child.stdout, "data");
    await server.close();
    expect(await once(child, "close")).to.deep.equal([137, null]);
    server = await startProgramServer();
  });

  it("fail with the reason if the rehearsal itself fails", async () => {
    await server.install(folder, "program", () => Promise.reject(new Error("no disk")));
    expect(await run([])).to.deep.equal({ code: 1, out: "", err: "The rehearsal failed: no disk\n" });
  });

  it("survive a connection that is reset before its request is complete", async () => {
    await server.install(folder, "program", async () => 0);
    const socket = connect(await portOf(), "127.0.0.1");
    await once(socket, "connect");
    socket.write("half a request");
    socket.resetAndDestroy();
    await once(socket, "close");
    expect(await run([])).to.deep.equal({ code: 0, out: "", err: "" });
  });

  it("do not run for whoever does not know the token", async () => {
    await server.install(folder, "program", async (call) => calls.push(call));
    const socket = connect(await portOf(), "127.0.0.1");
    socket.end("POST / HTTP/1.1\r\n\r\n\0program-0\0/\0\0" + "0\0PATH=/\0\0");
    socket.resume();
    await once(socket, "close");
    expect(calls).to.deep.equal([]);
  });
});
