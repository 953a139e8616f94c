export type ChatKind = "slack" | "teams" | "feishu" | "dingtalk" | "wecom";

/** A request to an incoming webhook. */
export interface WebhookRequest {
  /** Path and query. */
  path: string;
  contentType: string;
  body: string;
}

export interface WebhookAnswer {
  status: number;
  contentType: string;
  body: string;
  /** The text shown in the chat; absent if the message is rejected. */
  text?: string;
}

/** An incoming webhook as its chat documents it: what it accepts, and how it rejects the rest. */
export interface Robot {
  host: string;
  /** Path and query of the only webhook. The last part is the chat's secret. */
  path: string;
  receive(request: WebhookRequest): WebhookAnswer;
  /** Too many messages in a minute. */
  limited: WebhookAnswer;
}

/** A Feishu or DingTalk robot secured by a keyword only accepts messages that contain it. */
const KEYWORD = "slipway";

const plain = (status: number, body: string): WebhookAnswer => ({ status, contentType: "text/html", body });
const json = (body: object, text?: string): WebhookAnswer => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(body),
  ...(text !== undefined && { text }),
});

type Fields = Record<string, unknown>;

const fieldsOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});

function parse({ body }: WebhookRequest): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(body));
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isJson = ({ contentType }: WebhookRequest) => contentType.startsWith("application/json");

/** https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks */
const slack: Robot = {
  host: "hooks.slack.com",
  path: "/services/T01ACME/B01SLIPWAY/vHq7Zk2mRw9Xs4Tn6Yb8Lc1D",
  receive(request) {
    if (request.path !== slack.path) return plain(404, "no_service");
    const fields = isJson(request) ? parse(request) : undefined;
    if (fields === undefined) return plain(400, "invalid_payload");
    if (!isText(fields.text)) return plain(400, "no_text");
    // The displayed text: https://docs.slack.dev/messaging/formatting-message-text
    const mentioning = fields.text.replaceAll(/<[!@](\w+)>/g, "@$1");
    const text = mentioning.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    return { ...plain(200, "ok"), text: text.slice(0, 40_000) };
  },
  limited: plain(429, "rate_limited"),
};

/** https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
const feishu: Robot = {
  host: "open.feishu.cn",
  path: "/open-apis/bot/v2/hook/5f1b6c1e-7a52-4b0d-9c83-2e64d1a07f39",
  receive(request) {
    if (request.path !== feishu.path)
      return json({ code: 19001, msg: "param invalid: incoming webhook access token invalid", data: {} });
    const { msg_type, content } = (isJson(request) ? parse(request) : undefined) ?? {};
    const { text } = fieldsOf(content);
    if (msg_type !== "text" || !isText(text) || Buffer.byteLength(request.body) > 20 * 1024)
      return json({ code: 9499, msg: "Bad Request", data: {} });
    if (!text.includes(KEYWORD)) return json({ code: 19024, msg: "Key Words Not Found", data: {} });
    const shown = text.replaceAll(/<at\s+(?:user_)?id="?(\w+)"?\s*>.*?<\/at>/gs, "@$1");
    return json({ StatusCode: 0, StatusMessage: "success", code: 0, data: {}, msg: "success" }, shown);
  },
  limited: json({ code: 11232, msg: "frequency limited", data: {} }),
};

/** https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages */
const dingtalk: Robot = {
  host: "oapi.dingtalk.com",
  path: "/robot/send?access_token=8d1f0b6ce2a94f7795b3c1d24e6f80a17c3b5d9e",
  receive(request) {
    if (request.path !== dingtalk.path) return json({ errcode: 300005, errmsg: "token is not exist" });
    if (!isJson(request)) return json({ errcode: 43004, errmsg: "无效的HTTP HEADER Content-Type" });
    const fields = parse(request);
    if (fields === undefined) return json({ errcode: 40035, errmsg: "缺少参数 json" });
    if (fields.msgtype !== "text") return json({ errcode: 400105, errmsg: "不支持的消息类型" });
    const { content } = fieldsOf(fields.text);
    if (!isText(content)) return json({ errcode: 40035, errmsg: "缺少参数 json" });
    if (!content.includes(KEYWORD)) return json({ errcode: 310000, errmsg: "keywords not in content" });
    const { isAtAll } = fieldsOf(fields.at);
    return json({ errcode: 0, errmsg: "ok" }, isAtAll === true ? `${content} @all` : content);
  },
  limited: json({ errcode: 410100, errmsg: "发送速度太快而限流" }),
};

