/**
 * The word that every message begins with. A custom robot of DingTalk must be secured, and one of Feishu can be, by a
 * keyword that its messages hold.
 * https://open.dingtalk.com/document/orgapp/customize-robot-security-settings
 */
const KEYWORD = "[slipway]";

/** CodePipeline's: https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html */
interface ApprovalNotice {
  approval: {
    pipelineName: string;
    stageName: string;
    actionName: string;
    expires?: string;
    approvalReviewLink?: string;
    externalEntityLink?: string | null;
    customData?: string | null;
  };
}

/** CloudWatch's; of its many fields those that people want first. */
interface AlarmNotice {
  AlarmName: string;
  AlarmDescription?: string | null;
  NewStateValue: string;
  NewStateReason?: string;
  Region?: string;
}

/**
 * What people read in a chat: of CodePipeline's and CloudWatch's JSON the gist, of any other message all of it.
 * @param subject SNS hands null over where there is none
 */
export function textOf(subject: string | null | undefined, message: string): string {
  const parsed = parse(message);
  if (isApproval(parsed)) {
    return lines(approvalLines(parsed));
  }
  if (isAlarm(parsed)) {
    return lines(alarmLines(parsed));
  }
  // A notice's subject is its first line too, unless it was too long for one.
  const repeats = message.startsWith(subject ?? "");
  return lines(repeats ? [message] : [subject, message]);
}

function approvalLines({ approval }: ApprovalNotice) {
  const { pipelineName, stageName, actionName, expires, approvalReviewLink, externalEntityLink, customData } = approval;
  return [
    `Approval needed: pipeline ${pipelineName}, stage ${stageName}, action ${actionName}`,
    customData,
    externalEntityLink && `See ${externalEntityLink}`,
    approvalReviewLink && `Review: ${approvalReviewLink}`,
    expires && `Expires: ${expires}`,
  ];
}

function alarmLines(alarm: AlarmNotice) {
  const { AlarmName, AlarmDescription, NewStateValue, NewStateReason, Region } = alarm;
  const where = Region ? ` in ${Region}` : "";
  return [`${NewStateValue}: ${AlarmName}${where}`, AlarmDescription, NewStateReason];
}

function lines(parts: (string | null | undefined)[]): string {
  const text = parts.filter((part) => part).join("\n");
  return `${KEYWORD} ${withoutKeyword(withoutInvisible(text))}`;
}

/** A notice holds log lines of builds and tasks: none of them may look like the beginning of another message. */
function withoutKeyword(text: string): string {
  return text.replaceAll(/[[［【]\s*slipway\s*[\]］】]/gi, "(slipway)");
}

/** One kind of line break; no control characters, and none that are not seen or that turn the writing around. */
function withoutInvisible(text: string): string {
  return text.replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, "\n").replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, "");
}

function parse(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    // Most messages are plain text.
    return undefined;
  }
}

function isApproval(value: unknown): value is ApprovalNotice {
  const { approval } = fields(value);
  const { pipelineName, stageName, actionName } = fields(approval);
  return [pipelineName, stageName, actionName].every((name) => typeof name === "string");
}

function isAlarm(value: unknown): value is AlarmNotice {
  const { AlarmName, NewStateValue } = fields(value);
  return typeof AlarmName === "string" && typeof NewStateValue === "string";
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
