export const digest = "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3";

/** What `kustomize edit set image` documents: its help, and the table of setimage_test.go. */
export const documented: { name: string; set: string[]; given?: string[]; images: Record<string, string>[] }[] = [
  {
    name: "the help's first example",
    set: ["postgres=eu.gcr.io/my-project/postgres:latest", `my-app=my-registry/my-app@${digest}`],
    images: [
      { name: "postgres", newName: "eu.gcr.io/my-project/postgres", newTag: "latest" },
      { digest, name: "my-app", newName: "my-registry/my-app" },
    ],
  },
  {
    name: "the help's second example",
    set: ["node:8.15.0", "mysql=mariadb", `alpine@${digest}`],
    images: [
      { name: "node", newTag: "8.15.0" },
      { name: "mysql", newName: "mariadb" },
      { digest, name: "alpine" },
    ],
  },
  {
    name: "a new name and a new tag",
    set: ["image1=my-image1:my-tag"],
    images: [{ name: "image1", newName: "my-image1", newTag: "my-tag" }],
  },
  {
    name: "a tag of digits stays a string",
    set: ["image1=my-image1:1234"],
    images: [{ name: "image1", newName: "my-image1", newTag: "1234" }],
  },
  {
    name: "a tag that looks like a number stays a string",
    set: ["image1=my-image1:3.2e2"],
    images: [{ name: "image1", newName: "my-image1", newTag: "3.2e2" }],
  },
  {
    name: "a new name and a digest",
    set: [`image1=my-image1@${digest}`],
    images: [{ digest, name: "image1", newName: "my-image1" }],
  },
  { name: "a new tag", set: ["image1:my-tag"], images: [{ name: "image1", newTag: "my-tag" }] },
  { name: "a digest", set: [`image1@${digest}`], images: [{ digest, name: "image1" }] },
  {
    name: "a tag and a digest",
    set: [`my-image1:my-tag@${digest}`],
    images: [{ digest, name: "my-image1", newTag: "my-tag" }],
  },
  {
    name: "a new name, a tag and a digest",
    set: [`image1=my-image1:my-tag@${digest}`],
    images: [{ digest, name: "image1", newName: "my-image1", newTag: "my-tag" }],
  },
  {
    name: "a new name at a registry with a port",
    set: ["ngnix=localhost:5000/my-project/ngnix"],
    images: [{ name: "ngnix", newName: "localhost:5000/my-project/ngnix" }],
  },
  {
    name: "a registry with a port, and a tag",
    set: ["ngnix=localhost:5000/my-project/ngnix:dev-01"],
    images: [{ name: "ngnix", newName: "localhost:5000/my-project/ngnix", newTag: "dev-01" }],
  },
  {
    name: "one of several images",
    set: ["image1=foo.bar.foo:8800/foo/image1:foo-bar"],
    given: [
      "images:",
      "- name: image1",
      "  newName: my-image1",
      "  newTag: my-tag",
      "- name: image2",
      "  newName: my-image2",
      "  newTag: my-tag2",
    ],
    images: [
      { name: "image1", newName: "foo.bar.foo:8800/foo/image1", newTag: "foo-bar" },
      { name: "image2", newName: "my-image2", newTag: "my-tag2" },
    ],
  },
  {
    name: "a file with patches",
    set: ["image1=foo.bar.foo:8800/foo/image1:foo-bar"],
    given: [
      "images:",
      "- name: image1",
      "  newName: my-image1",
      "  newTag: my-tag",
      "- name: image2",
      "  newName: my-image2",
      "  newTag: my-tag2",
      "patchesJson6902:",
      "- patch: |-",
      "    - op: remove",
      "      path: /spec/selector",
      "  target:",
      "    kind: Service",
      "    name: foo",
      "    version: v1",
    ],
    images: [
      { name: "image1", newName: "foo.bar.foo:8800/foo/image1", newTag: "foo-bar" },
      { name: "image2", newName: "my-image2", newTag: "my-tag2" },
    ],
  },
  {
    name: "just a new tag",
    set: ["image1:v1"],
    given: ["images:", "- name: image1", "  newTag: my-tag"],
    images: [{ name: "image1", newTag: "v1" }],
  },
  {
    name: "several images",
    set: ["image1=foo.bar.foo:8800/foo/image1:foo-bar", `image2=my-image2@${digest}`, "image3:my-tag"],
    given: [
      "images:",
      "- name: image1",
      "  newName: my-image1",
      "  newTag: my-tag1",
      "- name: image2",
      "  newName: my-image2",
      "  newTag: my-tag2",
      "- name: image3",
      "  newTag: my-tag",
    ],
    images: [
      { name: "image1", newName: "foo.bar.foo:8800/foo/image1", newTag: "foo-bar" },
      { digest, name: "image2", newName: "my-image2" },
      { name: "image3", newTag: "my-tag" },
    ],
  },
  {
    name: "a new tag, and the new name kept",
    set: ["image1=*:v1"],
    given: ["images:", "- name: image1", "  newName: foo.bar.foo:8800/foo/image1", "  newTag: my-tag"],
    images: [{ name: "image1", newName: "foo.bar.foo:8800/foo/image1", newTag: "v1" }],
  },
  {
    name: "a new name, and the tag kept",
    set: ["image1=my-image1:*"],
    given: ["images:", "- name: image1", "  newName: foo.bar.foo:8800/foo/image1", "  newTag: my-tag"],
    images: [{ name: "image1", newName: "my-image1", newTag: "my-tag" }],
  },
  {
    name: "new name and tag kept",
    set: ["image1=*:*"],
    given: ["images:", "- name: image1", "  newName: my-image1", "  newTag: my-tag"],
    images: [{ name: "image1", newName: "my-image1", newTag: "my-tag" }],
  },
  {
    name: "no asterisk as the new name of an image that has none",
    set: ["image1=*:v1"],
    given: ["images:", "- name: image1", "  newTag: my-tag"],
    images: [{ name: "image1", newTag: "v1" }],
  },
  { name: "no asterisk as the new name", set: ["image1=*:v1"], images: [{ name: "image1", newTag: "v1" }] },
  { name: "no asterisk as the tag", set: ["image1=my-image1:*"], images: [{ name: "image1", newName: "my-image1" }] },
  {
    name: "a digest, and the new name kept",
    set: [`image2=*@${digest}`],
    given: ["images:", "- name: image2", "  newName: my-image2", "  digest: sha256:abcdef12345"],
    images: [{ digest, name: "image2", newName: "my-image2" }],
  },
  {
    name: "a digest in the place of a tag, and the new name kept",
    set: [`image2=*@${digest}`],
    given: ["images:", "- name: image2", "  newName: my-image2", "  newTag: my-tag"],
    images: [{ digest, name: "image2", newName: "my-image2" }],
  },
  {
    name: "a new name, and the digest kept",
    set: ["image2=my-image2@*"],
    given: ["images:", `- digest: ${digest}`, "  name: image2", "  newName: foo.bar.foo:8800/foo/image1"],
    images: [{ digest, name: "image2", newName: "my-image2" }],
  },
];

