import { expect } from "chai";
import { parse } from "yaml";
import { parseImage, shortVersion } from "../../images/gitops-pr/imageArgument";
import { setImage } from "../../images/gitops-pr/kustomization";
import { digest, documented, refusals } from "./kustomizeCases";

/** What stays as it is, in the text itself. */
const texts: { name: string; set: string; given: string; text: string }[] = [
  {
    name: "a tag: one line, and nothing of the rest",
    set: "storefront=*:v2",
    given: `# Storefront in development.
resources:
  - ../../base   # shared

images:
  # CI moves this one.
  - name: storefront
    newName: registry.acme.example/storefront # ours
    newTag: "v1"   # the version
  - name: 'sidecar'
    newTag: '1.10'
# The end.
`,
    text: `# Storefront in development.
resources:
  - ../../base   # shared

images:
  # CI moves this one.
  - name: storefront
    newName: registry.acme.example/storefront # ours
    newTag: "v2"   # the version
  - name: 'sidecar'
    newTag: '1.10'
# The end.
`,
  },
  {
    name: "a digest takes the tag's line",
    set: `a=r/a@${digest}`,
    given: "images:\n- name: a\n  newTag: v1 # as built\n  newName: r/a\n",
    text: `images:\n- name: a\n  digest: ${digest} # as built\n  newName: r/a\n`,
  },
  {
    name: "a tag takes the digest's line",
    set: "a=r/a:v1",
    given: `images:\n- digest: ${digest}\n  name: a\n  newName: r/a\n`,
    text: "images:\n- newTag: v1\n  name: a\n  newName: r/a\n",
  },
  {
    name: "a digest beside a tag goes when a tag is set",
    set: "a:v2",
    given: `images:\n- digest: ${digest} # pinned\n  name: a\n  newName: r/a\n  newTag: v1\nnamePrefix: x-\n`,
    text: "images:\n- name: a\n  newTag: v2\nnamePrefix: x-\n",
  },
  {
    name: "a suffix of the tag goes, as kustomize's argument has none",
    set: "a:v2",
    given: "images:\n- name: a\n  newTag: v1\n  tagSuffix: -arm\n",
    text: "images:\n- name: a\n  newTag: v2\n",
  },
  {
    name: "an absent entry comes last, in the list's indentation, and comments stay with what they follow",
    set: "a=r/a:v1",
    given: "images:\n    - name: b # first\n      newTag: v1 # of b\n    # about nothing\nnamePrefix: x-\n",
    text: "images:\n    - name: b # first\n      newTag: v1 # of b\n    - name: a\n      newName: r/a\n      newTag: v1\n    # about nothing\nnamePrefix: x-\n",
  },
  {
    name: "no images",
    set: "a:v1",
    given: "resources:\n- ../../base\n# end\n",
    text: "resources:\n- ../../base\n# end\nimages:\n- name: a\n  newTag: v1\n",
  },
  {
    name: "no images, indented as the other lists are",
    set: "a:v1",
    given: "resources:\n  - ../../base\n",
    text: "resources:\n  - ../../base\nimages:\n  - name: a\n    newTag: v1\n",
  },
  {
    name: "no images, and no newline at the end",
    set: "a:v1",
    given: "resources: [../../base]",
    text: "resources: [../../base]\nimages:\n- name: a\n  newTag: v1\n",
  },
  { name: "an empty file", set: "a:v1", given: "", text: "images:\n- name: a\n  newTag: v1\n" },
  { name: "nothing but a comment", set: "a:v1", given: "# later", text: "# later\nimages:\n- name: a\n  newTag: v1\n" },
  {
    name: "a file that ends with ---",
    set: "a:v1",
    given: "resources:\n- ../../base\n---\n",
    text: "resources:\n- ../../base\nimages:\n- name: a\n  newTag: v1\n---\n",
  },
  {
    name: "a file that begins and ends with ---, and has the entry",
    set: "a:v2",
    given: "---\nimages:\n- name: a\n  newTag: v1\n--- # the end\n# really",
    text: "---\nimages:\n- name: a\n  newTag: v2\n--- # the end\n# really",
  },
  {
    name: "a file that ends with --- behind a block of text",
    set: "a:v1",
    given: "patches:\n- patch: |\n    ---\n    kind: x\n---",
    text: "patches:\n- patch: |\n    ---\n    kind: x\nimages:\n- name: a\n  newTag: v1\n---",
  },
  {
    name: "an empty file of two lines ---",
    set: "a:v1",
    given: "---\n---\n",
    text: "---\nimages:\n- name: a\n  newTag: v1\n---\n",
  },
  {
    name: "images without a value",
    set: "a:v1",
    given: "images: # to come\nnamePrefix: x-\n",
    text: "images: # to come\n- name: a\n  newTag: v1\nnamePrefix: x-\n",
  },
  {
    name: "an empty list",
    set: "a:v1",
    given: "images: []\nnamePrefix: x-\n",
    text: "images:\n- name: a\n  newTag: v1\nnamePrefix: x-\n",
  },
  {
    name: "an empty list with a comment",
    set: "a:v1",
    given: "images: [] # none\n",
    text: "images: [{ name: a, newTag: v1 }] # none\n",
  },
  {
    name: "entries within braces",
    set: "a=r/a:v2",
    given: "images:\n- {name: a, newTag: 'v1'}\n- {name: b}\n",
    text: "images:\n- {name: a, newTag: 'v2', newName: 'r/a'}\n- {name: b}\n",
  },
  {
    name: "a list within brackets",
    set: "c:v1",
    given: "images: [{name: a}, {name: b}]\n",
    text: "images: [{name: a}, {name: b}, { name: c, newTag: v1 }]\n",
  },
  {
    name: "fields within braces that go",
    set: "a:v2",
    given: `images: [{digest: ${digest}, newName: r/a, name: a, newTag: v1, tagSuffix: x}]\n`,
    text: "images: [{name: a, newTag: v2}]\n",
  },
  {
    name: "a file that is JSON",
    set: "b=r/b:v1",
    given: '{"resources": ["../base"], "images": [{"name": "a"}, {"name": "b", "newTag": "v0"}]}\n',
    text: '{"resources": ["../base"], "images": [{"name": "a"}, {"name": "b", "newTag": "v1", "newName": "r/b"}]}\n',
  },
  {
    name: "lines that end as on Windows",
    set: "b:v1",
    given: "images:\r\n- name: a\r\n  newTag: v1\r\n",
    text: "images:\r\n- name: a\r\n  newTag: v1\r\n- name: b\r\n  newTag: v1\r\n",
  },
  {
    name: "a field without a value",
    set: "a=r/a:v1",
    given: "images:\n- name: a\n  newTag:\n",
    text: "images:\n- name: a\n  newTag: v1\n  newName: r/a\n",
  },
  {
    name: "a number that is meant as a tag",
    set: "a:1.10",
    given: "images:\n- name: a\n  newTag: 1.10\n",
    text: 'images:\n- name: a\n  newTag: "1.10"\n',
  },
  {
    name: "one entry of two that have the name",
    set: "a:v3",
    given: "images:\n- name: a\n  newTag: v1\n- name: a # again\n  newTag: v2\n# about b\n- name: b\n",
    text: "images:\n- name: a\n  newTag: v3\n# about b\n- name: b\n",
  },
  {
    name: "a block's header comment and the comment after it",
    set: "a:v2",
    given: "images:\n- name: a\n  newTag: |- # ours\n    v1\n# about b\n- name: b\n",
    text: "images:\n- name: a\n  newTag: v2 # ours\n# about b\n- name: b\n",
  },
  {
    name: "a folded tag at the end of a file with Windows' lines",
    set: "a=r/a:v2",
    given: "images:\r\n- name: a\r\n  newTag: >-\r\n    v1\r\n",
    text: "images:\r\n- name: a\r\n  newTag: v2\r\n  newName: r/a\r\n",
  },
  {
    name: "the comment of a tag to come",
    set: "a:v2",
    given: "images:\n- name: a\n  newTag: # to come\n",
    text: "images:\n- name: a\n  newTag: v2 # to come\n",
  },
  {
    name: "images that are null",
    set: "a:v1",
    given: "images: ~ # none\nnamePrefix: x-\n",
    text: "images: # none\n- name: a\n  newTag: v1\nnamePrefix: x-\n",
  },
  {
    name: "a comment in an empty list",
    set: "a:v1",
    given: "images: [ # none\n]\n",
    text: "images: [{ name: a, newTag: v1 } # none\n]\n",
  },
  {
    name: "a document that ends with dots",
    set: "a:v1",
    given: "resources:\n- ../../base\n...\n# end\n",
    text: "resources:\n- ../../base\nimages:\n- name: a\n  newTag: v1\n...\n# end\n",
  },
  { name: "nothing but dashes", set: "a:v1", given: "---\n", text: "---\nimages:\n- name: a\n  newTag: v1\n" },
  {
    name: "a first field that goes, and an empty line",
    set: "a:v2",
    given: "images:\n- newName: r/a # ours\n\n  name: a\n  newTag: v1\n",
    text: "images:\n- name: a\n  newTag: v2\n",
  },
  {
    name: "a first field that goes, and a comment at the margin",
    set: "a:v2",
    given: "images:\n- newName: r/a\n# about a\n  name: a\n  newTag: v1\n",
    text: "images:\n-\n# about a\n  name: a\n  newTag: v2\n",
  },
  {
    name: "a second entry of the name, whose dash stands alone",
    set: "a:v2",
    given: "images:\n- name: a\n-\n  name: a\n  newTag: v1\n# about b\n- name: b\n",
    text: "images:\n- name: a\n  newTag: v2\n# about b\n- name: b\n",
  },
  {
    name: "a tag that is true to a parser of YAML 1.1",
    set: "a:on",
    given: "images:\n- name: a\n  newTag: on # the lights\n",
    text: 'images:\n- name: a\n  newTag: "on" # the lights\n',
  },
];

