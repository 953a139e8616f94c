import { expect } from "chai";
import { noticeOf } from "../../../handlers/deploy/outcomeNotice";
import type { DeploymentRecord } from "../../../handlers/shared/records/record";
import { IMAGE } from "./ecs";

const record: DeploymentRecord = {
  id: "11111111-2222-3333-4444-555555555555",
  application: "storefront",
  version: "v2",
  image: IMAGE,
  state: "inProgress",
  requestedAt: "2026-01-05T10:00:00.000Z",
  updatedAt: "2026-01-05T10:00:00.000Z",
  until: 1_767_611_700,
  round: 2,
};

describe("notice of a deployment by HTTP", () => {
  it("tells the cause of a failure", () => {
    const progress = { state: "failed", summary: "rolling back", cause: "storefront v2 was not deployed." } as const;
    expect(noticeOf(record, progress, "prod")).to.deep.equal({
      subject: "storefront in prod: deployment request for v2 failed",
      message: [
        "storefront in prod: deployment request for v2 failed",
        "",
        "Version: v2",
        `Image: ${IMAGE}`,
        "Deployment request: 11111111-2222-3333-4444-555555555555",
        "",
        "storefront v2 was not deployed.",
      ].join("\n"),
    });
  });

  it("has a subject that SNS takes, however long the version is", () => {
    const { subject } = noticeOf({ ...record, version: "v".repeat(128) }, { state: "succeeded" }, "dev");
    expect(subject).to.equal(`storefront in dev: deployment request for ${"v".repeat(54)}...`);
    expect(subject).to.have.length(99);
  });

  it("calls a commit in its subject as git abbreviates it", () => {
    const { subject, message } = noticeOf({ ...record, version: "0f".repeat(20) }, { state: "succeeded" }, "dev");
    expect(subject).to.equal("storefront in dev: deployment request for 0f0f0f0 succeeded");
    expect(message.split("\n")).to.include(`Version: ${"0f".repeat(20)}`);
  });
});