const unusual =
  "its entry for image a cannot be set without changing something else: write it once, each field on its own line, without anchors";

/** What is not set, and why. */
export const refusals: { name: string; set?: string; given: string; message: string }[] = [
  {
    name: "no tag, no digest and no new name",
    set: "storefront",
    given: "",
    message: 'image "storefront" cannot be set: write name=newName:tag, name=newName@digest, name:tag or name@digest',
  },
  {
    name: "no name",
    set: "=:v1",
    given: "",
    message: 'image "=:v1" cannot be set: write name=newName:tag, name=newName@digest, name:tag or name@digest',
  },
  {
    name: "no YAML",
    given: "images: [",
    message:
      "it is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 10",
  },
  {
    name: "another document",
    given: "resources: []\n---\nimages: []\n",
    message: "it has another document after ---, which kustomize does not read: remove it",
  },
  {
    name: "a tag that is an alias of nothing",
    given: "images:\n- name: a\n  newTag: *latest\n",
    message:
      'it is not valid YAML: a value starts with *, which means something else in YAML: quote it, "*…" (at *latest)',
  },
  {
    name: "a suffix that starts with @",
    given: "nameSuffix: @x\n",
    message:
      'it is not valid YAML: a value starts with @, which means something else in YAML: quote it, "@…" (at line 1, column 13)',
  },
  {
    name: "a key twice",
    given: "images: []\nimages: []\n",
    message: "it is not valid YAML: Map keys must be unique at line 2, column 1",
  },
  {
    name: "no mapping",
    given: "- images\n",
    message: "it is not a mapping: a kustomization has fields such as resources and images",
  },
  {
    name: "images that are no list",
    given: "images:\n  a: v1\n",
    message: "its field images is not a list: write a list of entries, each with a name",
  },
  {
    name: "images as kustomize named them once",
    given: "imageTags:\n- name: a\n",
    message: "it has the field imageTags, which kustomize no longer supports: rename it to images",
  },
  {
    name: "an entry without a name",
    given: "images:\n- newTag: v1\n",
    message:
      "an entry in its images is an alias, is merged from an alias, or has no string as its name: write the entry out in full",
  },
  {
    name: "an entry that is an alias",
    given: "x: &a {name: a}\nimages:\n- *a\n",
    message:
      "an entry in its images is an alias, is merged from an alias, or has no string as its name: write the entry out in full",
  },
  {
    name: "a value that is used elsewhere too",
    given: "images:\n- name: a\n  newTag: &v v1\nnameSuffix: *v\n",
    message: unusual,
  },
  {
    name: "no images within braces",
    given: '{"resources": []}\n',
    message: 'it has no images and is written within braces: add "images": []',
  },
  {
    name: "an entry whose keys are marked by question marks, and gets a field more",
    given: "images:\n- ? name\n  : a\n",
    message: unusual,
  },
  {
    name: "an entry whose name is a number",
    given: "images:\n- name: 1\n",
    message:
      "an entry in its images is an alias, is merged from an alias, or has no string as its name: write the entry out in full",
  },
  {
    name: "a field that kustomize does not know",
    given: "images:\n- name: a\n  tag: v1\n",
    message: "its entry for image a has the field tag, which kustomize does not know: remove it",
  },
  {
    name: "a number that is to be kept as a tag",
    set: "a=r/a:*",
    given: "images:\n- name: a\n  newTag: 1.10\n",
    message: "newTag of image a is not a string: write it in quotes",
  },
  {
    name: "a tag that is a list",
    given: "images:\n- name: a\n  newTag: [v1]\n",
    message: "newTag of image a is not a string: write it in quotes",
  },
  {
    name: "a comment within braces beside a field that goes",
    given: "images:\n- {name: a, # ours\n   newName: r/a}\n",
    message: "a comment inside the braces or brackets of its images prevents the change: move it in front of them",
  },
  {
    name: "a document that is null",
    given: "null\n",
    message: "it is not a mapping: a kustomization has fields such as resources and images",
  },
];
