import { commitVersion } from "../forges/storefront";
import { expectEqual, expectMatches, expectSame, type Scenario, type Step } from "./scenario";
import { addWebhook, executions, push } from "./steps/deliveries";
import { messagesIn, queuesOf } from "./steps/queues";
import { type Connection, connectionsToGitHub } from "./steps/reached";

const reason =
  /^subnet-[0-9a-f]+ \(cn-north-1[ab]\) has no route to github\.com \(20\.205\.243\.166\): rtb-[0-9a-f]+ has only /;

/** Fetch fails as it would on AWS, and its message waits. */
const failsThere: Step = {
  title: "fetch cannot connect to github.com, the report names the missing route, and the push waits",
  async run(context) {
    await context.event((it): it is Connection => it.kind === "connection" && it.reason !== undefined);
    const failed = await context.event(
      (it): it is Extract<typeof it, { kind: "log" }> => it.kind === "log" && /"level":"(error|warn)"/.test(it.line),
    );
    const connections = connectionsToGitHub(context);
    expectSame("hosts that were asked for", [...new Set(connections.map(({ host }) => host))], ["github.com"]);
    for (const { reason: given = "", path } of connections) {
      expectMatches("the reason", given, reason);
      expectSame("the path", path, undefined);
    }
    expectMatches("what fetch logs", failed.line, /ETIMEDOUT/);
    const { url, deadLettersUrl } = queuesOf(context);
    expectSame(
      "messages waiting and dead",
      [await messagesIn(context, url), await messagesIn(context, deadLettersUrl)],
      [1, 0],
    );
    expectEqual("executions", executions(context), 0);
    return connections[0]?.reason;
  },
};

export const noRoute: Scenario = {
  name: "noRoute",
  title: "fetch fails without a route to GitHub, as it would on AWS",
  stack: "cn-north-1",
  settings: {
    "slipway:intake": "webhook",
    "slipway:network": {
      cidr: "10.40.0.0/16",
      availabilityZones: ["cn-north-1a", "cn-north-1b"],
      egress: "none",
      endpoints: ["s3", "ecr.api", "ecr.dkr", "logs", "sqs", "sns", "codepipeline"],
      // One of GitHub's ranges, but without the address to which github.com resolves in China.
      natInstance: { githubCidrs: ["140.82.112.0/20"] },
    },
  },
  troubled: true,
  steps: [addWebhook, push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")), failsThere],
};
