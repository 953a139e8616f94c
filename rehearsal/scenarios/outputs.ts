/** What the program tells at its end, as `pulumi stack output` shows it. */
export interface Outputs {
  webhookUrl: string;
  webhookSecret: string;
  /** `storefront/web` → URL */
  services: Record<string, string>;
  /** application → repository URL */
  repositories: Record<string, string>;
  /** application → pipeline name */
  pipelines: Record<string, string>;
}

/** @throws with the name of each output that is missing or of another form */
export function readOutputs(outputs: Record<string, unknown>): Outputs {
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const isTable = (value: unknown) => typeof value === "object" && value !== null && Object.values(value).every(isText);
  const wrong = [
    ...["webhookUrl", "webhookSecret"].filter((name) => !isText(outputs[name])),
    ...["services", "repositories", "pipelines"].filter((name) => !isTable(outputs[name])),
  ];
  if (wrong.length > 0)
    throw new Error(
      `The stack's outputs lack ${wrong.join(", ")}: the scenarios need the addresses that index.ts exports.`,
    );
  return outputs as unknown as Outputs;
}
