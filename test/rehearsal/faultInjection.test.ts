import { expect } from "chai";
import { withoutAction } from "../../rehearsal/faultInjection";
import { open } from "../../rehearsal/rehearsal";
import { silent } from "../../rehearsal/report/silent";
import { deliver } from "../../rehearsal/scenarios/deliver";
import { promote } from "../../rehearsal/scenarios/promote";
import { isFailure, runScenario } from "../../rehearsal/scenarios/runScenario";
import type { Scenario } from "../../rehearsal/scenarios/scenario";
import { createScenarioContext } from "../../rehearsal/scenarios/scenarioContext";
import { TEST_OPTIONS } from "../evaluation/client";

/** What a scenario fails with when roles of its stack with that name lose the action. */
async function failureWithout(action: string, role: RegExp, scenario: Scenario): Promise<string> {
  const { stack = "dev" } = scenario;
  const context = await createScenarioContext(
    await open({ stack, speed: 200, ...TEST_OPTIONS, breaking: withoutAction(action, role) }),
  );
  try {
    await runScenario(scenario, context, silent);
  } catch (error) {
    if (isFailure(error)) return `${error.scenario}: ${error.denials[0]?.denial}`;
    throw error;
  } finally {
    await context.close();
  }
  return "nothing was missed";
}

// One role of each kind: a function's, a build's, a task's, a pipeline's. That every other permission is missed as well is
// asked of the decisions that the scenarios leave, in scenarios.test.ts.
describe("a permission that is taken away is missed", function () {
  this.timeout(60_000);

  const cases: [role: RegExp, action: string, resource: RegExp, scenario?: Scenario][] = [
    [/-fetch-role-/, "codepipeline:StartPipelineExecution", /^arn:aws:codepipeline:us-east-1:\d+:dev-storefront$/],
    [/-build-role-/, "ecr:PutImage", /^arn:aws:ecr:us-east-1:\d+:repository\/storefront$/],
    [/-execution-role-/, "ecr:GetAuthorizationToken", /^\*$/],
    [/-pipeline-role-/, "lambda:InvokeFunction", /^arn:aws:lambda:us-east-1:\d+:function:storefront-migrate-function-/],
    [/-promotion-role-/, "codepipeline:StartPipelineExecution", /:prod-storefront$/, promote],
    [/-pipeline-role-/, "sns:Publish", /:slipway-alerts-\w+$/, promote],
  ];
  for (const [role, action, resource, scenario = deliver] of cases)
    it(`${action} of ${role}`, async () => {
      const failure = await failureWithout(action, role, scenario);
      const said =
        /^(\w+): User: \S+assumed-role\/(\S+)\/\w+ is not authorized to perform: (\S+) on resource: (\S+)\. /;
      const [, failed, deniedRole, deniedAction, deniedResource] = said.exec(failure) ?? [];
      expect([failed, deniedAction], failure).to.deep.equal([scenario.name, action]);
      expect(deniedRole).to.match(role);
      expect(deniedResource).to.match(resource);
    });

  it("is named where no role has it", () => {
    expect(() => withoutAction("s3:DeleteBucket").check()).to.throw(
      "--without s3:DeleteBucket: no role is granted it.",
    );
  });
});
