export type ChatKind = "slack" | "feishu" | "dingtalk" | "wecom";

/** The JSON that a chat's webhook takes, its text cut to what the chat allows. No part of the text can mention people. */
export function bodyOf(kind: ChatKind, text: string): string {
  switch (kind) {
    case "slack":
      // Slack splits longer texts, and gives three characters a meaning of its own.
      // https://api.slack.com/changelog/2018-04-truncating-really-long-messages
      // https://docs.slack.dev/messaging/formatting-message-text
      return JSON.stringify({
        text: escapeForSlack(cut(text, 4_000, (character) => escapeForSlack(character).length)),
      });
    case "feishu":
      // https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: 20 KB for the whole body.
      return JSON.stringify({ msg_type: "text", content: { text: cut(withoutTags(text), 20_000 - 100, bytesInJson) } });
    case "dingtalk":
      // https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages names no limit; robots of apps have 15,000.
      // It mentions only those whom `at` names.
      return JSON.stringify({
        msgtype: "text",
        text: { content: cut(text, 15_000 - 100, bytesInJson) },
        at: { atMobiles: [], atUserIds: [], isAtAll: false },
      });
    case "wecom":
      // https://developer.work.weixin.qq.com/document/path/91770: 2,048 bytes of content in UTF-8.
      return JSON.stringify({ msgtype: "text", text: { content: cut(withoutTags(text), 2_048, bytes) } });
  }
}

/**
 * Why a chat did not take a message, in its own words; undefined where it did. All but Slack answer 200 either way, and
 * say it in the body.
 */
export function refusalOf(kind: ChatKind, status: number, body: string): string | undefined {
  if (status < 200 || status > 299) {
    return `HTTP ${status} ${shown(body)}`.trim();
  }
  if (kind === "slack") {
    return undefined;
  }
  const field = kind === "feishu" ? "code" : "errcode";
  const code = codeIn(body, field);
  if (code === undefined) {
    return `HTTP ${status} without ${field}: ${shown(body)}`;
  }
  return code === 0 ? undefined : shown(body);
}

function codeIn(body: string, field: string): unknown {
  try {
    return (JSON.parse(body) as Record<string, unknown> | null)?.[field];
  } catch {
    // A proxy's or a portal's page: no answer of the chat's.
    return undefined;
  }
}

function shown(body: string): string {
  return body.length <= 300 ? body : `${body.slice(0, 299)}…`;
}

function escapeForSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * Feishu takes `<at user_id="all"></at>` for a mention of everybody, and WeCom `<@user>`. Neither documents an escape: the
 * full-width sign looks alike and begins no tag.
 */
function withoutTags(text: string): string {
  return text.replaceAll(/<(?=[a-z/@!]|\s+\/?at\b)/gi, "＜");
}

function bytes(character: string): number {
  return Buffer.byteLength(character);
}

function bytesInJson(character: string): number {
  return Buffer.byteLength(JSON.stringify(character)) - 2;
}

const ELLIPSIS = "…";

/** The text, or as many whole characters of it as have room together with an ellipsis. */
function cut(text: string, limit: number, sizeOf: (character: string) => number): string {
  const room = limit - sizeOf(ELLIPSIS);
  let size = 0;
  let kept = 0;
  for (const character of text) {
    size += sizeOf(character);
    if (size <= room) {
      kept += character.length;
    }
    if (size > limit) {
      return `${text.slice(0, kept)}${ELLIPSIS}`;
    }
  }
  return text;
}
