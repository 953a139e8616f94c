import { expect } from "chai";
import { arrive, leave, nextStep } from "../../../../rehearsal/cloud/codePipeline/planner";
import type { ActionDeclaration } from "../../../../rehearsal/cloud/codePipeline/structure";
import { malformedIn, referencesIn, resolve } from "../../../../rehearsal/cloud/codePipeline/variables";
import { namedRefusal } from "../../../refusal";
import { aws, createPipelineCloud, deliver, invoke, type PipelineCloud, source, stage } from "./support";

describe("CodePipeline refuses to create a pipeline", () => {
  let account: PipelineCloud;

  beforeEach(async () => {
    account = await createPipelineCloud();
  });

  afterEach(() => account.close());

  const withConfiguration = (configuration: object) => [
    stage("Source", source),
    stage("Deploy", invoke("Deploy", { configuration })),
  ];
  const cases: [string, object[], string][] = [
    ["of one stage", [stage("Source", source)], "A pipeline must have at least two stages."],
    ["with a stage twice", [...deliver, stage("Deploy", invoke("Again"))], "Stage Deploy is declared more than once."],
    ["with an empty stage", [...deliver, stage("Empty")], "The stage Empty has no actions."],
    [
      "that does not begin with a source",
      [stage("Deploy", invoke("Deploy")), stage("Source", source)],
      "Pipeline should start with a stage that only contains source actions.",
    ],
    [
      "with a source in a later stage",
      [...deliver, stage("More", { ...source, namespace: "More", outputArtifacts: ["More"] })],
      "Source actions may be in the first stage only; More has Source.",
    ],
    [
      "with an action twice in a stage",
      [stage("Source", source), stage("Deploy", invoke("Deploy"), invoke("Deploy"))],
      "In stage Deploy, action Deploy is declared more than once.",
    ],
    [
      "with an action type that is not simulated",
      [stage("Source", source), stage("Deploy", { ...aws("Deploy", "CodeDeploy"), name: "Deploy" })],
      "Action Deploy of stage Deploy is of type Deploy/AWS/CodeDeploy/1, which is not simulated",
    ],
    [
      "with an artifact that nobody makes before",
      [stage("Source", source), stage("Deploy", invoke("Deploy", { inputArtifacts: ["Build"] }))],
      "The input artifact Build of action Deploy is no output of an action that runs before it.",
    ],
    [
      "with an artifact made twice",
      [stage("Source", source), stage("Deploy", invoke("Deploy", { outputArtifacts: ["Source"] }))],
      "Output artifact Source is declared more than once.",
    ],
    [
      "with too few artifacts",
      [stage("Source", { ...source, outputArtifacts: [] }), stage("Deploy", invoke("Deploy"))],
      "declares 0 output artifacts which is less than the minimum count (1).",
    ],
    [
      "with a namespace twice",
      [stage("Source", source), stage("Deploy", invoke("Deploy", { namespace: "Source" }))],
      "Namespaces must be unique across the pipeline definition: Source is declared more than once.",
    ],
    [
      "with a variable of an action beside it",
      [
        stage("Source", source),
        stage(
          "Deploy",
          invoke("One", { namespace: "One" }),
          invoke("Two", { configuration: { FunctionName: "#{One.name}" } }),
        ),
      ],
      "Action Two refers to #{One.name}, but no action that runs before it has that namespace.",
    ],
    [
      "with a malformed variable",
      withConfiguration({ FunctionName: "deploy", UserParameters: "#{Source}" }),
      "configuration UserParameters has #{Source}: a variable is a namespace and a key separated by a period (.).",
    ],
    ["without a required key", withConfiguration({ UserParameters: "" }), "missing the required key FunctionName."],
    [
      "with an unknown key",
      withConfiguration({ FunctionName: "deploy", Parameters: "" }),
      "configuration has the unknown or unsimulated key Parameters.",
    ],
    [
      "with a value of 1001 characters",
      withConfiguration({ FunctionName: "deploy", UserParameters: "x".repeat(1001) }),
      "configuration UserParameters has 1001 characters; 1000 are allowed.",
    ],
    ...["0", "61", "1.5", "ten"].map((DeploymentTimeout): [string, object[], string] => [
      `that deploys to ECS for ${DeploymentTimeout} minutes`,
      [
        stage("Source", source),
        stage("Deploy", {
          ...aws("Deploy", "ECS"),
          name: "Deploy",
          inputArtifacts: ["Source"],
          configuration: { ClusterName: "main", ServiceName: "web", DeploymentTimeout },
        }),
      ],
      `configuration DeploymentTimeout is ${DeploymentTimeout}, which is not in 1 to 60 minutes.`,
    ]),
    [
      "whose source is polled",
      [
        stage("Source", { ...source, configuration: { ...source.configuration, PollForSourceChanges: "true" } }),
        stage("Deploy", invoke("Deploy")),
      ],
      "configuration PollForSourceChanges is true; only false is simulated.",
    ],
  ];
  for (const [what, stages, why] of cases)
    it(what, async () => {
      expect(await namedRefusal(account.declare(stages))).to.include(why);
    });

  it("whose artifact store does not exist", async () => {
    const artifactStores = [{ location: "acme-nothing", type: "S3" }];
    expect(await namedRefusal(account.declare(deliver, { artifactStores }))).to.include("acme-nothing");
  });

  it("whose role CodePipeline may not assume", async () => {
    const roleArn = await account.cloud.role("stranger", "lambda.amazonaws.com", []);
    expect(await namedRefusal(account.declare(deliver, { roleArn })))
      .to.include("codepipeline.amazonaws.com")
      .and.include(roleArn);
  });
});

