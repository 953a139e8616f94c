import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { createGit, gitFailure, isPassing, must, wordsOf } from "../../images/gitops-pr/git";
import { patiently } from "../../images/gitops-pr/retry";
import { clone } from "../../images/gitops-pr/workingCopy";

const askpass = path.resolve(__dirname, "../../images/gitops-pr/askpass.sh");
const never = new AbortController().signal;

describe("images/gitops-pr git", () => {
  const complaints: [complaint: string, passes: boolean][] = [
    ["fatal: unable to access 'https://github.com/acme/gitops.git/': Could not resolve host: github.com", true],
    [
      "fatal: unable to access '…': Failed to connect to github.com port 443 after 2 ms: Couldn't connect to server",
      true,
    ],
    ["fatal: unable to access '…': Recv failure: Connection reset by peer", true],
    ["fatal: unable to access '…': Empty reply from server", true],
    ["fatal: unable to access '…': Send failure: Broken pipe", true],
    ["fatal: unable to access '…': HTTP/2 stream 1 was not closed cleanly before end of the underlying stream", true],
    ["fatal: unable to access '…': transfer closed with outstanding read data remaining", true],
    ["fatal: unable to access '…': Operation too slow. Less than 1000 bytes/sec transferred the last 30 seconds", true],
    ["error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502", true],
    ["fatal: unable to access '…': The requested URL returned error: 503", true],
    ["fatal: unable to access '…': The requested URL returned error: 429", true],
    ["fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF", true],
    ["fatal: unable to access '…': The requested URL returned error: 403", false],
    ["fatal: Authentication failed for 'https://github.com/acme/gitops.git/'", false],
    ["remote: Repository not found.\nfatal: repository 'https://github.com/acme/gitops.git/' not found", false],
    ["fatal: Remote branch main not found in upstream origin", false],
    ["fatal: unable to access '…': SSL certificate problem: unable to get local issuer certificate", false],
  ];
  for (const [complaint, passes] of complaints) {
    it(`${passes ? "tries again" : "gives up"} after ${complaint.slice(0, 90)}`, () => {
      expect(isPassing(gitFailure(["clone"], complaint))).to.equal(passes);
    });
  }
  it("gives up after what is not git's", () => {
    expect(isPassing(new Error("Connection reset by peer"))).to.equal(false);
  });

  it("says git's words in one line, without progress and advice", () => {
    const complaint =
      "Cloning into '/tmp/x'...\nwarning: filtering not recognized by server, ignoring\nremote: No.\nhint: try\nfatal: no\n";
    expect(wordsOf(complaint)).to.equal("remote: No. · fatal: no");
    expect(gitFailure(["push", "origin"], complaint).message).to.equal("git push failed: remote: No. · fatal: no");
    expect(gitFailure(["push"], "").message).to.equal("git push failed: no error message");
    expect(gitFailure(["push"], "fatal: unable to access '…': The requested URL returned error: 403").message).to.equal(
      "git push failed: fatal: unable to access '…': The requested URL returned error: 403; check the token of " +
        "slipway:pullRequests, which needs read and write access to the repository's contents and pull requests",
    );
  });

  it("gives git what it needs of the environment, and nothing else", async () => {
    const environment = { PATH: process.env.PATH, HOME: "/home/node", TMPDIR: "/tmp", AWS_SECRET_ACCESS_KEY: "secret" };
    const git = createGit({ environment, token: "token", askpass: "/app/askpass.sh", signal: never });
    const output = await must(git, ["-c", "alias.environment=!env", "environment"]);
    const own = output
      .split("\n")
      .filter((line) => !/^(GIT_(PREFIX|CONFIG_PARAMETERS|EXEC_PATH)|PWD|OLDPWD|SHLVL|_|PATH)=/.test(line));
    expect(own.sort()).to.deep.equal([
      "GITHUB_TOKEN=token",
      "GIT_ASKPASS=/app/askpass.sh",
      "GIT_HTTP_LOW_SPEED_LIMIT=1000",
      "GIT_HTTP_LOW_SPEED_TIME=30",
      "GIT_TERMINAL_PROMPT=0",
      "HOME=/home/node",
      "LC_ALL=C",
      "TMPDIR=/tmp",
    ]);
  });

  const questions: { name: string; question: string; answer: string | undefined }[] = [
    { name: "the user", question: "Username for 'https://github.com': ", answer: "x-access-token\n" },
    { name: "the token", question: "Password for 'https://x-access-token@github.com': ", answer: "token\n" },
    {
      name: "the user at another host",
      question: "Username for 'https://github.com.acme.example': ",
      answer: undefined,
    },
    {
      name: "the token at another host",
      question: "Password for 'https://x-access-token@evil.example': ",
      answer: undefined,
    },
    {
      name: "the token at another port",
      question: "Password for 'https://x-access-token@github.com:8443': ",
      answer: undefined,
    },
    {
      name: "the token without TLS",
      question: "Password for 'http://x-access-token@github.com': ",
      answer: undefined,
    },
  ];
  for (const { name, question, answer } of questions) {
    it(`${answer === undefined ? "refuses" : "answers"} its question for ${name}`, () => {
      const env = { PATH: process.env.PATH, GITHUB_ORIGIN: "https://github.com", GITHUB_TOKEN: "token" };
      const { status, stdout, stderr } = spawnSync(askpass, [question], { env, encoding: "utf8" });
      expect({ status, stdout, stderr }).to.deep.equal(
        answer === undefined
          ? {
              status: 1,
              stdout: "",
              stderr: `The token is only for https://github.com, but another host asked for it: ${question}\n`,
            }
          : { status: 0, stdout: answer, stderr: "" },
      );
    });
  }

  const redirects: { name: string; host: string; asked: string[]; complaint: RegExp }[] = [
    {
      name: "takes the token along where the repository has another name",
      host: "127.0.0.1",
      asked: [
        "/acme/gitops.git/info/refs",
        "/acme/renamed.git/info/refs",
        "/acme/renamed.git/info/refs x-access-token:token",
      ],
      complaint: /^git fetch failed: fatal: repository '.*\/acme\/renamed\.git\/' not found/,
    },
    {
      name: "leaves the token where it is if it is sent to another host",
      host: "localhost",
      asked: ["/acme/gitops.git/info/refs", "/acme/renamed.git/info/refs"],
      complaint:
        /^git fetch failed: .*The token is only for http:\/\/127\.0\.0\.1:\d+, but another host asked for it: Username for 'http:\/\/localhost:/,
    },
  ];
  for (const { name, host, asked, complaint } of redirects) {
    it(name, async () => {
      const seen: string[] = [];
      const server = createServer((request, response) => {
        const url = new URL(request.url ?? "", "http://127.0.0.1");
        const [, credentials = ""] = (request.headers.authorization ?? "").split(" ");
        seen.push(`${url.pathname} ${Buffer.from(credentials, "base64")}`.trim());
        if (url.pathname.startsWith("/acme/gitops.git/")) {
          const { port } = server.address() as AddressInfo;
          const location = `http://${host}:${port}${request.url?.replace("gitops", "renamed")}`;
          response.writeHead(301, { location }).end();
        } else if (credentials === "") {
          response.writeHead(401, { "www-authenticate": 'Basic realm="GitHub"' }).end();
        } else {
          response.writeHead(404).end();
        }
      });
      await new Promise<void>((resolve) => server.listen(0, resolve));
      const directory = mkdtempSync(path.join(tmpdir(), "slipway-git-"));
      try {
        const environment = { PATH: process.env.PATH, HOME: directory };
        const { port } = server.address() as AddressInfo;
        const failed = await clone({
          git: createGit({ environment, token: "token", askpass, signal: never }),
          url: `http://127.0.0.1:${port}/acme/gitops.git`,
          branch: "main",
          folder: "kustomize/storefront",
          directory: path.join(directory, "repository"),
          patience: { pauses: [], limit: 0, now: () => 0, sleep: async () => undefined },
        }).catch((error: Error) => error);
        expect(failed).to.have.property("message").that.matches(complaint);
        expect(seen).to.deep.equal(asked);
      } finally {
        rmSync(directory, { recursive: true });
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    });
  }

  it("says that git is not there", async () => {
    const git = createGit({ environment: { PATH: "/nowhere" }, token: "token", askpass: "", signal: never });
    const error = await git(["version"]).catch((reason: Error) => reason);
    expect(error).to.have.property("message", "git is not installed in the task's image");
  });

  it("ends with the signal's reason", async () => {
    const controller = new AbortController();
    const environment = { PATH: process.env.PATH, HOME: "/home/node" };
    const git = createGit({ environment, token: "token", askpass: "", signal: controller.signal });
    const running = git(["-c", "alias.wait=!exec tail -f /dev/null", "wait"]).catch((reason: Error) => reason);
    controller.abort(new Error("the task was stopped"));
    expect(await running).to.have.property("message", "the task was stopped");
    expect(await git(["version"]).catch((reason: Error) => reason)).to.have.property("message", "the task was stopped");
  });
});

describe("images/gitops-pr retry", () => {
  interface Trial {
    name: string;
    /** The errors of the first tries; after them it succeeds. */
    errors: string[];
    /** Milliseconds that a try takes. */
    takes: number;
    pauses: number[];
    result: string;
  }
  const trials: Trial[] = [
    { name: "at once", errors: [], takes: 0, pauses: [], result: "done" },
    { name: "after what passes", errors: ["passing", "passing"], takes: 0, pauses: [10, 20], result: "done" },
    { name: "not after what does not", errors: ["passing", "final"], takes: 0, pauses: [10], result: "final" },
    {
      name: "not more often than there are pauses",
      errors: ["passing", "passing", "passing", "passing"],
      takes: 0,
      pauses: [10, 20, 30],
      result: "passing",
    },
    {
      name: "not beyond the limit",
      errors: ["passing", "passing", "passing"],
      takes: 450,
      pauses: [10],
      result: "passing",
    },
  ];
  for (const { name, errors, takes, pauses, result } of trials) {
    it(`tries again: ${name}`, async () => {
      let now = 0;
      const paused: number[] = [];
      const left = [...errors];
      const attempt = async () => {
        now += takes;
        const error = left.shift();
        if (error !== undefined) {
          throw new Error(error);
        }
        return "done";
      };
      const sleep = async (milliseconds: number) => {
        now += milliseconds;
        paused.push(milliseconds);
      };
      const passes = (error: unknown) => (error as Error).message === "passing";
      const patience = { pauses: [10, 20, 30], limit: 900, now: () => now, sleep };
      const ended = await patiently(attempt, passes, patience).catch((error: Error) => error.message);
      expect(ended).to.equal(result);
      expect(paused).to.deep.equal(pauses);
    });
  }
});
