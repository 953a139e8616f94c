import { expect } from "chai";
import { commandOf } from "../../../../rehearsal/cloud/ecs/command";
import {
  decideBreaker,
  decideRollout,
  failureThreshold,
  type RolloutObservation,
  retryDelay,
  type TaskObservation,
} from "../../../../rehearsal/cloud/ecs/rollout";

/** `new healthy` is task `a` of the PRIMARY deployment, `old pending` the next one, `b`, of an older. */
function tasksOf(...descriptions: string[]): TaskObservation[] {
  return descriptions.map((description, index) => {
    const [age, condition] = description.split(" ");
    return {
      id: String.fromCharCode(97 + index),
      primary: age === "new",
      condition: condition as TaskObservation["condition"],
    };
  });
}

describe("ECS rollout decisions", () => {
  const cases: [
    name: string,
    tasks: string[],
    more: Partial<RolloutObservation>,
    start: number,
    stop: string,
    steady: boolean,
  ][] = [
    ["an empty service is steady", [], { desiredCount: 0 }, 0, "", true],
    ["the first tasks start together", [], {}, 2, "", false],
    ["new tasks start beside old ones", ["old healthy", "old healthy"], {}, 2, "", false],
    [
      "old tasks stay until new ones are healthy",
      ["old healthy", "old healthy", "new pending", "new pending"],
      {},
      0,
      "",
      false,
    ],
    [
      "one old task goes for one healthy new one",
      ["old healthy", "old healthy", "new healthy", "new pending"],
      {},
      0,
      "a",
      false,
    ],
    ["all old tasks go at the end", ["old healthy", "old healthy", "new healthy", "new healthy"], {}, 0, "ab", false],
    ["draining tasks keep it from being steady", ["old stopping", "new healthy", "new healthy"], {}, 0, "", false],
    ["it is steady with healthy new tasks alone", ["new healthy", "new healthy"], {}, 0, "", true],
    ["it is not steady while a task is pending", ["new healthy", "new pending"], {}, 0, "", false],
    [
      "the maximum counts those on their way out",
      ["old stopping", "old stopping", "old healthy", "old healthy"],
      {},
      0,
      "",
      false,
    ],
    [
      "with 100 % at most, an old task goes first",
      ["old healthy", "old healthy"],
      { maximumPercent: 100, minimumHealthyPercent: 50 },
      0,
      "a",
      false,
    ],
    [
      "with 100 % at most, a new one follows",
      ["old healthy"],
      { maximumPercent: 100, minimumHealthyPercent: 50 },
      1,
      "",
      false,
    ],
    [
      "an odd minimum is rounded up",
      ["old healthy", "old healthy", "old healthy"],
      { desiredCount: 3, maximumPercent: 100, minimumHealthyPercent: 50 },
      0,
      "a",
      false,
    ],
    [
      "old tasks that serve nobody go at once",
      ["old pending", "old unhealthy", "old healthy", "old healthy"],
      {},
      0,
      "ab",
      false,
    ],
    ["surplus goes, the newest first", ["new healthy", "new healthy", "new healthy"], {}, 0, "c", false],
    ["surplus goes, the unhealthy first", ["new pending", "new healthy", "new healthy"], {}, 0, "a", false],
    ["all go for a count of 0", ["new healthy", "old healthy"], { desiredCount: 0 }, 0, "ab", false],
    [
      "a failed deployment starts none and takes none away",
      ["old healthy", "old pending"],
      { mayStart: false },
      0,
      "",
      false,
    ],
    ["a failed task is replaced when it is time", ["new healthy"], { mayStart: true }, 1, "", false],
    ["but not before", ["new healthy"], { mayStart: false }, 0, "", false],
  ];
  for (const [name, descriptions, more, start, stop, steady] of cases)
    it(name, () => {
      const tasks = tasksOf(...descriptions);
      const settings = { desiredCount: 2, minimumHealthyPercent: 100, maximumPercent: 200, mayStart: true };
      const decision = decideRollout({ ...settings, ...more, tasks });
      expect({ ...decision, stop: decision.stop.sort().join("") }).to.deep.equal({ start, stop, steady });
    });

  const thresholds: [number, number][] = [
    [0, 3],
    [1, 3],
    [6, 3],
    [7, 4],
    [100, 50],
    [1000, 200],
  ];
  for (const [desiredCount, threshold] of thresholds)
    it(`opens the breaker for ${desiredCount} tasks after ${threshold} failures`, () => {
      expect(failureThreshold(desiredCount)).to.equal(threshold);
    });

  it("waits longer after each failure, 27 minutes at most", () => {
    expect([0, 1, 2, 3, 8, 9, 100].map(retryDelay)).to.deep.equal([
      0, 10_000, 20_000, 40_000, 1_280_000, 1_620_000, 1_620_000,
    ]);
  });

  const breaker = { enabled: true, rollback: true, desiredCount: 1, failedTasks: 3, hasCompleted: true };
  const verdicts: [string, Partial<typeof breaker>, string][] = [
    ["rolls back at the threshold", {}, "roll back"],
    ["waits below it", { failedTasks: 2 }, "closed"],
    ["does nothing when it is off", { enabled: false, failedTasks: 99 }, "closed"],
    ["fails where it must not roll back", { rollback: false }, "fail"],
    ["stalls where there is nothing to roll back to", { hasCompleted: false }, "stall"],
  ];
  for (const [name, more, verdict] of verdicts)
    it(`the breaker ${name}`, () => {
      expect(decideBreaker({ ...breaker, ...more })).to.equal(verdict);
    });
});

