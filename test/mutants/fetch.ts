import type { Mutant } from "./mutant";

const archive: Mutant[] = [
  {
    name: "fetch: a path may lead out of the archive",
    file: "handlers/fetch/entry.ts",
    find: 'parts.includes("..")',
    replace: "false",
    tests: ["test/handlers/fetch/entry.test.ts"],
  },
  {
    name: "fetch: a symbolic link becomes a file",
    file: "handlers/fetch/entry.ts",
    find: '{ kind: "symlink", path, mode: SYMLINK | 0o777 }',
    replace: '{ kind: "file", path, mode: FILE | 0o644 }',
    tests: ["test/handlers/fetch/entry.test.ts"],
  },
  {
    name: "fetch: a file may lie behind a symbolic link",
    file: "handlers/fetch/entry.ts",
    find: "leaf !== undefined && entry",
    replace: 'leaf?.kind === "file" && entry',
    tests: ["test/handlers/fetch/entry.test.ts"],
  },
  {
    name: "fetch: an archive may contain a path twice",
    file: "handlers/fetch/entry.ts",
    find: "if (entry.key === previous.key) {",
    replace: "if (false) {",
    tests: ["test/handlers/fetch/entry.test.ts"],
  },
  {
    name: "fetch: encrypted entries are accepted",
    file: "handlers/fetch/entry.ts",
    find: "flags & ENCRYPTED",
    replace: "false",
    tests: ["test/handlers/fetch/entry.test.ts"],
  },
  {
    name: "fetch: checksums are not compared",
    file: "handlers/fetch/content.ts",
    find: "found.crc32 !== content.crc32",
    replace: "false",
    tests: ["test/handlers/fetch/damaged.test.ts"],
  },
  {
    name: "fetch: an archive may unpack to any size",
    file: "handlers/fetch/directory.ts",
    find: "content > CONTENT_LIMIT",
    replace: "false",
    tests: ["test/handlers/fetch/archive.test.ts", "test/handlers/fetch/damaged.test.ts"],
  },
  {
    name: "fetch: a download of any size is written to the disk",
    file: "handlers/fetch/spool.ts",
    find: "size > limit",
    replace: "false",
    tests: ["test/handlers/fetch/archive.test.ts", "test/handlers/fetch/damaged.test.ts"],
  },
  {
    name: "fetch: a bucket without versioning is accepted",
    file: "handlers/fetch/upload.ts",
    find: '!versionId || versionId === "null"',
    replace: "!versionId",
    tests: ["test/handlers/fetch/upload.test.ts", "test/callbacks/fetch.test.ts"],
  },
];

const delivery: Mutant[] = [
  {
    name: "fetch: a commit of a fork or of another branch is delivered",
    file: "handlers/fetch/decision.ts",
    find: 'return { kind: "refuse", reason, head: standing.head };',
    replace: 'return { kind: "copy" };',
    tests: ["test/handlers/fetch/decision.test.ts"],
  },
  {
    name: "fetch: any commit counts as part of the branch's history",
    file: "handlers/poll/history.ts",
    find: "return answer.includes(",
    replace: "return answer.length > 0 || answer.includes(",
    tests: ["test/handlers/poll/history.test.ts"],
  },
  {
    name: "fetch: a commit whose message is late replaces a newer one",
    file: "handlers/fetch/decision.ts",
    find: "standing.passed || archive?.before === commit",
    replace: "archive?.before === commit",
    tests: ["test/handlers/fetch/decision.test.ts"],
  },
  {
    name: "fetch: an archive that another invocation has written is overwritten",
    file: "handlers/fetch/conditional.ts",
    find: "{ IfMatch: etag }",
    replace: "{}",
    tests: ["test/callbacks/fetch.test.ts", "test/callbacks/fetchRetry.test.ts"],
  },
  {
    name: "fetch: the forge's token is sent to the host of a redirect",
    file: "handlers/fetch/redirects.ts",
    find: "if (next.origin !== address.origin) {",
    replace: "if (false) {",
    tests: ["test/callbacks/fetchForges.test.ts"],
  },
  {
    name: "fetch: a redirect may lead from HTTPS to HTTP",
    file: "handlers/fetch/redirects.ts",
    find: ' && from.protocol === "http:"',
    replace: "",
    tests: ["test/handlers/fetch/redirects.test.ts"],
  },
  {
    name: "fetch: a commit that the forge does not show yet is given up at once",
    file: "handlers/fetch/retry.ts",
    find: "receives < PATIENCE",
    replace: "false",
    tests: ["test/handlers/fetch/retry.test.ts"],
  },
  {
    name: "fetch: pushes behind one that failed are taken as delivered",
    file: "handlers/fetch/index.ts",
    find: "Records.slice(index).map(",
    replace: "[record].map(",
    tests: ["test/callbacks/fetchRetry.test.ts"],
  },
  {
    name: "fetch: a repeated message starts the pipeline again",
    file: "handlers/fetch/start.ts",
    find: ".update(versionId)",
    replace: ".update(String(Math.random()))",
    tests: ["test/callbacks/fetch.test.ts"],
  },
  {
    name: "fetch: the pipeline takes the newest archive instead of the fetched one",
    file: "handlers/fetch/start.ts",
    find: "...(source.overridable && { sourceRevisions: [revision] }),",
    replace: "",
    tests: ["test/callbacks/fetch.test.ts"],
  },
];

export const fetching: Mutant[] = [...archive, ...delivery];
