/**
 * The first word of every message. DingTalk's custom robots require a security setting, and Feishu's allow one: here, a
 * keyword that each message contains.
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

/** CloudWatch's, with only the most important fields. */
interface AlarmNotice {
  AlarmName: string;
  AlarmDescription?: string | null;
  NewStateValue: string;
  NewStateReason?: string;
  Region?: string;
}

/**
 * The text for a chat: a summary of CodePipeline's and CloudWatch's JSON, or all of any other message.
 * @param subject null if SNS has none
 */
export function textOf(subject: string | null | undefined, message: string): string {
  const parsed = parse(message);
  if (isApproval(parsed)) {
    return lines(approvalLines(parsed));
  }
  if (isAlarm(parsed)) {
    return lines(alarmLines(parsed));
  }
  // A notice's subject is also its first line, unless it was shortened.
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

/** A notice contains log lines of builds and tasks: none of them may look like the start of another message. */
function withoutKeyword(text: string): string {
  return text.replaceAll(/[[［【]\s*slipway\s*[\]］】]/gi, "(slipway)");
}

/** Uses one kind of line break. Removes control characters, and characters that are invisible or reverse the text. */
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
