import type { ActionRun } from "./actionType";

/** SNS subjects have at most a hundred characters. CodePipeline truncates long names, as seen in real messages. */
const longestName = 24;

/**
 * What CodePipeline publishes when an action waits for approval.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html
 */
export function approvalNotice(
  { cloud, pipeline, stage, action, configuration }: ActionRun,
  token: string,
  expires: Date,
): { Subject: string; Message: string } {
  const host = cloud.partition === "aws-cn" ? "console.amazonaws.cn" : "console.aws.amazon.com";
  const consoleLink = `https://${host}/codesuite/codepipeline/pipelines/${pipeline}/view?region=${cloud.region}`;
  const message = {
    region: cloud.region,
    consoleLink,
    approval: {
      pipelineName: pipeline,
      stageName: stage,
      actionName: action.name,
      token,
      // 2016-07-07T20:22Z
      expires: expires.toISOString().replace(/:\d\d\.\d+Z$/, "Z"),
      externalEntityLink: configuration.ExternalEntityLink ?? null,
      approvalReviewLink: `${consoleLink}#/${stage}/${action.name}/approve/${token}`,
      customData: configuration.CustomData ?? null,
    },
  };
  return {
    Subject: `APPROVAL NEEDED: AWS CodePipeline ${short(pipeline)} for action ${short(action.name)}`,
    Message: JSON.stringify(message),
  };
}

const short = (name: string): string => (name.length > longestName ? `${name.slice(0, longestName)}...` : name);