describe("ECS container commands", () => {
  const PATH = "/usr/local/bin:/usr/bin:/bin";
  const image = {
    Env: [`PATH=${PATH}`, "GREETING=image", "COLOR=red"],
    Entrypoint: ["docker-entrypoint.sh"],
    Cmd: ["node", "server.js"],
    WorkingDir: "/app",
  };
  const of = (definition: object, config: object = {}) =>
    commandOf(
      definition,
      { ...image, ...config },
      "/tmp/root",
      { GREETING: "ecs", HOME: "/home" },
      { TOKEN: "secret" },
    );

  const cases: [string, object, object, string[]][] = [
    ["the image's own", {}, {}, ["node", "server.js"]],
    ["the task definition's command", { command: ["node", "worker.js"] }, {}, ["node", "worker.js"]],
    ["an entry point without the image's command", { entryPoint: ["sh", "-c", "x"] }, {}, ["sh", "-c", "x"]],
    ["an entry point with its command", { entryPoint: ["sh"], command: ["-c", "x"] }, {}, ["sh", "-c", "x"]],
    ["node for options", { command: ["--version"] }, {}, ["node", "--version"]],
    ["node for what is no program", { command: ["worker.js", "1"] }, {}, ["node", "worker.js", "1"]],
    ["node alone", {}, { Cmd: [] }, ["node"]],
    ["programs as they are", { command: ["sh", "-c", "x"] }, {}, ["sh", "-c", "x"]],
  ];
  for (const [name, definition, config, command] of cases)
    it(`run ${name}`, () => {
      expect(of(definition, config).command).to.deep.equal(command);
    });

  it("begin in the working directory of the image or the task definition", () => {
    expect(of({}).directory).to.equal("/tmp/root/app");
    expect(of({ workingDirectory: "/srv" }).directory).to.equal("/tmp/root/srv");
  });

  it("see what ECS injects, the image says, the task definition says, and secrets, the later the stronger", () => {
    const environment = [{ name: "COLOR", value: "blue" }];
    expect(of({ environment }).environment).to.deep.equal({
      // An image's own folders come before this computer's.
      PATH: `/tmp/root/usr/local/bin:/tmp/root/usr/bin:/tmp/root/bin:${PATH}`,
      GREETING: "image",
      COLOR: "blue",
      HOME: "/home",
      TOKEN: "secret",
    });
  });

  it("fail where there is nothing to run", () => {
    expect(() => of({}, { Entrypoint: [], Cmd: [] })).to.throw("CannotStartContainerError: no command specified");
  });
});
