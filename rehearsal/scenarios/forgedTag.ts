import type { BatchGetImageResponse } from "@aws-sdk/client-ecr";
import { commitFailingMigration, commitForgery } from "../forges/storefront";
import { expectEqual, expectMatches, expectSame, type Scenario, type Step } from "./scenario";
import { repositoryOf } from "./steps/delivered";
import { type EndedAction, followExecution, push } from "./steps/deliveries";
import { expectNotices } from "./steps/notices";
import { asOperator } from "./steps/operator";
import { at, expectState } from "./steps/state";
import { commitOf } from "./steps/versions";

/** The last push fails in dev. */
const failsInDev = (title: string, actions: EndedAction[]): Step => ({
  title,
  async run(context) {
    const execution = await followExecution(context, "dev");
    expectEqual("the execution ended", execution.status, "Failed");
    expectSame("its actions ended", execution.actions, actions);
    return execution.failure;
  },
});

/** The tag started prod's pipeline, which does not trust it. */
const refuses: Step = {
  title: "prod's pipeline rejects the image that is not dev's latest delivery, and prod stays at 2.0.0",
  async run(context) {
    const execution = await followExecution(context);
    expectSame("its actions ended", execution.actions, [
      ["Source", "Succeeded"],
      ["Image", "Failed"],
    ]);
    const cause = /is not promoted: the latest image delivered by \$SOURCE_TAG is/;
    expectMatches("the failure", execution.failure, cause);
    const [notice = ""] = await expectNotices(context, ["storefront in prod: failed at Image"]);
    expectMatches("the notice", notice, cause);
    // The state shows versions by their commit tags: overwriting the tag of 2.0.0 would show another version.
    await expectState(context, at("2.0.0"));
    return undefined;
  },
};

/** Anyone who can push to the repository can do this. */
const movesTag = (version: string): Step => ({
  title: `somebody moves the tag dev to version ${version} by hand`,
  async run(context) {
    const repositoryName = repositoryOf(context);
    const imageIds = [{ imageTag: commitOf(context, version) }];
    const { images = [] } = await asOperator<BatchGetImageResponse>(context, "ecr", "BatchGetImage", {
      repositoryName,
      imageIds,
    });
    const [{ imageManifest, imageManifestMediaType } = {}] = images;
    context.mark = context.account.events.length;
    const image = { repositoryName, imageManifest, imageManifestMediaType, imageTag: "dev" };
    await asOperator(context, "ecr", "PutImage", image);
    return undefined;
  },
});

export const forgedTag: Scenario = {
  name: "forgedTag",
  title: "a build that pushes the environment's tag, or a tag moved by hand, promotes nothing",
  stack: "prod",
  needs: ["rejected"],
  troubled: true,
  steps: [
    push(
      "version 3.1.0 is pushed, whose own buildspec pushes to dev and over 2.0.0, and fails",
      (repository, context) => commitForgery(repository, "3.1.0", commitOf(context, "2.0.0")),
    ),
    failsInDev("its build fails", [
      ["Source", "Succeeded"],
      ["Test", "Succeeded"],
      ["Build", "Failed"],
    ]),
    refuses,
    push("version 3.2.0 is pushed, whose migration fails", (repository) => commitFailingMigration(repository, "3.2.0")),
    failsInDev("it is built, and not delivered", [
      ["Source", "Succeeded"],
      ["Test", "Succeeded"],
      ["Build", "Succeeded"],
      ["Migrate", "Failed"],
    ]),
    movesTag("3.2.0"),
    refuses,
    movesTag("1.0.0"),
    refuses,
  ],
};
