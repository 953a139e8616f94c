import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { assert } from "chai";
import { chainOf } from "../../rehearsal/stacks";
import { refusalMessage } from "../refusal";

const push = { name: "storefront", source: { push: { repository: "acme/storefront", branch: "main" } } };
const image = (tag: string) => ({ name: "storefront", source: { image: { repository: "storefront", tag } } });

interface StackFile {
  environment?: string;
  region?: string;
  applications: unknown;
}

describe("rehearsal: the stacks of an account", () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), "slipway-stacks-"));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function write(files: Record<string, StackFile>): Promise<void> {
    for (const [stack, { environment = stack, region = "us-east-1", applications }] of Object.entries(files)) {
      const config = {
        "aws:region": region,
        "slipway:environment": environment,
        "slipway:applications": applications,
      };
      // JSON is YAML.
      await writeFile(path.join(root, `Pulumi.${stack}.yaml`), JSON.stringify({ config }));
    }
  }

  const cases: [name: string, files: Record<string, StackFile>, stack: string, chain: [string, string][]][] = [
    ["that takes pushes alone", { dev: { applications: [push] } }, "dev", [["dev", "dev"]]],
    [
      "that takes images after the one that tags them, whatever that is called",
      { first: { environment: "dev", applications: [push] }, prod: { applications: [image("dev")] } },
      "prod",
      [
        ["first", "dev"],
        ["prod", "prod"],
      ],
    ],
    [
      "at the end of a longer way",
      {
        dev: { applications: [push] },
        staging: { applications: [image("dev")] },
        prod: { applications: [image("staging"), image("dev")] },
      },
      "prod",
      [
        ["dev", "dev"],
        ["staging", "staging"],
        ["prod", "prod"],
      ],
    ],
    [
      "whose applications the program will refuse",
      { dev: { applications: "storefront" }, other: { applications: [{ source: "push" }, null] } },
      "other",
      [["other", "other"]],
    ],
  ];
  for (const [name, files, stack, expected] of cases)
    it(`are one ${name}`, async () => {
      await write(files);
      const chain = await chainOf({ folder: root, stack });
      assert.deepEqual(
        chain.map((it) => [it.name, it.environment]),
        expected,
      );
    });

  it("have the settings that are laid over the file's, the rehearsed one alone", async () => {
    await write({ dev: { applications: [push] }, prod: { applications: [image("dev")] } });
    const overrides = { "slipway:deploymentApi": true, "slipway:alerts": { emails: [] }, "aws:profile": "acme" };
    const [dev, prod] = await chainOf({ folder: root, stack: "prod", overrides });
    assert.deepEqual(prod?.values, {
      "aws:region": "us-east-1",
      "slipway:environment": "prod",
      "slipway:applications": JSON.stringify([image("dev")]),
      "slipway:deploymentApi": "true",
      "slipway:alerts": '{"emails":[]}',
      "aws:profile": "acme",
    });
    assert.notProperty(dev?.values, "slipway:deploymentApi");
  });

  const refused: [name: string, files: Record<string, StackFile>, stack: string, message: string][] = [
    ["that is not there", {}, "prod", "Pulumi.prod.yaml is missing in ROOT: check --stack and --stack-files."],
    [
      "whose images nobody tags",
      { prod: { applications: [image("dev")] } },
      "prod",
      "Pulumi.prod.yaml: storefront takes the images with tag dev, and no stack file has slipway:environment dev: add the stack that tags them.",
    ],
    [
      "that waits for itself",
      { dev: { applications: [image("prod")] }, prod: { applications: [image("dev")] } },
      "prod",
      "Stacks prod, dev, prod: each takes the next one's images, and none is the first.",
    ],
    [
      "in another region than its images",
      { dev: { applications: [push], region: "eu-west-1" }, prod: { applications: [image("dev")] } },
      "prod",
      "Pulumi.prod.yaml: aws:region is us-east-1, but its images come from stack dev in eu-west-1: promotion works within one region.",
    ],
  ];
  for (const [name, files, stack, message] of refused)
    it(`refuse a stack ${name}`, async () => {
      await write(files);
      assert.equal(await refusalMessage(chainOf({ folder: root, stack })), message.replace("ROOT", root));
    });

  it("refuse a stack without a region", async () => {
    await writeFile(path.join(root, "Pulumi.dev.yaml"), 'config: { "slipway:environment": dev }\n');
    assert.equal(
      await refusalMessage(chainOf({ folder: root, stack: "dev" })),
      "Pulumi.dev.yaml: aws:region is missing: name the region.",
    );
  });
});
