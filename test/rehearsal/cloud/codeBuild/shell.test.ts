import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { openShell, type Shell } from "../../../../rehearsal/cloud/codeBuild/shell";

for (const name of ["sh", "bash"] as const)
  describe(`the shell of a build (${name})`, () => {
    let folder: string;
    let lines: string[];
    let shell: Shell;
    let onLine: (text: string) => void;

    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "slipway-it's-a-shell-"));
      lines = [];
      onLine = () => undefined;
      shell = openShell({
        shell: name,
        directory: folder,
        scratch: folder,
        environment: { PATH: "/usr/bin:/bin", GIVEN: "yes" },
        line: (text) => {
          lines.push(text);
          onLine(text);
        },
      });
    });

    afterEach(async () => {
      shell.kill();
      await rm(folder, { recursive: true });
    });

    async function run(...commands: string[]): Promise<number[]> {
      const statuses: number[] = [];
      for (const command of commands) statuses.push(await shell.run(command));
      return statuses;
    }

    it("keeps variables, functions and the directory from one command to the next", async () => {
      const statuses = await run(
        "variable=1; f() { echo f$variable; }",
        "mkdir d && cd d",
        "f; basename $(pwd)",
        "false",
      );
      expect(statuses).to.deep.equal([0, 0, 0, 1]);
      expect(lines).to.deep.equal(["f1", "d"]);
    });

    it("goes on after a command that exits, with what was exported", async () => {
      expect(
        await run("local=1; export KEPT='it''s'; mkdir d; cd d; exit 7", 'echo "$KEPT$local"; basename "$(pwd)"'),
      ).to.deep.equal([7, 0]);
      expect(lines).to.deep.equal(["its", "d"]);
    });

    it("goes on after a command that is no shell", async () => {
      const [broken, next] = await run("if then", "echo next");
      expect(broken).to.not.equal(0);
      expect(next).to.equal(0);
      expect(lines.at(-1)).to.equal("next");
    });

    it("ends commands that errexit ends, with their status", async () => {
      expect(await run("set -e", "sh -c 'exit 4'; echo never", "echo next")).to.deep.equal([0, 4, 0]);
      expect(lines).to.deep.equal(["next"]);
    });

    it("gives lines of both streams as they were printed, open and empty ones too", async () => {
      await run("echo one; echo two >&2; printf 'three'", "echo; echo; printf 'four\\n\\n'", "printf 'ü'");
      expect(lines).to.deep.equal(["one", "two", "three", "", "", "four", "", "ü"]);
    });

    it("does not wait for what a command leaves in the background", async () => {
      expect(await run("sleep 600 & echo begun", "sleep 600 & exit 2")).to.deep.equal([0, 2]);
      expect(lines).to.deep.equal(["begun"]);
    });

    it("gives commands nothing to read and nothing that was not given", async () => {
      await run("cat; echo end", "env | grep -v '^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD=' | sort");
      expect(lines).to.deep.equal(["end", "GIVEN=yes", "PATH=/usr/bin:/bin"]);
    });

    it("tells exported variables, with their newlines, and leaves out the others", async () => {
      await run("export A='1\n2'; B=3; export C=; export D='it'\"'\"'s'");
      expect(await shell.exported(["A", "B", "C", "D", "E"])).to.deep.equal({ A: "1\n2", C: "", D: "it's" });
    });

    it("ends at once when it is killed, and runs nothing more", async () => {
      const printed = new Promise((resolve) => {
        onLine = resolve;
      });
      const status = shell.run("echo begun; sleep 600 | cat; echo never");
      await printed;
      shell.kill();
      expect(await status).to.equal(137);
      expect(await shell.run("echo never")).to.equal(137);
      expect(lines).to.deep.equal(["begun"]);
    });
  });
