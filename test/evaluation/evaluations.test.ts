import { cp, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { evaluate, type Program } from "../../rehearsal/program";
import { SCENARIO_STACKS } from "../../rehearsal/stacks";
import { refusalMessage } from "../refusal";
import { createEvaluations, type StackRequest } from "./evaluations";
import { createProvider } from "./provider";
import { createWarmHost, type HostAnswer, type WarmHost } from "./warmHost";

const project = path.resolve(__dirname, "../..");
const global = { partition: "aws", region: "us-east-1" };

describe("the evaluations that tests share", () => {
  let folder: string;
  let host: WarmHost;
  /** The stacks that were evaluated, in order. */
  let ran: string[];
  let answers: HostAnswer[];
  /** By Pulumi's own language host. */
  const cold = new Map<string, Program>();

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slipway-project-"));
    const files = ["index.ts", "infra", "handlers", "images", "Pulumi.yaml"];
    const others = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.pulumi.json", "rehearsal"];
    for (const name of [...files, ...others])
      await cp(path.join(project, name), path.join(folder, name), { recursive: true });
    await cp(SCENARIO_STACKS, folder, { recursive: true });
    await symlink(path.join(project, "node_modules"), path.join(folder, "node_modules"));
    host = createWarmHost(folder);
  });
  beforeEach(() => {
    ran = [];
    answers = [];
  });
  after(async () => {
    await host.close();
    await rm(folder, { recursive: true });
  });

  /** As a run of the tests begins: it knows nothing but what is kept in the folder. */
  const begin = () => {
    const run: WarmHost["run"] = async (request) => {
      ran.push(request.stack);
      const answer = await host.run(request);
      answers.push(answer);
      return answer;
    };
    const evaluations = createEvaluations(folder, { run, close: async () => {} });
    return (stack: string, values?: StackRequest["values"]) => evaluations.program({ stack, values, ...global });
  };

  /** Adds a comment to a file of the project. */
  const change = (file: string) => writeFile(path.join(folder, file), "\n# changed\n", { flag: "a" });

  it("evaluate a stack once, for those that ask at the same time and for later runs", async () => {
    const program = begin();
    const [first, second] = await Promise.all([program("dev"), program("dev")]);
    expect(ran).to.deep.equal(["dev"]);
    expect(second).to.equal(first);
    expect(await begin()("dev")).to.deep.equal(first);
    expect(ran).to.deep.equal(["dev"]);
    expect(await readdir(path.join(folder, ".rehearsal/evaluations"))).to.have.length(1);
  });

  it("evaluate anew what a changed file was part of, in a host that has not loaded the old one", async () => {
    await begin()("dev");
    await change("infra/network/natInstance/network.sh");
    await change("images/gitops-pr/Dockerfile");
    await begin()("dev");
    expect(ran).to.deep.equal([]);
    await writeFile(path.join(folder, "infra/workload/cluster.ts"), 'throw new Error("the new text");\n');
    expect(await refusalMessage(begin()("dev"))).to.contain("the new text");
    await cp(path.join(project, "infra/workload/cluster.ts"), path.join(folder, "infra/workload/cluster.ts"));
    await begin()("dev");
    // What was kept is of this text.
    expect(ran).to.deep.equal(["dev"]);
  });

  it("evaluate anew for other settings, but not for another stack's file", async () => {
    await begin()("dev");
    await change("Pulumi.prod.yaml");
    await begin()("dev");
    expect(ran).to.deep.equal([]);
    await begin()("prod");
    expect(ran).to.deep.equal(["prod"]);
  });

  it("do not keep what failed", async () => {
    const keptFiles = () => readdir(path.join(folder, ".rehearsal/evaluations"));
    const before = await keptFiles();
    expect(await refusalMessage(begin()("dev", { "aws:region": "us-east-1" }))).to.match(/^slipway:/);
    expect(answers.map(({ failed }) => failed)).to.deep.equal([true]);
    expect(await keptFiles()).to.deep.equal(before);
  });

  it("are those of Pulumi's own language host, whatever the warm one evaluated before", async () => {
    const stacks = [
      { stack: "dev", ...global },
      { stack: "cn-northwest-1", partition: "aws-cn", region: "cn-northwest-1" },
    ];
    for (const { stack, ...place } of [...stacks, ...stacks]) {
      const options = { root: folder, stack, ...createProvider(place) };
      cold.set(stack, cold.get(stack) ?? (await evaluate(options)));
      expect(await evaluate({ ...options, host: host.run })).to.deep.equal(cold.get(stack));
    }
  });
});
