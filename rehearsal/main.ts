import { once } from "node:events";
import { type Arguments, isUsageError, readArguments, usageError } from "./arguments";
import { type Fault, formatFault } from "./faults/fault";
import { runGit } from "./forges/git";
import { unfitNode } from "./nodeVersion";
import { explainFailure, stackOptions } from "./report/failure";
import { createLines } from "./report/lines";
import { type Progress, seconds } from "./report/progress";
import { type Findings, summarise } from "./report/summary";
import { table } from "./report/table";
import { createTerminal } from "./report/terminal";
import { type Reviewer, startReviewer } from "./reviewer";
import { scenarios, usual } from "./scenarios";
import { type PlannedAccount, plan, scenariosOf } from "./scenarios/plan";
import { isFailure } from "./scenarios/runScenario";
import { pushEntryOf, type ScenarioContext } from "./scenarios/scenarioContext";
import { serviceUrl } from "./scenarios/steps/deliveries";

/** The scenarios of a stack, one per line. */
function scenarioLines(stack: string): string {
  const lines = scenariosOf(stack, scenarios).map(
    ({ name, title }) => `  ${usual[stack]?.includes(name) ? "*" : " "} ${name.padEnd(20)} ${title}`,
  );
  return [`Scenarios of stack ${stack} (* played by default):`, ...lines].join("\n");
}

const help = `npm start -- [options]

Rehearses slipway on this machine: evaluates the Pulumi program into a simulated AWS account, pushes versions of
examples/storefront to a local GitHub, and checks which version the service runs.

  --scenario NAME  play this scenario, and those that it needs; can be repeated
  --stack NAME     rehearse the stack of Pulumi.NAME.yaml (default: dev), after the stack that builds its images
  --stack-files D  read the stack files in folder D (default: the project's folder)
  --keep           leave everything running, and print how to push again
  --speed N        simulated seconds in each real second, 10 to 1000 (default: 100)
  --stale-reads N  return stale reads of ECS and empty log pages, as AWS sometimes does; the seed N chooses which
  --fault SPEC     make a call fail, as in 'storefront-deploy:ecs:UpdateService#2=answer-lost': role or function, service,
                   operation, number of the call, kind of fault (docs/faults.md); can be repeated
  --without ACTION remove an IAM action, such as sqs:SendMessage, from every role, to see what fails
  --verbose        print every request, invocation and log line
  --help           print this text

${Object.keys(usual).map(scenarioLines).join("\n")}

Exit codes: 0 all scenarios passed; 1 a step failed (its name is printed); 2 invalid arguments.
`;

/** Ctrl-C, or a request to terminate. */
class Interruption extends Error {}

