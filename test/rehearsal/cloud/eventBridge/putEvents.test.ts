import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { expect } from "chai";
import { createEventBridge } from "../../../../rehearsal/cloud/eventBridge";
import { createSns } from "../../../../rehearsal/cloud/sns";
import { namedRefusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { isKind } from "../lambda/support";

const BUS = "arn:aws:events:us-east-1:123456789012:event-bus/default";

describe("What functions put on EventBridge's bus", () => {
  let cloud: TestCloud;
  let client: EventBridgeClient;

  beforeEach(async () => {
    cloud = await createTestCloud([createEventBridge, createSns]);
    const role = await cloud.role("sender", "lambda.amazonaws.com", [
      {
        Effect: "Allow",
        Action: "events:PutEvents",
        Resource: BUS,
        Condition: { "ForAllValues:StringLike": { "events:source": ["aws.*", "acme.*"] } },
      },
    ]);
    client = new EventBridgeClient(await cloud.clientOptions("lambda.amazonaws.com", role));
  });
  afterEach(() => {
    client.destroy();
    return cloud.close();
  });

  const entry = (more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
    Source: "acme.shop",
    DetailType: "Sale",
    Detail: "{}",
    Time: new Date(cloud.clock.now()),
    ...more,
  });
  const put = (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries }));

  it("reaches the rules that wait for it, each entry for itself, and nothing in the name of AWS", async () => {
    const topic = await cloud.declare("aws:sns/topic:Topic", "sales", { name: "sales" });
    await cloud.declare("aws:cloudwatch/eventRule:EventRule", "sales", {
      name: "sales",
      eventPattern: '{"source":["acme.shop","aws.codepipeline"]}',
    });
    await cloud.declare("aws:cloudwatch/eventTarget:EventTarget", "sales", { rule: "sales", arn: topic.outputs.arn });
    const called = cloud.until(isKind("rule"));
    const { Entries = [], FailedEntryCount } = await put(
      entry({ Source: "aws.codepipeline" }),
      entry({ Detail: "[]" }),
      entry({ Detail: "{" }),
      entry({ DetailType: "" }),
      entry(),
    );
    expect(FailedEntryCount).to.equal(4);
    expect(Entries.slice(0, 4)).to.deep.equal([
      { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." },
      { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." },
      { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." },
      {
        ErrorCode: "InvalidArgument",
        ErrorMessage: "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
      },
    ]);
    expect(Entries[4]?.EventId).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await called).to.deep.equal({ kind: "rule", rule: "sales", target: topic.outputs.arn });
    expect(cloud.trail.filter((it) => it.operation === "Publish").length).to.equal(1);
  });

  const refusals: [what: string, entries: () => PutEventsRequestEntry[], message: RegExp][] = [
    [
      "eleven entries",
      () => Array.from({ length: 11 }, () => entry()),
      /^ValidationException: 1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10$/,
    ],
    [
      "another bus",
      () => [entry({ EventBusName: "acme" })],
      /^NotSimulated: The event bus acme is not simulated: only default is\.$/,
    ],
    [
      "a source that the role may not use",
      () => [entry(), entry({ Source: "globex.shop" })],
      /^AccessDeniedException: .* is not authorized to perform: events:PutEvents on resource: arn:aws:events:us-east-1:123456789012:event-bus\/default\. /,
    ],
  ];
  for (const [what, entries, message] of refusals)
    it(`is refused whole with ${what}`, async () => {
      expect(await namedRefusal(put(...entries()))).to.match(message);
    });
});
