import type { CodePipelineEvent } from "aws-lambda";
import { expect } from "chai";
import type { Endpoint } from "./endpoint";
import type { Lambda } from "./lambda";

export const JOB = "11111111-2222-3333-4444-555555555555";

/** What CodePipeline invokes a function with. The credentials must not be seen in any log. */
export const jobOf = (parameters: object | string, continuationToken?: string): CodePipelineEvent => ({
  "CodePipeline.job": {
    id: JOB,
    accountId: "123456789012",
    data: {
      actionConfiguration: {
        configuration: {
          FunctionName: "function",
          UserParameters: typeof parameters === "string" ? parameters : JSON.stringify(parameters),
        },
      },
      inputArtifacts: [],
      outputArtifacts: [],
      artifactCredentials: { accessKeyId: "AKID", secretAccessKey: "top secret", sessionToken: "top secret" },
      ...(continuationToken !== undefined && { continuationToken }),
    },
  },
});

/** One invocation for a job. @returns what CodePipeline was told, once, with the token apart */
export async function runOnce(endpoint: Endpoint, lambda: Lambda, parameters: object | string, token?: string) {
  const before = endpoint.requests.length;
  const { value, error, lines } = await lambda.invoke(jobOf(parameters, token));
  expect([value, error]).to.deep.equal([undefined, undefined]);
  expect(lines.join("")).not.to.include("top secret");
  const results = endpoint.requests.slice(before).filter(({ operation }) => operation.startsWith("PutJob"));
  expect(results).to.have.length(1);
  const { continuationToken, ...input } = results[0]?.input ?? {};
  return { told: [results[0]?.operation, input], token: continuationToken as string | undefined };
}

export const success = (summary: string) => ["PutJobSuccessResult", { jobId: JOB, executionDetails: { summary } }];

export const failure = (type: string, message: string) => [
  "PutJobFailureResult",
  { jobId: JOB, failureDetails: { type, message } },
];
