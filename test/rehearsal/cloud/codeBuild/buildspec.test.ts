import { expect } from "chai";
import { readBuildspec } from "../../../../rehearsal/cloud/codeBuild/buildspec";
import { nextPhase, type PhaseOutcome } from "../../../../rehearsal/cloud/codeBuild/planner";

describe("a buildspec", () => {
  it("is read with what it leaves out", () => {
    const none = { commands: [], finally: [] };
    expect(readBuildspec("version: 0.2\nphases: { build: { commands: [ls, pwd] } }")).to.deep.equal({
      shell: "sh",
      variables: {},
      parameterStore: {},
      secretsManager: {},
      exportedVariables: [],
      phases: { install: none, pre_build: none, build: { ...none, commands: ["ls", "pwd"] }, post_build: none },
      artifacts: undefined,
    });
  });

  const mistakes: [string, string, string][] = [
    ["is no YAML", "version: [", "buildspec: "],
    ["is a list", "- a", "the buildspec must be a mapping"],
    ["has another version", "version: 0.1\nphases: {}", "version must be 0.2, not 0.1"],
    ["has no phases", "version: 0.2", "phases must be a mapping"],
    ["has an unknown phase", "version: 0.2\nphases: { test: {} }", "phases has the key test"],
    [
      "has a command that YAML takes for a mapping",
      "version: 0.2\nphases: { build: { commands: [ls, echo a: b] } }",
      'phases.build.commands[1] must be a string, not {"echo a":"b"}',
    ],
    [
      "asks for a behaviour that is not simulated",
      "version: 0.2\nphases: { build: { on-failure: RETRY } }",
      "phases.build.on-failure must be ABORT or CONTINUE here, not RETRY",
    ],
    ["runs as another user", "version: 0.2\nrun-as: builder\nphases: {}", "the buildspec has the key run-as"],
    [
      "asks for another shell",
      "version: 0.2\nenv: { shell: zsh }\nphases: {}",
      "env.shell must be sh or bash here, not zsh",
    ],
    [
      "has artifacts without files",
      "version: 0.2\nphases: {}\nartifacts: {}",
      "artifacts.files must be a list of strings",
    ],
  ];
  for (const [what, text, message] of mistakes)
    it(`that ${what} is refused by name`, () => {
      expect(() => readBuildspec(text))
        .to.throw(message)
        .with.property("name", "YAML_FILE_ERROR");
    });
});

describe("a phase of a buildspec that is to continue", () => {
  const spec = readBuildspec("version: 0.2\nphases: { install: { on-failure: CONTINUE }, build: { commands: [ls] } }");

  it("is followed by the next although it fails", () => {
    expect(nextPhase(spec, [{ phase: "install", succeeded: false }])).to.equal("pre_build");
  });
});

describe("the artifacts of a buildspec", () => {
  it("may be one pattern instead of a list", () => {
    const { artifacts } = readBuildspec("version: 0.2\nphases: {}\nartifacts: { files: '**/*' }");
    expect(artifacts?.files).to.deep.equal(["**/*"]);
  });
});

describe("the planner of phases", () => {
  const spec = (build: string) => readBuildspec(`version: 0.2\nphases: { build: ${build} }`);
  const ok = (...phases: PhaseOutcome["phase"][]) => phases.map((phase) => ({ phase, succeeded: true }));
  const failed = (phase: PhaseOutcome["phase"]) => [{ phase, succeeded: false }];
  const table: [string, PhaseOutcome[], string, string | undefined][] = [
    ["begins with install", [], "{}", "install"],
    ["goes on in order", ok("install", "pre_build"), "{}", "build"],
    ["ends after post_build", ok("install", "pre_build", "build", "post_build"), "{}", undefined],
    ["ends where install fails", failed("install"), "{}", undefined],
    ["ends where pre_build fails", failed("pre_build"), "{}", undefined],
    ["goes on to post_build where build fails", failed("build"), "{}", "post_build"],
    ["ends where build fails and is to abort", failed("build"), "{ on-failure: ABORT }", undefined],
    ["goes on where build fails and is to continue", failed("build"), "{ on-failure: CONTINUE }", "post_build"],
    ["ends where post_build fails", failed("post_build"), "{}", undefined],
  ];
  for (const [what, done, build, expected] of table)
    it(what, () => expect(nextPhase(spec(build), done)).to.equal(expected));
});
