/** What the program tells at its end, as `pulumi stack output` shows it. */
export interface Outputs {
  /** Only of a stack that pushes are delivered to. */
  webhookUrl?: string;
  webhookSecret?: string;
  /** Only of a stack whose versions can be deployed by HTTP. */
  deploymentsUrl?: string;
  deploymentToken?: string;
  /** `storefront/web` → URL */
  services: Record<string, string>;
  /** application → repository URL */
  repositories: Record<string, string>;
  /** application → pipeline name */
  pipelines: Record<string, string>;
}

/** An address, and the secret that goes with it: one without the other is of use to nobody. */
const pairs = [
  ["webhookUrl", "webhookSecret"],
  ["deploymentsUrl", "deploymentToken"],
];

/** @throws with the name of each output that is missing or of another form */
export function readOutputs(outputs: Record<string, unknown>): Outputs {
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const isTable = (value: unknown) => typeof value === "object" && value !== null && Object.values(value).every(isText);
  const wrong = [
    ...pairs
      .filter((pair) => pair.some((name) => outputs[name] !== undefined))
      .flat()
      .filter((name) => !isText(outputs[name])),
    ...["services", "repositories", "pipelines"].filter((name) => !isTable(outputs[name])),
  ];
  if (wrong.length > 0)
    throw new Error(
      `The stack's outputs lack ${wrong.join(", ")}: the scenarios need the addresses that index.ts exports.`,
    );
  return outputs as unknown as Outputs;
}
