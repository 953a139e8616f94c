import type { Response } from "../../forges/request";
import { expectEqual, expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { commitOf, readable } from "./versions";

/** A deployment by HTTP, as its API returns it. */
export interface Deployment {
  id: string;
  application: string;
  version: string;
  image: string;
  state: "queued" | "inProgress" | "succeeded" | "failed";
  summary?: string;
  cause?: string;
}

export interface DeploymentRequest {
  method?: "GET" | "POST";
  /** Appended to the API's own: `/<id>` */
  path?: string;
  /** Default: the stack's own token; null for none. */
  token?: string | null;
  contentType?: string;
  body?: string;
}

/** Sends a request to the deployments API. */
export function requestDeployment(context: ScenarioContext, request: DeploymentRequest): Promise<Response> {
  const { deploymentsUrl, deploymentToken } = stackOf(context).outputs;
  if (deploymentsUrl === undefined || deploymentToken === undefined)
    throw new Error("The stack's outputs lack deploymentsUrl and deploymentToken: set slipway:deploymentApi.");
  const { method = "POST", path = "", token = deploymentToken, contentType = "application/json", body = "" } = request;
  return context.ask(deploymentsUrl + path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(method === "GET" ? {} : { "content-type": contentType }),
    },
    body,
  });
}

/** Body of a request to deploy a pushed version of the application. */
export const wanting = (context: ScenarioContext, version: string): string =>
  JSON.stringify({ application: "storefront", version: commitOf(context, version) });

/** Requests a version; it is accepted. */
export async function deploy(context: ScenarioContext, version: string): Promise<Deployment> {
  const { status, body, headers } = await requestDeployment(context, { body: wanting(context, version) });
  expectEqual(`the status of the answer (${body})`, status, 202);
  const deployment: Deployment = JSON.parse(body);
  expectSame(
    "the deployment",
    [deployment.application, deployment.version, deployment.state],
    ["storefront", commitOf(context, version), "queued"],
  );
  expectEqual("the location", headers.location, `/deployments/${deployment.id}`);
  return deployment;
}

/** Polls a deployment until it has ended. */
export async function ended(context: ScenarioContext, id: string): Promise<Deployment> {
  for (;;) {
    const { status, body } = await requestDeployment(context, { method: "GET", path: `/${id}` });
    expectEqual(`the status of the answer (${body})`, status, 200);
    const deployment: Deployment = JSON.parse(body);
    if (deployment.state === "succeeded" || deployment.state === "failed") return deployment;
    await context.clock.wait(15_000);
  }
}

/** A request is rejected and starts nothing. @param reason with versions in place of commits */
export const refuses = (
  title: string,
  status: number,
  reason: string,
  request: (context: ScenarioContext) => DeploymentRequest,
): Step => ({
  title,
  async run(context) {
    const trail = context.account.trail.length;
    const answer = await requestDeployment(context, request(context));
    expectEqual("the status", answer.status, status);
    expectEqual("the reason", readable(context, JSON.parse(answer.body).reason), reason);
    // The deploy function may record the end of a delivery meanwhile.
    const written = context.account.trail
      .slice(trail)
      .filter(({ principal }) => /-deployments-role-/.test(principal))
      .filter(({ service, operation }) => service === "dynamodb" && operation !== "GetItem");
    expectEqual("what was written", written.length, 0);
    return `${status}: ${reason}`;
  },
});
