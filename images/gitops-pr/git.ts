import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { brief, TOKEN_ADVICE } from "./log.ts";

export interface GitResult {
  code: number;
  output: string;
  /** git's stderr. */
  complaint: string;
}

/**
 * Runs git to completion; a non-zero exit code is not an error.
 * @throws the signal's reason if it is aborted, Error if git is not installed
 */
export type Git = (args: string[], settings?: GitSettings) => Promise<GitResult>;

export interface GitSettings {
  directory?: string;
  input?: string;
  /** Environment variables for this command only. */
  environment?: Record<string, string>;
}

export interface GitOptions {
  /** The task's environment variables; git gets the ones that it needs. */
  environment: Record<string, string | undefined>;
  token: string;
  /** Program that gives git the user name and token for `GITHUB_ORIGIN`, an environment variable of the command. */
  askpass: string;
  signal: AbortSignal;
}

/** A failed git command. */
export interface GitFailure extends Error {
  complaint: string;
}

export function createGit({ environment, token, askpass, signal }: GitOptions): Git {
  const { PATH, HOME, TMPDIR } = environment;
  const own = {
    ...(PATH !== undefined && { PATH }),
    ...(HOME !== undefined && { HOME }),
    ...(TMPDIR !== undefined && { TMPDIR }),
    // Error messages are parsed, so they must be in English.
    LC_ALL: "C",
    GIT_ASKPASS: askpass,
    GITHUB_TOKEN: token,
    // Never prompt: nobody is there to answer.
    GIT_TERMINAL_PROMPT: "0",
    // Drop a stalled connection: less than a kilobyte a second for half a minute.
    GIT_HTTP_LOW_SPEED_LIMIT: "1000",
    GIT_HTTP_LOW_SPEED_TIME: "30",
  };
  return async (args, settings = {}) => {
    signal.throwIfAborted();
    const git = spawn("git", args, { env: { ...own, ...settings.environment }, cwd: settings.directory, signal });
    // A failing git might not read all its input. Report its exit code and message, not the broken pipe.
    git.stdin.on("error", () => undefined);
    git.stdin.end(settings.input ?? "");
    const ended = new Promise<number>((resolve, reject) => {
      git.once("error", (error: NodeJS.ErrnoException) =>
        reject(error.code === "ENOENT" ? new Error("git is not installed in the task's image") : error),
      );
      git.once("close", (code) => resolve(code ?? -1));
    });
    try {
      const [code, output, complaint] = await Promise.all([ended, text(git.stdout), text(git.stderr)]);
      return { code, output, complaint };
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  };
}

/** Runs git and returns its output. @throws GitFailure with git's message */
export async function must(git: Git, args: string[], settings?: GitSettings): Promise<string> {
  const { code, output, complaint } = await git(args, settings);
  if (code !== 0) {
    throw gitFailure(args, complaint);
  }
  return output.trim();
}

export function gitFailure([command = ""]: string[], complaint: string): GitFailure {
  const words = wordsOf(complaint) || "no error message";
  const advice = REFUSED.test(complaint) ? `; ${TOKEN_ADVICE}` : "";
  return Object.assign(new Error(`git ${command} failed: ${words}${advice}`), { complaint });
}

/** git's message in one line, without progress and hints. */
export function wordsOf(complaint: string): string {
  const lines = complaint
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(hint:|Cloning into|warning: filtering not recognized)/.test(line));
  return brief(lines.join(" · "));
}

// GitHub reports a missing repository to users without access.
const REFUSED =
  /Authentication failed|requested URL returned error: 40[134]|could not read Username|repository '.*' not found/;

// Transient errors of curl, of git's HTTP transport, and of servers. 401, 403 and 404 are permanent.
const PASSING = [
  /Could not resolve (host|proxy)/i,
  /(Failed|Couldn't|Could not) (to )?connect/i,
  /Connection (refused|reset|timed out|was reset)/i,
  /(Send|Recv) failure/i,
  /Operation (timed out|too slow)/i,
  /Empty reply from server/i,
  /SSL_(connect|read|ERROR_SYSCALL)|GnuTLS recv error|TLS connection was non-properly terminated/i,
  /RPC failed/i,
  /HTTP\/2 stream \d+ was (not closed cleanly|reset)/i,
  /transfer closed with/i,
  /early EOF|unexpected disconnect|the remote end hung up|expected flush after/i,
  /requested URL returned error: (429|5\d\d)/i,
];

/** Whether the error is transient: a network or server problem. */
export function isPassing(error: unknown): boolean {
  return PASSING.some((words) => words.test(complaintOf(error)));
}

/** Whether git failed because the branch to fetch does not exist. */
export function isGone(error: unknown): boolean {
  return /couldn't find remote ref/i.test(complaintOf(error));
}

function complaintOf(error: unknown): string {
  return error instanceof Error && "complaint" in error ? String(error.complaint) : "";
}
