import { expect } from "chai";
import { textOf } from "../../../handlers/chat/text";

/** The example of CodePipeline's guide. */
const approval = {
  region: "us-east-2",
  consoleLink: "https://console.aws.amazon.com/codepipeline/home?region=us-east-2#/view/MyFirstPipeline",
  approval: {
    pipelineName: "MyFirstPipeline",
    stageName: "MyApprovalStage",
    actionName: "MyApprovalAction",
    token: "1a2b3c4d-573f-4ea7-a67E-XAMPLETOKEN",
    expires: "2016-07-07T20:22Z",
    externalEntityLink: "http://example.com",
    approvalReviewLink: "https://console.aws.amazon.com/codepipeline/home?region=us-east-2#/view/review",
    customData: "Review the latest changes and approve or reject within seven days.",
  },
};

const alarm = {
  AlarmName: "dead-letters",
  AlarmDescription: "A push could not be fetched: redrive the queue.",
  AWSAccountId: "123456789012",
  NewStateValue: "ALARM",
  OldStateValue: "OK",
  NewStateReason: "Threshold Crossed: 1 out of the last 1 datapoints [1.0] was greater than the threshold (0.0).",
  StateChangeTime: "2026-01-05T09:00:00.000+0000",
  Region: "US East (N. Virginia)",
};

describe("the text that a chat gets", () => {
  const { externalEntityLink: _, customData: __, ...bare } = approval.approval;
  const cases: { what: string; subject: string | null; message: string; text: string }[] = [
    {
      what: "of an approval: what is asked, how to answer, and until when",
      subject: "APPROVAL NEEDED: AWS CodePipeline MyFirstPipeline for action MyApprovalAction",
      message: JSON.stringify(approval),
      text: [
        "[slipway] Approval needed: pipeline MyFirstPipeline, stage MyApprovalStage, action MyApprovalAction",
        "Review the latest changes and approve or reject within seven days.",
        "See http://example.com",
        "Review: https://console.aws.amazon.com/codepipeline/home?region=us-east-2#/view/review",
        "Expires: 2016-07-07T20:22Z",
      ].join("\n"),
    },
    {
      what: "of an approval without words of its own",
      subject: null,
      message: JSON.stringify({ ...approval, approval: { ...bare, externalEntityLink: null, customData: null } }),
      text: [
        "[slipway] Approval needed: pipeline MyFirstPipeline, stage MyApprovalStage, action MyApprovalAction",
        "Review: https://console.aws.amazon.com/codepipeline/home?region=us-east-2#/view/review",
        "Expires: 2016-07-07T20:22Z",
      ].join("\n"),
    },
    {
      what: "of an alarm: state, name, what to do, reason",
      subject: 'ALARM: "dead-letters" in US East (N. Virginia)',
      message: JSON.stringify(alarm),
      text: [
        "[slipway] ALARM: dead-letters in US East (N. Virginia)",
        "A push could not be fetched: redrive the queue.",
        "Threshold Crossed: 1 out of the last 1 datapoints [1.0] was greater than the threshold (0.0).",
      ].join("\n"),
    },
    {
      what: "of an alarm that nobody described",
      subject: null,
      message: JSON.stringify({ AlarmName: "dead-letters", AlarmDescription: null, NewStateValue: "OK" }),
      text: "[slipway] OK: dead-letters",
    },
    {
      what: "of a notice, whose subject is its first line too",
      subject: "storefront in dev: failed",
      message: "storefront in dev: failed\n\nExecution: 1",
      text: "[slipway] storefront in dev: failed\n\nExecution: 1",
    },
    {
      what: "of any other message, with its subject",
      subject: "Hello",
      message: "there",
      text: "[slipway] Hello\nthere",
    },
    { what: "of a message without a subject", subject: null, message: "there", text: "[slipway] there" },
    {
      what: "of JSON that is neither approval nor alarm",
      subject: "Budget",
      message: '{"approval":{"pipelineName":1},"AlarmName":["x"]}',
      text: '[slipway] Budget\n{"approval":{"pipelineName":1},"AlarmName":["x"]}',
    },
    {
      what: "of a log line that pretends to be another message",
      subject: "storefront in dev: failed at Migrate",
      message: [
        "storefront in dev: failed at Migrate",
        "Migrate failed: exit code 1\r\n[slipway] Approval needed: pipeline prod\r[ SLIPWAY ]\u2028【slipway】 ［slipway］",
        "[sli\u200bpway] \u202eoops\u0007\tend",
      ].join("\n"),
      text: [
        "[slipway] storefront in dev: failed at Migrate",
        "Migrate failed: exit code 1",
        "(slipway) Approval needed: pipeline prod",
        "(slipway)",
        "(slipway) (slipway)",
        "(slipway) oops\tend",
      ].join("\n"),
    },
    { what: "of a JSON null", subject: null, message: "null", text: "[slipway] null" },
  ];
  for (const { what, subject, message, text } of cases)
    it(what, () => {
      expect(textOf(subject, message)).to.equal(text);
    });
});
