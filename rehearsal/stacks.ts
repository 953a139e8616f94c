import path from "node:path";
import { environmentOf, readValues, stackOfEnvironment, type Values } from "./stackFile";

/** The stack files that the scenarios are written for. Those of the project change when a team edits them. */
export const SCENARIO_STACKS = path.join(__dirname, "scenarios/stacks");

/** A stack to evaluate. */
export interface Stack {
  name: string;
  environment: string;
  values: Values;
}

/** Determines the stacks of one account. */
export interface ChainOptions {
  /** The folder of the stack files. */
  folder: string;
  stack: string;
  /** Override the stack file's values: `slipway:deploymentApi` for example. */
  overrides?: Record<string, unknown>;
}

/**
 * The stack, preceded by those that supply its images. An image source names the environment whose tag it takes; the
 * stack file with that environment defines the supplier.
 * @throws if no stack has that environment, if stacks wait for each other, or if one is in another region
 */
export async function chainOf({ folder, stack, overrides = {} }: ChainOptions): Promise<Stack[]> {
  const chain: Stack[] = [];

  async function add(name: string, values: Values, waiting: string[]): Promise<void> {
    if (chain.some((it) => it.name === name)) return;
    if (waiting.includes(name))
      throw new Error(
        `Stacks ${[...waiting, name].join(", ")}: each takes the next one's images, and none is the first.`,
      );
    for (const { application, tag } of imageSources(values)) {
      const upstream = await stackOfEnvironment(folder, tag);
      if (upstream === undefined)
        throw new Error(
          `Pulumi.${name}.yaml: ${application} takes the images with tag ${tag}, and no stack file has slipway:environment ${tag}: add the stack that tags them.`,
        );
      await add(upstream, await readValues(folder, upstream), [...waiting, name]);
    }
    chain.push({ name, environment: environmentOf(values), values });
  }

  await add(stack, { ...(await readValues(folder, stack)), ...asValues(overrides) }, []);
  checkRegions(chain);
  return chain;
}

const asValues = (overrides: Record<string, unknown>): Values =>
  Object.fromEntries(
    Object.entries(overrides).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );

/** The program itself reports malformed applications. */
function imageSources(values: Values): { application: string; tag: string }[] {
  const applications = parsed(values["slipway:applications"] ?? "[]");
  if (!Array.isArray(applications)) return [];
  return applications.flatMap((it) => {
    const tag = it?.source?.image?.tag;
    return typeof tag === "string" ? [{ application: String(it.name), tag }] : [];
  });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Images are promoted within one region: the account has no other. */
function checkRegions(chain: Stack[]): void {
  const of = ({ name, values }: Stack): string => {
    const region = values["aws:region"];
    if (region === undefined) throw new Error(`Pulumi.${name}.yaml: aws:region is missing: name the region.`);
    return region;
  };
  const last = chain.at(-1);
  const other = last && chain.find((it) => of(it) !== of(last));
  if (last !== undefined && other !== undefined)
    throw new Error(
      `Pulumi.${last.name}.yaml: aws:region is ${of(last)}, but its images come from stack ${other.name} in ${of(other)}: promotion works within one region.`,
    );
}
