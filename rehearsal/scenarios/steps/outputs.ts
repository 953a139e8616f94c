/** The program's outputs, as shown by `pulumi stack output`. */
export interface Outputs {
  /** Only for a stack that receives webhooks: `github/acme/storefront` → URL. */
  webhookUrls?: Record<string, string>;
  webhookSecrets?: Record<string, string>;
  /** Only for a stack with deployments by HTTP. */
  deploymentsUrl?: string;
  deploymentToken?: string;
  /** Only for a stack that opens pull requests. */
  pullRequestsUrl?: string;
  pullRequestsToken?: string;
  /** `storefront/web` → URL */
  services: Record<string, string>;
  /** application → repository URL */
  repositories: Record<string, string>;
  /** application → pipeline name */
  pipelines: Record<string, string>;
}

/** An address and its secret: one is useless without the other. */
const pairs = [
  ["deploymentsUrl", "deploymentToken"],
  ["pullRequestsUrl", "pullRequestsToken"],
];

/** The same for addresses by name. */
const tablePairs = [["webhookUrls", "webhookSecrets"]];

/** @throws with the name of each output that is missing or malformed */
export function readOutputs(outputs: Record<string, unknown>): Outputs {
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const isTable = (value: unknown) => typeof value === "object" && value !== null && Object.values(value).every(isText);
  const given = (pair: string[]) => pair.some((name) => outputs[name] !== undefined);
  const keys = (name = "") => Object.keys(outputs[name] ?? {}).sort();
  const wrong = [
    ...tablePairs
      .filter(given)
      .flatMap((pair) =>
        pair.filter((name) => !isTable(outputs[name]) || String(keys(name)) !== String(keys(pair[0]))),
      ),
    ...pairs
      .filter(given)
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
