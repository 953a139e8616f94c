import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createGitHub, type GitHub } from "../../images/gitops-pr/github";

export interface Answer {
  status: number;
  /** A text is sent as it is. */
  body: unknown;
  headers?: Record<string, string>;
  /** The connection breaks off behind the body. */
  cut?: true;
}

/** A server in GitHub's place, and what asks it. */
export interface GitHubServer {
  github: GitHub;
  /** What it answers, one after the other. */
  answers: Answer[];
  asked: IncomingMessage[];
  /** Those that were waited for, in milliseconds. Time stands still beside them. */
  pauses: number[];
  /** Creates a pull request. @returns `created 7`, another kind, or the error's message */
  create(): Promise<string>;
  close(): Promise<void>;
}

/** When it starts. */
export const START = Date.parse("2026-03-01T10:00:00.000Z");

export const wanted = { title: "t", body: "b", head: "h", base: "main" };

/** A pull request as GitHub tells it. */
export const pull = (number: number, fork = false) => ({
  number,
  html_url: `https://github.com/acme/gitops/pull/${number}`,
  body: number === 1 ? null : `body ${number}`,
  created_at: "2026-03-01T10:00:00Z",
  user: number === 2 ? null : { login: "slipway-bot" },
  head: { ref: `branch-${number}`, repo: fork ? { id: 2 } : { id: 1 } },
  base: { repo: { id: 1 } },
});

export async function startGitHubServer(): Promise<GitHubServer> {
  const [answers, asked, pauses]: [Answer[], IncomingMessage[], number[]] = [[], [], []];
  const server = createServer((request, response) => {
    asked.push(request);
    const { status, body, headers, cut } = answers.shift() ?? { status: 500, body: { message: "not expected" } };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const type = typeof body === "string" ? "text/html" : "application/json";
    const length = Buffer.byteLength(text) + (cut ? 1 : 0);
    response.writeHead(status, { "content-type": type, "content-length": length, ...headers });
    response.write(text, () => (cut ? response.destroy() : response.end()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let now = START;
  const github = createGitHub({
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`,
    repository: "acme/gitops",
    token: "ghp_token",
    log: () => undefined,
    signal: new AbortController().signal,
    pause: 0,
    now: () => now,
    async sleep(milliseconds) {
      pauses.push(milliseconds);
      now += milliseconds;
    },
  });
  return {
    github,
    answers,
    asked,
    pauses,
    create: () =>
      github.create(wanted).then(
        (it) => (it.kind === "created" ? `created ${it.pullRequest.number}` : it.kind),
        (error: Error) => error.message,
      ),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
