import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { devNull } from "node:os";
import { buffer, text } from "node:stream/consumers";

/** The committer in the rehearsal. */
export const author = { name: "slipway rehearsal", email: "rehearsal@acme.example" };

/**
 * Isolated from the user's own git: a hook, a signing key, a default branch or an `insteadOf` in their configuration
 * would change what is rehearsed.
 */
const environment = {
  PATH: process.env.PATH,
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: devNull,
  GIT_TERMINAL_PROMPT: "0",
  GIT_COMMITTER_NAME: author.name,
  GIT_COMMITTER_EMAIL: author.email,
};

/**
 * Starts git with a clean environment.
 * @param extra environment variables only for this command
 */
export function startGit(args: string[], extra: Record<string, string> = {}): ChildProcessWithoutNullStreams {
  return spawn("git", args, { env: { ...environment, ...extra }, stdio: "pipe" });
}

/**
 * Runs git until it exits.
 * @returns its output
 * @throws if git is not installed, or with git's message if it fails
 */
export async function runGit(args: string[], input: string | Buffer = ""): Promise<string> {
  const git = startGit(args);
  // A failing git does not read all its input: its exit code and message say why, not the broken pipe.
  git.stdin.on("error", () => undefined);
  git.stdin.end(input);
  const [output, complaint, code] = await Promise.all([buffer(git.stdout), text(git.stderr), exitOf(git)]);
  if (code !== 0) throw new Error(`git ${args.join(" ")} failed (${code}): ${complaint.trim()}`);
  return output.toString();
}

/** Resolves with the exit code, or the signal's name. @throws if git is not installed */
export function exitOf(git: ChildProcessWithoutNullStreams): Promise<number | string> {
  return new Promise((resolve, reject) => {
    git.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
    git.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT"
          ? new Error(
              "git is not installed: the rehearsal's GitHub is a real git repository. Install git and start again.",
            )
          : error,
      ),
    );
  });
}
