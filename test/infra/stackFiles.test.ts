import { readdirSync } from "node:fs";
import { assert } from "chai";
import { readValues } from "../../rehearsal/stackFile";
import { evaluateStack, ROOT } from "./support";

// Tests and scenarios have stack files of their own: these are for whoever uses the project.
describe("the project's stack files", function () {
  this.timeout(120_000);
  const stacks = readdirSync(ROOT).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);

  for (const stack of stacks)
    it(`are accepted by the program: Pulumi.${stack}.yaml`, async () => {
      const settings = await readValues(ROOT, stack);
      const region = settings["aws:region"] ?? "";
      const partition = region.startsWith("cn-") ? "aws-cn" : "aws";
      const { registrations } = await evaluateStack({ stack, settings, partition, region });
      assert.isNotEmpty(registrations);
    });
});