describe("the planner of stages", () => {
  const action = (name: string, runOrder: number) => ({ name, runOrder }) as ActionDeclaration;
  const plan = { name: "Deploy", actions: [action("last", 5), action("one", 1), action("two", 1)] };
  const table: [string, Record<string, "InProgress" | "Succeeded" | "Failed">, string[] | string][] = [
    ["begins with the lowest run order, all at once", {}, ["one", "two"]],
    ["waits for all of a run order", { one: "Succeeded", two: "InProgress" }, []],
    ["lets companions of a failure finish", { one: "Failed", two: "InProgress" }, []],
    ["goes on with the next run order", { one: "Succeeded", two: "Succeeded" }, ["last"]],
    ["begins nothing after a failure", { one: "Succeeded", two: "Failed" }, "Failed"],
    ["ends with its last action", { one: "Succeeded", two: "Succeeded", last: "Succeeded" }, "Succeeded"],
  ];
  for (const [what, statuses, expected] of table)
    it(what, () => {
      const step = nextStep(plan, new Map(Object.entries(statuses)));
      expect(Array.isArray(step) ? step.map((it) => it.name) : step).to.deep.equal(expected);
    });

  it("keeps one execution inside and the newest waiting", () => {
    expect(arrive({}, "a")).to.deep.equal({ now: { inside: "a" } });
    expect(arrive({ inside: "a" }, "b")).to.deep.equal({ now: { inside: "a", waiting: "b" }, superseded: undefined });
    expect(arrive({ inside: "a", waiting: "b" }, "c")).to.deep.equal({
      now: { inside: "a", waiting: "c" },
      superseded: "b",
    });
    expect(leave({ inside: "a", waiting: "c" })).to.deep.equal({ inside: "c" });
    expect(leave({ inside: "a" })).to.deep.equal({ inside: undefined });
  });
});

describe("variables", () => {
  it("are found wherever they stand in a value", () => {
    expect(referencesIn('{"a":"#{Build.IMAGE_URI}","b":"#{A-1@x._k}"}').map((it) => it.text)).to.deep.equal([
      "#{Build.IMAGE_URI}",
      "#{A-1@x._k}",
    ]);
    expect(malformedIn("#{a.b} #{a} #{a.b.c} #{")).to.deep.equal(["#{a}", "#{a.b.c}", "#{"]);
  });

  it("are put in as they are, and not looked at again", () => {
    const variables = new Map([["A", { x: "#{A.y}", y: "$& $1" }]]);
    expect(resolve({ one: "[#{A.x}]", two: "#{A.y}" }, variables)).to.deep.equal({ one: "[#{A.y}]", two: "$& $1" });
  });
});
