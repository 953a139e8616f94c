import type { CloudEvent } from "../cloud/events";
import { file } from "../forges/files";
import { expectEqual, expectSame, type Scenario, type Step } from "./scenario";
import { answers, executions } from "./steps/deliveries";
import { outcomeNotices } from "./steps/notices";
import { messagesIn, queuesOf } from "./steps/queues";
import { isAt } from "./steps/state";
import { nothingChanges } from "./steps/unchanged";

const isRefused = (event: CloudEvent): event is CloudEvent =>
  event.kind === "log" && event.line.includes('"message":"fetch refused"');

/** GitHub serves commits of forks under the parent's name: having the commit proves nothing. */
const claims: Step = {
  title: "a webhook with the right secret claims that main contains a commit of another branch",
  async run(context) {
    const { repository } = context;
    const main = String((await repository.refs()).get("refs/heads/main"));
    await repository.move("refs/heads/fork", main);
    const { after } = await repository.commit({ "README.md": file("Not ours\n") }, "Not ours", "fork");
    const delivery = await context.push({ ref: "refs/heads/main", before: main, after });
    expectEqual("the delivery was answered", delivery?.answer?.status ?? delivery?.error, 202);
    return after.slice(0, 7);
  },
};

const refuses: Step = {
  title: "fetch looks for it three times, drops it and reports that; the head of the branch is delivered already",
  async run(context) {
    const before = executions(context);
    await context.event(isRefused);
    const [notice = ""] = await outcomeNotices(context, 1);
    const { url, deadLettersUrl } = queuesOf(context);
    await context.pass(60_000);
    expectSame(
      "messages waiting and dead",
      [await messagesIn(context, url), await messagesIn(context, deadLettersUrl)],
      [0, 0],
    );
    expectEqual("executions", executions(context), before);
    return notice.split("\n", 1)[0];
  },
};

export const foreign: Scenario = {
  name: "foreign",
  title: "a commit that the branch does not contain is not delivered, even if a signed webhook names it",
  needs: ["deliver"],
  troubled: true,
  steps: [
    claims,
    refuses,
    nothingChanges("nothing was changed", "services", "schedules", "tag"),
    isAt("2.0.0"),
    answers("2.0.0"),
  ],
};
