import { createHash } from "node:crypto";
import { expect } from "chai";
import { bodyOf, markAgain, markerOf } from "../../images/gitops-pr/body";
import { branchOf, checkChange, messageOf, overlayFile, titleOf } from "../../images/gitops-pr/change";
import type { PullRequestRecord } from "../../images/gitops-pr/pullRequestRecord";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

const record: PullRequestRecord = {
  id: "0123456789abcdef0123456789abcdef",
  attempt: "attempt-1",
  service: "storefront",
  environment: "dev",
  revision: "0123456789abcdef0123456789abcdef01234567",
  image: `storefront=registry.acme.example/storefront@${digest}`,
  repository: "acme/storefront",
  state: "running",
  requestedAt: "2026-03-01T10:00:00.000Z",
  updatedAt: "2026-03-01T10:00:00.000Z",
  build: "https://circleci.com/gh/acme/storefront/42",
  buildNumber: "42",
  actor: "octocat",
};

const marker = "<!-- slipway requestedAt=2026-03-01T10:00:00.000Z id=0123456789abcdef0123456789abcdef -->";

describe("images/gitops-pr change", () => {
  it("names the branch after the change alone", () => {
    const hash = createHash("sha256")
      .update(JSON.stringify(["storefront", "dev", record.image]))
      .digest("hex");
    expect(branchOf(record)).to.equal(`slipway/storefront/dev/${hash.slice(0, 12)}`);
    expect(branchOf({ ...record, revision: "another", requestedAt: "later" } as typeof record)).to.equal(
      branchOf(record),
    );
    for (const other of [{ service: "backoffice" }, { environment: "prod" }, { image: "storefront:v2" }]) {
      expect(branchOf({ ...record, ...other })).not.to.equal(branchOf(record));
    }
  });

  it("knows the overlay's file, and the title", () => {
    expect(overlayFile(record)).to.equal("kustomize/storefront/overlays/dev/kustomization.yaml");
    expect(titleOf(record)).to.equal("storefront dev: sha256:0123456789ab");
  });

  it("gives no longer title than GitHub takes", () => {
    const names = { service: "s".repeat(100), environment: "e".repeat(100) };
    expect(titleOf({ ...names, image: `storefront:${"v".repeat(128)}` })).to.equal(
      `${names.service} ${names.environment}: ${"v".repeat(53)}`,
    );
  });

  it("writes the commit's message", () => {
    expect(messageOf(record)).to.equal(
      `storefront dev: sha256:0123456789ab\n\nImage: ${record.image}\nCommit: acme/storefront ${record.revision}\n` +
        "Build: https://circleci.com/gh/acme/storefront/42\n",
    );
  });

  const wrong: [field: Partial<PullRequestRecord>, message: string][] = [
    [{ service: "../base" }, 'the record\'s service "../base" is not a folder name'],
    [{ service: "a..b" }, 'the record\'s service "a..b" is not a folder name'],
    [{ environment: "dev/../prod" }, 'the record\'s environment "dev/../prod" is not a folder name'],
    [{ service: "storefront.lock" }, 'the record\'s service "storefront.lock" is not a folder name'],
    [{ environment: "" }, 'the record\'s environment "" is not a folder name'],
    [{ image: "storefront" }, 'image "storefront" cannot be set'],
  ];
  for (const [field, message] of wrong) {
    it(`refuses ${JSON.stringify(field)}`, () => {
      expect(() => checkChange({ ...record, ...field })).to.throw(Error, message);
    });
  }
  it("takes any other", () => {
    expect(() => checkChange({ ...record, service: "store.front_2", environment: "cn-north-1" })).not.to.throw();
  });
});

describe("images/gitops-pr body", () => {
  it("links commit and build", () => {
    expect(bodyOf(record, "https://github.acme.example")).to.equal(
      `- **Service:** \`storefront\`
- **Environment:** \`dev\`
- **Image:** \`${record.image}\`
- **Commit:** [acme/storefront@0123456789ab](https://github.acme.example/acme/storefront/commit/${record.revision})
- **Build:** [42](https://circleci.com/gh/acme/storefront/42)
- **Triggered by:** \`octocat\`

${marker}
`,
    );
  });

  const rows: { name: string; facts: Partial<PullRequestRecord>; row: string | RegExp; absent?: string }[] = [
    {
      name: "a version that is no commit",
      facts: { revision: "v1.2.3" },
      row: "- **Commit:** `acme/storefront@v1.2.3`\n",
    },
    {
      name: "an image's repository in the place of the source's",
      facts: { repository: "storefront" },
      row: "- **Commit:** `storefront@0123456789ab`\n",
    },
    {
      name: "a build without a number",
      facts: { buildNumber: undefined },
      row: "- **Build:** <https://circleci.com/gh/acme/storefront/42>\n",
    },
    {
      name: "a build whose address would end the link",
      facts: { build: "https://ci.acme.example/a)b>c d" },
      row: "- **Build:** [42](https://ci.acme.example/a%29b%3Ec%20d)\n",
    },
    { name: "a build that is no web page", facts: { build: "javascript:alert(1)" }, row: marker, absent: "Build:" },
    { name: "no build", facts: { build: undefined }, row: marker, absent: "Build:" },
    { name: "nobody", facts: { actor: undefined }, row: marker, absent: "Triggered by" },
    {
      name: "somebody who would be mentioned",
      facts: { actor: "`@acme/everybody`\n# Merge" },
      row: "- **Triggered by:** `@acme/everybody# Merge`\n",
    },
  ];
  for (const { name, facts, row, absent } of rows) {
    it(`tells of ${name}`, () => {
      const body = bodyOf({ ...record, ...facts }, "https://github.com");
      expect(body).to.contain(row);
      if (absent !== undefined) {
        expect(body).not.to.contain(absent);
      }
    });
  }

  it("reads its own marker, wherever it stands", () => {
    const mark = { requestedAt: "2026-03-01T10:00:00.000Z", id: record.id };
    expect(markerOf(bodyOf(record, "https://github.com"))).to.deep.equal(mark);
    expect(markerOf(`What I think.\r\n${marker}\r\nMore.`)).to.deep.equal(mark);
    expect(markerOf("What I think.")).to.equal(undefined);
  });

  const other = { requestedAt: "2026-03-02T00:00:00.000Z", id: "f".repeat(32) };
  const otherMarker = `<!-- slipway requestedAt=2026-03-02T00:00:00.000Z id=${"f".repeat(32)} -->`;

  it("means the last of several markers", () => {
    expect(markerOf(`${marker} ${marker}\n${otherMarker}\nMore.`)).to.deep.equal(other);
    const again = markAgain(`${otherMarker}\n${otherMarker}\nMore.`, record);
    expect(again).to.equal(`${otherMarker}\n${marker}\nMore.`);
  });

  it("puts another marker in its place, and leaves the rest", () => {
    expect(markAgain(`Mine.\n${marker}\nMore.`, other)).to.equal(`Mine.\n${otherMarker}\nMore.`);
    expect(markAgain("Mine.\n", other)).to.equal(`Mine.\n\n${otherMarker}\n`);
  });
});