async function main(argv: string[]): Promise<number> {
  const unfit = unfitNode();
  if (unfit !== undefined) {
    process.stderr.write(`${unfit}\n`);
    return 2;
  }
  let given: Arguments;
  let accounts: PlannedAccount[];
  try {
    given = readArguments(argv);
    accounts = planOf(given);
  } catch (error) {
    if (!isUsageError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (given.help) {
    process.stdout.write(help);
    return 0;
  }
  return run(given, accounts);
}

function planOf({ stack, scenarios: named }: Arguments): PlannedAccount[] {
  try {
    return plan(named.length > 0 ? named : (usual[stack] ?? []), scenarios, stack);
  } catch (error) {
    throw usageError(error instanceof Error ? error.message.replace(/\.$/, "") : String(error));
  }
}

async function run(given: Arguments, accounts: PlannedAccount[]): Promise<number> {
  const progress = createProgress();
  const interruption = new AbortController();
  const interrupt = () => {
    // A second Ctrl-C skips the clean-up.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new Interruption("interrupted"));
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, interrupt);
  try {
    await runGit(["--version"]);
    progress.say(`slipway rehearsal of stack ${given.stack}, at ${given.speed}× real time`);
    // Not loaded for --help or an invalid option: it takes longer than the rest.
    const { rehearse } = await import("./rehearse");
    await rehearse({
      ...given,
      accounts,
      partial: given.scenarios.length > 0 || given.faults !== undefined,
      progress,
      signal: interruption.signal,
      finished: (findings, context, unfired) =>
        conclude(given, findings, context, unfired, progress, interruption.signal),
    });
    return 0;
  } catch (error) {
    progress.close();
    if (error instanceof Interruption) {
      process.stderr.write("\nInterrupted.\n");
      return 130;
    }
    process.stderr.write(`\n${isFailure(error) ? explainFailure(error, given.stackFiles) : messageOf(error)}\n`);
    return 1;
  } finally {
    progress.close();
    for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, interrupt);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** In place on a terminal, otherwise plain lines. */
function createProgress(): Progress {
  const { stdout, env } = process;
  const isTerminal = stdout.isTTY && env.TERM !== "dumb" && !env.CI;
  return isTerminal ? createTerminal(stdout, { colour: !env.NO_COLOR }) : createLines(stdout);
}

async function conclude(
  { keep, stack, stackFiles, without }: Arguments,
  findings: Findings,
  context: ScenarioContext,
  unfired: Fault[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  progress.say(`\nSummary\n${summarise(findings)}`);
  refuse(findings, without, unfired);
  if (!keep) {
    progress.say(`\nAll scenarios passed, in ${seconds(findings.took)}. Next:`);
    progress.say(
      table([
        [
          `npm start -- ${stackOptions(stack, stackFiles)}--keep`,
          "leaves everything running, so that you can push versions",
        ],
        // Pulumi reads only the project's stack files.
        ...(stackFiles === undefined
          ? [[`npx pulumi up --stack ${stack}`, "runs the same program on AWS: see README.md"]]
          : []),
      ]),
    );
    return;
  }
  const reviewer = await startReviewer(context);
  progress.say(`\n${addressesOf(context, reviewer)}`);
  if (!signal.aborted) await once(signal, "abort");
  reviewer?.close();
}

/** @throws if all scenarios passed, but the run proves less than it should */
function refuse({ partial, unused }: Findings, without: string | undefined, unfired: Fault[]): void {
  if (unfired.length > 0)
    throw new Error(
      `No call matched ${unfired.map((it) => `--fault ${formatFault(it)}`).join(", ")}. Play a scenario that makes the call: --scenario NAME.`,
    );
  if (without !== undefined)
    throw new Error(`No scenario that was played needs ${without}. Play the scenario that needs it: --scenario NAME.`);
  const [first] = partial ? [] : unused.filter((it) => it.reason === undefined);
  if (first === undefined) return;
  const { role, action, resource } = first.grant;
  throw new Error(
    `${role} has the permission ${action} on ${resource}, but nothing used it: remove it from the policy, or give the reason in rehearsal/report/reasons.ts.`,
  );
}

function addressesOf(context: ScenarioContext, reviewer: Reviewer | undefined): string {
  const local = (address: string, ...token: string[]) => {
    const { hostname, pathname } = new URL(address);
    return [context.account.addresses.get(hostname), ...token].join("/") + (pathname === "/" ? "" : pathname);
  };
  const { url } = context.forges;
  const repository = `${url}/${context.repository.name}`;
  const { stack, webhook } = pushEntryOf(context);
  const target = stack === context.stack ? "" : ` to ${stack}`;
  const coming = webhook === undefined ? "the next poll finds a push to main" : `a push to main is delivered${target}`;
  const upstream = context.stacks.filter(({ name }) => name !== context.stack);
  return [
    "Running until Ctrl-C.",
    ...(Object.keys(context.outputs.services).length === 0 ? [] : [`  service  ${local(serviceUrl(context))}`]),
    ...upstream.map(({ name }) => `  ${name.padEnd(7)}  ${local(serviceUrl(context, name))}`),
    ...(webhook === undefined ? [] : [`  webhook  ${local(webhook.url, context.account.token)}`]),
    `  clone    git clone ${repository}.git   (${coming})`,
    `  push     curl -X POST '${repository}/push?version=4.0.0'`,
    ...(reviewer === undefined
      ? []
      : [
          `  approve  curl -X POST '${reviewer.url}/approve'`,
          `  reject   curl -X POST '${reviewer.url}/reject?reason=not+today'`,
        ]),
  ].join("\n");
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  },
);
