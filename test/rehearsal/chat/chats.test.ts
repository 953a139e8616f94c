import { expect } from "chai";
import { bodyOf, CHAT_KINDS } from "../../../handlers/chat/shape";
import { type Chats, startChats } from "../../../rehearsal/chat/chats";
import { type ChatKind, robots } from "../../../rehearsal/chat/robots";
import { request } from "../../../rehearsal/forges/request";
import { refusal } from "../../refusal";

const JSON_TYPE = "application/json; charset=utf-8";

interface PostArgs {
  kind: ChatKind;
  body: unknown;
  contentType?: string;
  path?: string;
  method?: string;
}

describe("The chats of the outside world", () => {
  const addresses = new Map<string, string>();
  let chats: Chats;

  beforeEach(async () => {
    chats = await startChats({ addresses });
  });
  afterEach(() => chats.close());

  async function post({ kind, body, contentType = JSON_TYPE, path, method = "POST" }: PostArgs) {
    const url = path === undefined ? chats.webhook(kind) : `https://${robots[kind].host}${path}`;
    const answer = await request(addresses, url, {
      method,
      headers: { "content-type": contentType },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const isJson = answer.headers["content-type"] === "application/json";
    return [answer.status, isJson ? JSON.parse(answer.body) : answer.body];
  }

  const text = "[slipway] 部署 <done> & more";
  const taken: { kind: ChatKind; body: object; answer: unknown }[] = [
    { kind: "slack", body: { text: "[slipway] 部署 &lt;done&gt; &amp; more" }, answer: "ok" },
    {
      kind: "feishu",
      body: { msg_type: "text", content: { text } },
      answer: { StatusCode: 0, StatusMessage: "success", code: 0, data: {}, msg: "success" },
    },
    { kind: "dingtalk", body: { msgtype: "text", text: { content: text } }, answer: { errcode: 0, errmsg: "ok" } },
    { kind: "wecom", body: { msgtype: "text", text: { content: text } }, answer: { errcode: 0, errmsg: "ok" } },
  ];
  for (const { kind, body, answer } of taken)
    it(`show what ${kind} is sent`, async () => {
      expect(await post({ kind, body })).to.deep.equal([200, answer]);
      expect(chats.posts).to.deep.equal([{ kind, text }]);
    });

  const card = (content: object) => ({
    type: "message",
    attachments: [
      { contentType: "application/vnd.microsoft.card.adaptive", content: { type: "AdaptiveCard", ...content } },
    ],
  });
  const block = (line: string) => ({ type: "TextBlock", text: line });

  it("show the lines of a card that teams is sent", async () => {
    expect(await post({ kind: "teams", body: card({ body: [block("[slipway]"), block("done")] }) })).to.deep.equal([
      202,
      "",
    ]);
    expect(chats.posts).to.deep.equal([{ kind: "teams", text: "[slipway]\ndone" }]);
  });

  for (const [what, body] of [
    ["no card", { text: "[slipway]" }],
    ["a card of another type", { ...card({ body: [] }), type: "card" }],
    ["more than 28 KB", card({ body: [block("x".repeat(28_700))] })],
  ] as const)
    it(`accept ${what} for teams, and show nothing`, async () => {
      expect(await post({ kind: "teams", body })).to.deep.equal([202, ""]);
      expect(chats.posts).to.deep.equal([]);
    });

  const mentioning: { kind: ChatKind; body: object }[] = [
    { kind: "slack", body: { text: "[slipway] <!all>" } },
    {
      kind: "teams",
      body: card({ body: [block("[slipway] <at>all</at>")], msteams: { entities: [{ text: "<at>all</at>" }] } }),
    },
    { kind: "feishu", body: { msg_type: "text", content: { text: '[slipway] <at user_id="all">everybody</at>' } } },
    { kind: "dingtalk", body: { msgtype: "text", text: { content: "[slipway]" }, at: { isAtAll: true } } },
    { kind: "wecom", body: { msgtype: "text", text: { content: "[slipway] <@all>" } } },
    { kind: "wecom", body: { msgtype: "text", text: { content: "[slipway]", mentioned_list: ["@all"] } } },
  ];
  for (const { kind, body } of mentioning)
    it(`show whom ${kind} mentions: ${JSON.stringify(body)}`, async () => {
      await post({ kind, body });
      expect(chats.posts).to.deep.equal([{ kind, text: "[slipway] @all" }]);
    });

  for (const kind of CHAT_KINDS)
    it(`mention nobody whom a log line names (${kind})`, async () => {
      const line = '[slipway] <at user_id="all">everybody</at> <at id=all></at> <!channel> <@all>';
      await post({ kind, body: JSON.parse(bodyOf(kind, line)) });
      expect(chats.posts.map((it) => it.text.replaceAll("＜", "<"))).to.deep.equal([line]);
    });

  const code = (number: number, msg: string) => ({ code: number, msg, data: {} });
  const badRequest = code(9499, "Bad Request");
  const fits = (bytes: number) => ({ msgtype: "text", text: { content: "x".repeat(bytes) } });
  const refused: ({ what: string; status?: number; answer: unknown } & PostArgs)[] = [
    {
      what: "another path",
      kind: "slack",
      path: "/services/T0/B0/x",
      body: { text },
      status: 404,
      answer: "no_service",
    },
    { what: "no JSON", kind: "slack", body: "text", status: 400, answer: "invalid_payload" },
    {
      what: "a form",
      kind: "slack",
      body: { text },
      contentType: "text/plain",
      status: 400,
      answer: "invalid_payload",
    },
    { what: "no text", kind: "slack", body: { content: text }, status: 400, answer: "no_text" },
    { what: "a GET", kind: "slack", body: "", method: "GET", status: 404, answer: "Not Found" },
    {
      what: "another token",
      kind: "feishu",
      path: "/open-apis/bot/v2/hook/x",
      body: {},
      answer: code(19001, "param invalid: incoming webhook access token invalid"),
    },
    {
      what: "DingTalk's shape",
      kind: "feishu",
      body: { msgtype: "text", text: { content: text } },
      answer: badRequest,
    },
    { what: "no JSON", kind: "feishu", body: "text", answer: badRequest },
    {
      what: "more than 20 KB",
      kind: "feishu",
      body: { msg_type: "text", content: { text: "x".repeat(20_480) } },
      answer: badRequest,
    },
    {
      what: "no keyword",
      kind: "feishu",
      body: { msg_type: "text", content: { text: "done" } },
      answer: code(19024, "Key Words Not Found"),
    },
    {
      what: "another token",
      kind: "dingtalk",
      path: "/robot/send?access_token=x",
      body: {},
      answer: { errcode: 300005, errmsg: "token is not exist" },
    },
    {
      what: "another content type",
      kind: "dingtalk",
      body: {},
      contentType: "text/plain",
      answer: { errcode: 43004, errmsg: "无效的HTTP HEADER Content-Type" },
    },
    { what: "no JSON", kind: "dingtalk", body: "text", answer: { errcode: 40035, errmsg: "缺少参数 json" } },
    {
      what: "Feishu's shape",
      kind: "dingtalk",
      body: { msg_type: "text" },
      answer: { errcode: 400105, errmsg: "不支持的消息类型" },
    },
    {
      what: "no text",
      kind: "dingtalk",
      body: { msgtype: "text" },
      answer: { errcode: 40035, errmsg: "缺少参数 json" },
    },
    {
      what: "no keyword",
      kind: "dingtalk",
      body: { msgtype: "text", text: { content: "done" } },
      answer: { errcode: 310000, errmsg: "keywords not in content" },
    },
    {
      what: "another key",
      kind: "wecom",
      path: "/cgi-bin/webhook/send?key=x",
      body: {},
      answer: { errcode: 93000, errmsg: "invalid webhook url" },
    },
    { what: "no JSON", kind: "wecom", body: "text", answer: { errcode: 47001, errmsg: "data format error" } },
    {
      what: "Feishu's shape",
      kind: "wecom",
      body: { msg_type: "text" },
      answer: { errcode: 40008, errmsg: "invalid message type" },
    },
    { what: "an empty text", kind: "wecom", body: fits(0), answer: { errcode: 44004, errmsg: "empty content" } },
    {
      what: "more than 2048 bytes",
      kind: "wecom",
      body: fits(2049),
      answer: { errcode: 40058, errmsg: "text.content exceed max length 2048. invalid Request Parameter" },
    },
  ];
  for (const { what, status = 200, answer, ...args } of refused)
    it(`refuse ${what} (${args.kind})`, async () => {
      expect(await post(args)).to.deep.equal([status, answer]);
      expect(chats.posts).to.deep.equal([]);
    });

  it("take exactly 2048 bytes in WeCom", async () => {
    await post({ kind: "wecom", body: fits(2048) });
    expect(chats.posts).to.have.length(1);
  });

  const body = { text };
  it("can be down, one by one, and come back", async () => {
    const nobody = chats.webhook("slack");
    await chats.down("slack", "refused");
    expect((await refusal(post({ kind: "slack", body }))).message).to.match(
      new RegExp(`^${nobody}: connect ECONNREFUSED`),
    );
    expect(await post({ kind: "wecom", body: fits(1) })).to.deep.equal([200, { errcode: 0, errmsg: "ok" }]);
    await chats.down("slack", "error");
    expect(await post({ kind: "slack", body })).to.deep.equal([500, "Internal Server Error"]);
    await chats.down("slack", "limited");
    expect(await post({ kind: "slack", body })).to.deep.equal([429, "rate_limited"]);
    await chats.down("slack");
    expect(await post({ kind: "slack", body })).to.deep.equal([200, "ok"]);
    expect(chats.posts.map((it) => it.kind)).to.deep.equal(["wecom", "slack"]);
  });
});
