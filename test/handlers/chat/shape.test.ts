import { expect } from "chai";
import { bodyOf, type ChatKind, refusalOf } from "../../../handlers/chat/shape";

describe("the body that a chat takes", () => {
  const shapes: [ChatKind, string, object][] = [
    ["slack", "a < b & c > d", { text: "a &lt; b &amp; c &gt; d" }],
    [
      "teams",
      "a < b & **c**\n\n[d](https://d.example)",
      {
        type: "message",
        attachments: [
          {
            contentType: "application/vnd.microsoft.card.adaptive",
            content: {
              $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
              type: "AdaptiveCard",
              version: "1.2",
              body: ["a < b & **c**", " ", "[d](https://d.example)"].map((line) => ({
                type: "RichTextBlock",
                inlines: [{ type: "TextRun", text: line }],
              })),
            },
          },
        ],
      },
    ],
    ["feishu", "a < b & c > d", { msg_type: "text", content: { text: "a < b & c > d" } }],
    [
      "dingtalk",
      "a < b & c > d",
      {
        msgtype: "text",
        text: { content: "a < b & c > d" },
        at: { atMobiles: [], atUserIds: [], isAtAll: false },
      },
    ],
    ["wecom", "a < b & c > d", { msgtype: "text", text: { content: "a < b & c > d" } }],
  ];
  for (const [kind, text, body] of shapes)
    it(`has ${kind}'s shape`, () => {
      expect(JSON.parse(bodyOf(kind, text))).to.deep.equal(body);
    });

  const sent = (kind: ChatKind, text: string): string => {
    const body = JSON.parse(bodyOf(kind, text));
    if (kind === "teams") {
      const blocks: { inlines: { text: string }[] }[] = body.attachments[0].content.body;
      return blocks.map(({ inlines }) => inlines.map((it) => it.text).join("")).join("\n");
    }
    return kind === "slack" ? body.text : kind === "feishu" ? body.content.text : body.text.content;
  };
  const tags = '<at user_id="all">all</at> < AT id=ou_1></at> <!channel> <@U024BE7LH> <@all> @all 1 <2';
  const escaped: [ChatKind, string][] = [
    [
      "slack",
      '&lt;at user_id="all"&gt;all&lt;/at&gt; &lt; AT id=ou_1&gt;&lt;/at&gt; &lt;!channel&gt; &lt;@U024BE7LH&gt; &lt;@all&gt; @all 1 &lt;2',
    ],
    ["teams", tags],
    ["feishu", '＜at user_id="all">all＜/at> ＜ AT id=ou_1>＜/at> ＜!channel> ＜@U024BE7LH> ＜@all> @all 1 <2'],
    ["dingtalk", tags],
    ["wecom", '＜at user_id="all">all＜/at> ＜ AT id=ou_1>＜/at> ＜!channel> ＜@U024BE7LH> ＜@all> @all 1 <2'],
  ];
  for (const [kind, text] of escaped)
    it(`lets no log line mention people in ${kind}`, () => {
      expect(sent(kind, tags)).to.equal(text);
      const { mentioned_list, mentioned_mobile_list, link_names } = JSON.parse(bodyOf(kind, tags));
      expect([mentioned_list, mentioned_mobile_list, link_names]).to.deep.equal([undefined, undefined, undefined]);
    });

  it("of WeCom holds 2,048 bytes as they are after escaping", () => {
    expect(Buffer.byteLength(sent("wecom", "<@all>".repeat(400)))).to.equal(2_048);
  });

  const limits: { what: string; kind: ChatKind; fits: string; kept: string }[] = [
    { what: "4,000 characters", kind: "slack", fits: "x".repeat(4_000), kept: "x".repeat(3_999) },
    { what: "4,000 characters, as escaped", kind: "slack", fits: "&".repeat(800), kept: "&amp;".repeat(799) },
    { what: "27,000 bytes", kind: "teams", fits: "x".repeat(27_000), kept: "x".repeat(26_997) },
    { what: "2,048 bytes", kind: "wecom", fits: "x".repeat(2_048), kept: "x".repeat(2_045) },
    {
      what: "2,048 bytes, of three for each character",
      kind: "wecom",
      fits: `${"部".repeat(682)}xx`,
      kept: "部".repeat(681),
    },
    { what: "2,048 bytes, of four for each character", kind: "wecom", fits: "🚢".repeat(512), kept: "🚢".repeat(511) },
    { what: "19,900 bytes", kind: "feishu", fits: "x".repeat(19_900), kept: "x".repeat(19_897) },
    { what: "19,900 bytes, as JSON writes them", kind: "feishu", fits: "\n".repeat(9_950), kept: "\n".repeat(9_948) },
    { what: "14,900 bytes", kind: "dingtalk", fits: "x".repeat(14_900), kept: "x".repeat(14_897) },
  ];
  for (const { what, kind, fits, kept } of limits)
    it(`of ${kind} holds ${what}, and no more`, () => {
      const whole = kind === "slack" ? fits.replaceAll("&", "&amp;") : fits;
      expect(sent(kind, fits)).to.equal(whole);
      expect(sent(kind, `${fits}x`)).to.equal(`${kept}…`);
    });

  it("of Teams stays below 28 KB, however many lines it has", () => {
    expect(Buffer.byteLength(bodyOf("teams", "x\n".repeat(30_000)))).to.be.within(24_000, 28_000);
  });

  it("of Feishu stays below 20 KB", () => {
    expect(Buffer.byteLength(bodyOf("feishu", "部".repeat(30_000)))).to.be.within(19_800, 20_000);
  });
});

describe("whether a chat took a message", () => {
  const cases: { kind: ChatKind; status: number; body: string; refusal: string | undefined }[] = [
    { kind: "slack", status: 200, body: "ok", refusal: undefined },
    { kind: "slack", status: 404, body: "no_service", refusal: "HTTP 404 no_service" },
    { kind: "slack", status: 302, body: "", refusal: "HTTP 302" },
    { kind: "teams", status: 202, body: "", refusal: undefined },
    { kind: "teams", status: 401, body: "{}", refusal: "HTTP 401 {}" },
    { kind: "feishu", status: 200, body: '{"StatusCode":0,"code":0,"msg":"success"}', refusal: undefined },
    {
      kind: "feishu",
      status: 200,
      body: '{"code":19024,"msg":"Key Words Not Found"}',
      refusal: '{"code":19024,"msg":"Key Words Not Found"}',
    },
    { kind: "feishu", status: 400, body: '{"code":9499}', refusal: 'HTTP 400 {"code":9499}' },
    { kind: "dingtalk", status: 200, body: '{"errcode":0,"errmsg":"ok"}', refusal: undefined },
    { kind: "dingtalk", status: 200, body: '{"errcode":300005}', refusal: '{"errcode":300005}' },
    { kind: "wecom", status: 200, body: '{"errcode":0,"errmsg":"ok"}', refusal: undefined },
    { kind: "wecom", status: 200, body: '{"errcode":93000}', refusal: '{"errcode":93000}' },
    {
      kind: "wecom",
      status: 200,
      body: "<html>Log in</html>",
      refusal: "HTTP 200 without errcode: <html>Log in</html>",
    },
    { kind: "feishu", status: 200, body: "null", refusal: "HTTP 200 without code: null" },
    { kind: "slack", status: 503, body: "x".repeat(301), refusal: `HTTP 503 ${"x".repeat(299)}…` },
  ];
  for (const { kind, status, body, refusal } of cases)
    it(`${kind}, ${status} ${body.slice(0, 40)}`, () => {
      expect(refusalOf(kind, status, body)).to.equal(refusal);
    });
});
