import type { CodePipelineEvent } from "aws-lambda";

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
