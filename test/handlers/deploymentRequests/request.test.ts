import { expect } from "chai";
import { readDeployment } from "../../../handlers/deploymentRequests/request";

const tag = "an image tag: at most 128 letters, digits and . _ -, not starting with . or -";

describe("request for a deployment", () => {
  const table: [string, unknown, object][] = [
    [
      "an application and a version",
      { application: "storefront", version: "0f3a-1.2_x" },
      { kind: "wanted", application: "storefront", version: "0f3a-1.2_x" },
    ],
    [
      "a version as long as a tag can be",
      { application: "storefront", version: "v".repeat(128) },
      { kind: "wanted", application: "storefront", version: "v".repeat(128) },
    ],
    [
      "a version that is longer",
      { application: "storefront", version: "v".repeat(129) },
      { kind: "refused", field: "version", reason: `version is malformed, expected ${tag}` },
    ],
    [
      "a digest for a version",
      { application: "storefront", version: `sha256:${"b".repeat(64)}` },
      { kind: "refused", field: "version", reason: `version is malformed, expected ${tag}` },
    ],
    [
      "a version that begins with a dot",
      { application: "storefront", version: ".v1" },
      { kind: "refused", field: "version", reason: `version is malformed, expected ${tag}` },
    ],
    [
      "a version that ends in a new line",
      { application: "storefront", version: "v1\n" },
      { kind: "refused", field: "version", reason: `version is malformed, expected ${tag}` },
    ],
    [
      "no version",
      { application: "storefront" },
      { kind: "refused", field: "version", reason: `version is missing, expected ${tag}` },
    ],
    [
      "a number for a version",
      { application: "storefront", version: 7 },
      { kind: "refused", field: "version", reason: `version is not a string, expected ${tag}` },
    ],
    [
      "no application",
      { version: "v1" },
      { kind: "refused", field: "application", reason: "application is missing, expected the name of an application" },
    ],
    [
      "an application without a name",
      { application: "", version: "v1" },
      {
        kind: "refused",
        field: "application",
        reason: "application is malformed, expected the name of an application",
      },
    ],
    [
      "null for an application",
      { application: null, version: "v1" },
      {
        kind: "refused",
        field: "application",
        reason: "application is not a string, expected the name of an application",
      },
    ],
    [
      "a field that it does not know",
      { application: "storefront", version: "v1", force: true },
      { kind: "refused", field: "force", reason: "unknown field: the body takes application and version" },
    ],
    ...[[], null, "storefront", 7].map((value): [string, unknown, object] => [
      JSON.stringify(value),
      value,
      { kind: "refused", reason: 'the body is not a JSON object: send {"application": …, "version": …}' },
    ]),
  ];
  for (const [what, value, verdict] of table) {
    it(`with ${what} is read as ${JSON.stringify(verdict).slice(0, 60)}`, () => {
      expect(readDeployment(value)).to.deep.equal(verdict);
    });
  }
});
