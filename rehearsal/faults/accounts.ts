import { commitVersion } from "../forges/storefront";
import { open, type RehearsalOptions } from "../rehearsal";
import { silent } from "../report/silent";
import { gitops } from "../scenarios/gitops";
import type { PlannedAccount } from "../scenarios/plan";
import { runScenario } from "../scenarios/runScenario";
import type { Step } from "../scenarios/scenario";
import { createScenarioContext, type ScenarioContext } from "../scenarios/scenarioContext";
import { addWebhook, delivers, deliversTo, push } from "../scenarios/steps/deliveries";
import { approved, waits } from "../scenarios/steps/promotion";
import { gitopsIsPrivate } from "../scenarios/steps/pullRequests";
import { at, servicesNotDelivered } from "../scenarios/steps/state";
import { SCENARIO_STACKS } from "../stacks";
import { createFaults, type Faults } from "./injector";

/** The accounts in which deliveries are played. */
export type AccountName = "dev" | "prod" | "gitops";

/** An account that has delivered versions 1.0.0 and 1.0.1, except the account of the gitops repository. */
export interface OpenAccount {
  name: AccountName;
  context: ScenarioContext;
  faults: Faults;
}

const first = push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0"));
const another = push("version 1.0.1 is pushed", (repository) => commitVersion(repository, "1.0.1"));

/** Deliveries before any fault; the second part delivers a second version. */
const settingUp: Record<AccountName, [first: Step[], second: Step[]]> = {
  dev: [
    [addWebhook, first, delivers],
    [another, delivers],
  ],
  prod: [
    [
      addWebhook,
      first,
      deliversTo("dev"),
      waits("1.0.0", { tagged: "nothing", services: servicesNotDelivered, schedules: [] }),
      approved("1.0.0"),
    ],
    [another, deliversTo("dev"), waits("1.0.1", at("1.0.0")), approved("1.0.1")],
  ],
  gitops: [[addWebhook, gitopsIsPrivate], []],
};

const plans: Record<AccountName, Omit<PlannedAccount, "scenarios"> & { stack: string }> = {
  dev: { stack: "dev" },
  prod: { stack: "prod" },
  gitops: {
    stack: "dev",
    ...(gitops.settings && { settings: gitops.settings }),
    ...(gitops.secrets && { secrets: gitops.secrets }),
  },
};

/** Simulated milliseconds for each real one. */
const SPEED = 400;

export interface AccountOptions extends Pick<RehearsalOptions, "host" | "runs"> {
  /** Whether only one version is delivered at first: then no other can be deployed by HTTP. */
  brief?: boolean | undefined;
}

/** Opens an account and makes the initial deliveries. @throws Failure of a step */
export async function openAccount(name: AccountName, { brief, ...options }: AccountOptions = {}): Promise<OpenAccount> {
  const { stack, settings, secrets } = plans[name];
  const faults = createFaults();
  const context = await createScenarioContext(
    await open({
      stack,
      stackFiles: SCENARIO_STACKS,
      speed: SPEED,
      overrides: settings,
      secrets,
      injector: faults,
      ...options,
    }),
  );
  const [begin, second] = settingUp[name];
  const steps = brief ? begin : [...begin, ...second];
  const scenario = { name, title: "setting up", stack, troubled: true, steps };
  try {
    await runScenario(scenario, context, silent);
  } catch (error) {
    await context.close();
    throw error;
  }
  return { name, context, faults };
}
