import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import path from "node:path";
import { expect } from "chai";
import type { Declaration } from "../../rehearsal/cloud/service";
import { evaluate, type Program } from "../../rehearsal/program";
import { refusalMessage } from "../refusal";

async function run(name: string, create = bucketsAndSecrets): Promise<Program> {
  const root = path.join(__dirname, "programs", name);
  return evaluate({ root, stack: "dev", create, invoke: async () => ({}) });
}

async function bucketsAndSecrets({ type, name }: Declaration) {
  return { id: `${name}-id`, outputs: { arn: `arn:of:${type.split(":").at(-1)}:${name}` } };
}

describe("the program under Pulumi's language host", () => {
  it("hands over every resource: URN with its parents' types, inputs, secrets, options", async () => {
    const { registrations, outputs, secretOutputs } = await run("secrets");
    const parents = "slipway:infra:Store$aws:secretsmanager/secret:Secret";
    expect(registrations.map(({ urn, kind }) => [kind, urn])).to.deep.equal([
      ["component", "urn:pulumi:dev::slipway::pulumi:pulumi:Stack::slipway-dev"],
      ["component", "urn:pulumi:dev::slipway::slipway:infra:Store::webhook"],
      ["custom", `urn:pulumi:dev::slipway::${parents}::webhook-secret`],
      ["custom", `urn:pulumi:dev::slipway::${parents}$aws:secretsmanager/secretVersion:SecretVersion::webhook-version`],
    ]);
    const version = registrations.at(-1);
    expect(version?.inputs).to.deep.equal({ secretId: "webhook-secret-id", secretString: "hunter2" });
    expect(version?.secrets).to.include("secretString");
    expect(version?.ignoreChanges).to.deep.equal(["secretString"]);
    expect(outputs).to.deep.equal({
      cidr: "10.20.0.0/16",
      secretArn: "arn:of:Secret:webhook-secret",
      password: "hunter2",
    });
    expect(secretOutputs).to.deep.equal(["password"]);
  });

  it("refuses two resources of one URN, as the engine does", async () => {
    expect(await refusalMessage(run("duplicate"))).to.equal(
      "source [aws:s3/bucket:Bucket]: Duplicate resource URN 'urn:pulumi:dev::slipway::aws:s3/bucket:Bucket::source'; try giving it a unique name",
    );
  });

  it("fails where a provider refuses a resource", async () => {
    const refuse = async ({ type }: Declaration) => {
      throw new Error(`The resource type ${type} is not simulated.`);
    };
    expect(await refusalMessage(run("secrets", refuse))).to.equal(
      "webhook-secret [aws:secretsmanager/secret:Secret]: The resource type aws:secretsmanager/secret:Secret is not simulated.",
    );
  });

  it("does not say twice which resource a provider refuses", async () => {
    const refuse = async ({ type, name }: Declaration) => {
      throw new Error(`${type} ${name}: kmsKeyId is not simulated.`);
    };
    expect(await refusalMessage(run("secrets", refuse))).to.equal(
      "webhook-secret [aws:secretsmanager/secret:Secret]: kmsKeyId is not simulated.",
    );
  });

  it("ends at once when it is told to, and leaves nothing of its process group", async () => {
    let host: ChildProcess | undefined;
    const remember = (message: unknown) => {
      host = (message as { process: ChildProcess }).process;
    };
    // A group of its own is what a terminal's Ctrl-C does not reach.
    const groupRuns = () => {
      try {
        return process.kill(-(host?.pid ?? Number.NaN), 0);
      } catch {
        return false;
      }
    };
    const controller = new AbortController();
    let ranBefore = false;
    const create = () => {
      ranBefore = groupRuns();
      controller.abort(new Error("Interrupted."));
      return new Promise<never>(() => {});
    };
    const root = path.join(__dirname, "programs", "secrets");
    subscribe("child_process", remember);
    const attempt = evaluate({ root, stack: "dev", create, invoke: async () => ({}), signal: controller.signal });
    expect(await refusalMessage(attempt)).to.equal("Interrupted.");
    unsubscribe("child_process", remember);
    expect([ranBefore, groupRuns()]).to.deep.equal([true, false]);
  });

  it("does not begin where it is told to end before", async () => {
    const root = path.join(__dirname, "programs", "secrets");
    const signal = AbortSignal.abort(new Error("Interrupted."));
    const attempt = evaluate({ root, stack: "dev", create: bucketsAndSecrets, invoke: async () => ({}), signal });
    expect(await refusalMessage(attempt)).to.equal("Interrupted.");
  });

  it("says a RunError as it is, without a stack trace", async () => {
    expect(await refusalMessage(run("thrown"))).to.equal("slipway:network.cidr: 10.20.0.0/99 is not a CIDR block");
  });

  it("names the stack file that is missing", async () => {
    const root = path.join(__dirname, "programs", "secrets");
    const attempt = evaluate({ root, stack: "staging", create: bucketsAndSecrets, invoke: async () => ({}) });
    expect(await refusalMessage(attempt)).to.equal(
      `Pulumi.staging.yaml is missing in ${root}: check --stack and --stack-files.`,
    );
  });
});
