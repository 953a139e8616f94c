/** The chats that slipway can post to, in the order of the settings. */
export const CHAT_KINDS = ["slack", "teams", "feishu", "dingtalk", "wecom"] as const;
export type ChatKind = (typeof CHAT_KINDS)[number];

/** Format of one chat's webhook requests and answers. */
interface Chat {
  /** The request body, with the text cut to the chat's limit. No part of the text can mention people. */
  body(text: string): object;
  /** The field of a 200 answer that is 0 on success; absent if the HTTP status shows success. */
  codeField?: string;
}

const CHATS: Record<ChatKind, Chat> = {
  // Slack splits longer texts, and three characters have a special meaning.
  // https://api.slack.com/changelog/2018-04-truncating-really-long-messages
  // https://docs.slack.dev/messaging/formatting-message-text
  slack: {
    body: (text) => ({
      text: escapeForSlack(cut(text, 4_000, (character) => escapeForSlack(character).length)),
    }),
  },
  // Workflows accept only cards of up to 28 KB, and answer 202 to anything. Text runs have no Markdown, so no text can
  // become a disguised link. Mentions need an entity of the card.
  // https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
  // https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-format
  teams: {
    body: (text) => ({
      type: "message",
      attachments: [
        { contentType: "application/vnd.microsoft.card.adaptive", content: cardOf(cut(text, 27_000, bytesInCard)) },
      ],
    }),
  },
  // https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: 20 KB for the whole body.
  feishu: {
    body: (text) => ({ msg_type: "text", content: { text: cut(withoutTags(text), 20_000 - 100, bytesInJson) } }),
    codeField: "code",
  },
  // https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages gives no limit; app robots have 15,000.
  // It mentions only people listed in `at`.
  dingtalk: {
    body: (text) => ({
      msgtype: "text",
      text: { content: cut(text, 15_000 - 100, bytesInJson) },
      at: { atMobiles: [], atUserIds: [], isAtAll: false },
    }),
    codeField: "errcode",
  },
  // https://developer.work.weixin.qq.com/document/path/91770: 2,048 bytes of UTF-8 content.
  wecom: {
    body: (text) => ({ msgtype: "text", text: { content: cut(withoutTags(text), 2_048, bytes) } }),
    codeField: "errcode",
  },
};

/** The JSON body for a chat's webhook. */
export function bodyOf(kind: ChatKind, text: string): string {
  return JSON.stringify(CHATS[kind].body(text));
}

/** Why a chat rejected a message, in its own words; `undefined` on success. */
export function refusalOf(kind: ChatKind, status: number, body: string): string | undefined {
  if (status < 200 || status > 299) {
    return `HTTP ${status} ${shown(body)}`.trim();
  }
  const { codeField } = CHATS[kind];
  if (codeField === undefined) {
    return undefined;
  }
  const code = codeIn(body, codeField);
  if (code === undefined) {
    return `HTTP ${status} without ${codeField}: ${shown(body)}`;
  }
  return code === 0 ? undefined : shown(body);
}

/** A card with a block for each line, because text runs have no line breaks. */
function cardOf(text: string): object {
  const body = text.split("\n").map((line) => ({
    type: "RichTextBlock",
    inlines: [{ type: "TextRun", text: line === "" ? " " : line }],
  }));
  return { $schema: "http://adaptivecards.io/schemas/adaptive-card.json", type: "AdaptiveCard", version: "1.2", body };
}

/** Bytes of a card's line besides its text. */
const BLOCK = 67;

function bytesInCard(character: string): number {
  return character === "\n" ? BLOCK : bytesInJson(character);
}

function codeIn(body: string, field: string): unknown {
  try {
    return (JSON.parse(body) as Record<string, unknown> | null)?.[field];
  } catch {
    // A page of a proxy or captive portal, not an answer of the chat.
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
 * Feishu treats `<at user_id="all"></at>` as a mention of everybody, and WeCom `<@user>`. Neither documents an escape:
 * the full-width sign looks similar but starts no tag.
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

/** The text, or as many whole characters as fit together with an ellipsis. */
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