/** Tags that would be something else than a string to a parser of YAML 1.1 or 1.2 without quotes, and those that would not. */
const tags: [tag: string, written: string][] = [
  ["v1", "v1"],
  ["8.15.0", "8.15.0"],
  ["0123456789abcdef0123456789abcdef01234567", "0123456789abcdef0123456789abcdef01234567"],
  ["1234", '"1234"'],
  ["12e3456", '"12e3456"'],
  ["3.2e2", '"3.2e2"'],
  ["2026-01-31", '"2026-01-31"'],
  ["1_000", '"1_000"'],
  ["1e1_0", '"1e1_0"'],
  ["0B11", '"0B11"'],
  ["0x1f", '"0x1f"'],
  ["0o17", '"0o17"'],
  ["012", '"012"'],
  ["on", '"on"'],
  ["y", '"y"'],
  ["null", '"null"'],
];

describe("images/gitops-pr kustomization", () => {
  for (const { name, set, given = ["resources:", "- ../../base"], images } of documented) {
    it(`sets as kustomize documents it: ${name}`, () => {
      const before = given.join("\n");
      const after = set.reduce(setImage, before);
      const { images: _, ...rest } = parse(before);
      expect(parse(after)).to.deep.equal({ ...rest, images });
      expect(set.reduce(setImage, after)).to.equal(after);
    });
  }

  for (const { name, set, given, text } of texts) {
    it(`keeps the rest: ${name}`, () => {
      expect(setImage(given, set)).to.equal(text);
      expect(setImage(text, set)).to.equal(text);
    });
  }

  const placeholders: [name: string, written: string][] = [
    ["IMAGE", "IMAGE"],
    ["gcr.io/PROJECT_ID/IMAGE", "gcr.io/PROJECT_ID/IMAGE"],
    ["{{ image }}", '"{{ image }}"'],
    ["$(IMAGE)", '"$(IMAGE)"'],
    [".*", '".*"'],
    ["a:b@c", "a:b@c"],
  ];
  for (const [name, written] of placeholders) {
    it(`sets the entry of the placeholder ${name}, which is added or there`, () => {
      const set = (text: string, tag: string) => setImage(text, `${name}=ghcr.io/acme/storefront:${tag}`);
      const entry = (tag: string) =>
        `images:\n- name: ${written}\n  newName: ghcr.io/acme/storefront\n  newTag: ${tag}\n`;
      expect(set("", "v1")).to.equal(entry("v1"));
      expect(set(entry("v1"), "v2")).to.equal(entry("v2"));
    });
  }

  for (const [tag, written] of tags) {
    it(`writes tag ${tag} as ${written}`, () => {
      expect(setImage("images:\n- name: a\n", `a:${tag}`)).to.equal(`images:\n- name: a\n  newTag: ${written}\n`);
    });
  }

  for (const { name, set = "a:v2", given, message } of refusals) {
    it(`refuses ${name}`, () => {
      expect(() => setImage(given, set)).to.throw(Error, message);
    });
  }

  it("keeps the order in which kustomize would sort", () => {
    const text = "images:\n- name: c\n- name: a\n";
    expect(setImage(text, "b:v1")).to.equal("images:\n- name: c\n- name: a\n- name: b\n  newTag: v1\n");
  });
});

describe("images/gitops-pr imageArgument", () => {
  const versions: [argument: string, version: string][] = [
    ["a=r/a:v1.2.3", "v1.2.3"],
    ["a=r/a:0123456789abcdef0123456789abcdef01234567", "0123456789ab"],
    [`a=r/a:v1@${digest}`, "sha256:24a0c4b4a4c0"],
    ["a=localhost:5000/a", "localhost:5000/a"],
  ];
  for (const [argument, version] of versions) {
    it(`calls ${argument} ${version}`, () => {
      expect(shortVersion(parseImage(argument))).to.equal(version);
    });
  }

  it("keeps a new name that is the old one, as kustomize does", () => {
    expect(parseImage("a=a:v1")).to.deep.equal({ name: "a", newName: "a", newTag: "v1" });
  });
});