/** https://developer.work.weixin.qq.com/document/path/91770 */
const wecom: Robot = {
  host: "qyapi.weixin.qq.com",
  path: "/cgi-bin/webhook/send?key=c4e70f2b-93d1-4a6e-8b5f-d0a1726e3c98",
  receive(request) {
    if (request.path !== wecom.path) return json({ errcode: 93000, errmsg: "invalid webhook url" });
    const fields = parse(request);
    if (fields === undefined) return json({ errcode: 47001, errmsg: "data format error" });
    if (fields.msgtype !== "text") return json({ errcode: 40008, errmsg: "invalid message type" });
    const { content } = fieldsOf(fields.text);
    if (!isText(content)) return json({ errcode: 44004, errmsg: "empty content" });
    if (Buffer.byteLength(content) > 2048)
      return json({ errcode: 40058, errmsg: "text.content exceed max length 2048. invalid Request Parameter" });
    const { mentioned_list } = fieldsOf(fields.text);
    const mentions = Array.isArray(mentioned_list)
      ? mentioned_list.map((it) => ` @${String(it).replace("@", "")}`)
      : [];
    return json({ errcode: 0, errmsg: "ok" }, content.replaceAll(/<@(\w+)>/g, "@$1") + mentions.join(""));
  },
  limited: json({ errcode: 45009, errmsg: "api freq out of limit" }),
};

/**
 * A workflow triggered "when a Teams webhook request is received". It responds with 202 before it reads the card. A
 * request without a card, or too large, is dropped silently.
 * https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 */
const teams: Robot = {
  host: "default0a1b2c3d.4e.environment.api.powerplatform.com",
  path: "/powerautomate/automations/direct/workflows/7d5e/triggers/manual/paths/invoke?api-version=1&sig=kT3vQ9xZb1Lw8Rm2Ys6Hd4",
  receive(request) {
    if (request.path !== teams.path)
      return {
        status: 401,
        contentType: "application/json",
        body: '{"error":{"code":"DirectApiAuthorizationRequired"}}',
      };
    const card = isJson(request) && Buffer.byteLength(request.body) <= 28 * 1024 ? cardIn(parse(request)) : undefined;
    return { ...plain(202, ""), ...(card !== undefined && { text: textOf(card) }) };
  },
  limited: plain(429, "Rate limit is exceeded."),
};

function cardIn({ type, attachments }: Fields = {}): Fields | undefined {
  const [attachment] = type === "message" && Array.isArray(attachments) ? attachments : [];
  const { contentType, content } = fieldsOf(attachment);
  const card = fieldsOf(content);
  const isCard = contentType === "application/vnd.microsoft.card.adaptive" && card.type === "AdaptiveCard";
  return isCard && Array.isArray(card.body) ? card : undefined;
}

/** The displayed text. A mention is a tag in a text for which the card has an entity. */
function textOf({ body, msteams }: Fields): string {
  const { entities } = fieldsOf(msteams);
  const mentions = Array.isArray(entities) ? entities.map((it) => String(fieldsOf(it).text)) : [];
  const lines = (body as unknown[]).map(fieldsOf).map(({ type, text, inlines }) => {
    const runs = type === "RichTextBlock" && Array.isArray(inlines) ? inlines.map((it) => fieldsOf(it).text) : [text];
    const line = runs.join("");
    return line === " " ? "" : line;
  });
  const mentioned = (all: string, tag: string) => all.replaceAll(tag, `@${tag.replaceAll(/<\/?at>/g, "")}`);
  return mentions.reduce(mentioned, lines.join("\n"));
}

export const robots: Record<ChatKind, Robot> = { slack, teams, feishu, dingtalk, wecom };
