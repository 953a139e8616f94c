import { expect } from "chai";
import {
  findConflict,
  type PlacedPath,
  type Placement,
  placeEntry,
  type ZipRecord,
} from "../../../handlers/fetch/entry";

const TOP = "storefront-0123456";
const record = (change: Partial<ZipRecord>): ZipRecord => ({
  name: `${TOP}/a.txt`,
  mode: 0,
  flags: 0,
  method: 8,
  size: 0,
  ...change,
});

describe("archive entry", () => {
  const placed: [Partial<ZipRecord>, Placement][] = [
    [{ name: `${TOP}/` }, { kind: "wrapper" }],
    [{ name: `${TOP}/a.txt` }, { kind: "file", path: "a.txt", mode: 0o100644 }],
    [
      { name: `${TOP}/run`, mode: 0o100755 },
      { kind: "file", path: "run", mode: 0o100755 },
    ],
    [
      { name: `${TOP}/b/c`, mode: 0o104755 },
      { kind: "file", path: "b/c", mode: 0o100755 },
    ],
    [{ name: `${TOP}/...` }, { kind: "file", path: "...", mode: 0o100644 }],
    [
      { name: `${TOP}/empty/`, method: 0 },
      { kind: "directory", path: "empty", mode: 0o040755 },
    ],
    [
      { name: `${TOP}/empty/`, mode: 0o040700 },
      { kind: "directory", path: "empty", mode: 0o040700 },
    ],
    [
      { name: `${TOP}/bin/link`, mode: 0o120777, size: 6 },
      { kind: "symlink", path: "bin/link", mode: 0o120777 },
    ],
    ...[
      "x/run-acme\\x2dfoo.mount",
      "a:b",
      "c:/x",
      "C:",
      "\\",
      "a\nb",
      "-rf",
      " ",
      "Zo\u00c3\u00ab",
      "\u00e9",
      "con",
    ].map((path): [Partial<ZipRecord>, Placement] => [
      { name: `${TOP}/${path}` },
      { kind: "file", path, mode: 0o100644 },
    ]),
    [{ name: `${TOP}/${"n".repeat(255)}` }, { kind: "file", path: "n".repeat(255), mode: 0o100644 }],
  ];
  for (const [change, place] of placed) {
    const { name = "" } = change;
    it(`${JSON.stringify(name.slice(0, 40))} becomes ${JSON.stringify(place).slice(0, 80)}`, () => {
      expect(placeEntry(record(change), TOP)).to.deep.equal(place);
    });
  }

  const refused: [Partial<ZipRecord>, string][] = [
    [{ name: "/etc/passwd" }, "its name is absolute"],
    [{ name: `${TOP}/../../x` }, "its name points outside the archive"],
    [{ name: `${TOP}/../` }, "its name points outside the archive"],
    [{ name: `${TOP}/a\0b` }, "its name contains a NUL"],
    [{ name: `${TOP}/./a` }, "its name has an empty part or a dot between slashes"],
    [{ name: `${TOP}//a` }, "its name has an empty part or a dot between slashes"],
    [{ name: "" }, "its name has an empty part or a dot between slashes"],
    [{ name: `${TOP}/${"n".repeat(256)}` }, "a part of its name is longer than 255 bytes"],
    [{ name: `${TOP}/${"n/".repeat(2100)}` }, "its name is longer than 4095 bytes"],
    [{ name: "README" }, "it is outside the top-level folder"],
    [{ name: TOP }, "it is outside the top-level folder"],
    [{ name: "another/README" }, "it is outside the top-level folder"],
    [{ name: `${TOP}/pipe`, mode: 0o010644 }, "its file type is 010000"],
    [{ name: `${TOP}/tty`, mode: 0o020644 }, "its file type is 020000"],
    [{ name: `${TOP}/folder`, mode: 0o040755 }, "its mode is a folder's, its name is not"],
    [{ name: `${TOP}/link/`, mode: 0o120777 }, "its name is a folder's, its mode is not"],
    [{ name: `${TOP}/folder/`, size: 1 }, "it is a folder with content"],
    [{ name: `${TOP}/link`, mode: 0o120777, size: 4096 }, "it is a symbolic link to a path of more than 4095 bytes"],
    [{ flags: 1 }, "it is encrypted"],
    [{ method: 12 }, "its compression method is 12"],
  ];
  for (const [change, why] of refused) {
    const { name } = record(change);
    it(`${JSON.stringify(name.slice(0, 40))} is refused: ${why}`, () => {
      const shown = name.length > 300 ? `${name.slice(0, 300)}…` : name;
      const reason = `entry ${JSON.stringify(shown)} of the archive is refused: ${why}`;
      expect(placeEntry(record(change), TOP)).to.deep.equal({ kind: "refused", reason });
    });
  }
});

describe("entries of one archive", () => {
  const paths = (...entries: string[]): PlacedPath[] =>
    entries.map((entry) => {
      const [, kind, path = ""] = /^(\w+) (.*)$/s.exec(entry) ?? [];
      return { kind: kind as PlacedPath["kind"], path };
    });
  const conflicts: [string[], string][] = [
    [["file a", "file b", "file a"], '"a" of the archive is refused: the archive contains it twice'],
    [["directory a", "directory a"], '"a" of the archive is refused: the archive contains it twice'],
    [["symlink a", "symlink a"], '"a" of the archive is refused: the archive contains it twice'],
    [["symlink a", "file a"], '"a" of the archive is refused: it is both a symbolic link and a file'],
    [["file a", "directory a"], '"a" of the archive is refused: it is both a file and a folder'],
    [
      ["directory x", "file x/a", "symlink x"],
      '"x" of the archive is refused: it is both a folder and a symbolic link',
    ],
    [["symlink a", "file a-b", "file a/b"], '"a/b" of the archive is refused: it is inside a symbolic link'],
    [["file a/b/c/d", "file z", "symlink a/b"], '"a/b/c/d" of the archive is refused: it is inside a symbolic link'],
    [["file a", "directory a/b"], '"a/b" of the archive is refused: it is inside a file'],
  ];
  for (const [entries, reason] of conflicts) {
    it(`conflict if they are ${entries.join(", ")}`, () => {
      expect(findConflict(paths(...entries))).to.equal(`entry ${reason}`);
      expect(findConflict(paths(...entries).reverse())).to.match(new RegExp(`^entry ${reason.slice(0, 24)}`));
    });
  }

  it("do not conflict if they differ in case or in Unicode normalisation, which Linux and git tell apart", () => {
    const bytes = (text: string) => Buffer.from(text).toString("latin1");
    const names = [
      "README",
      "readme",
      "Readme",
      bytes("\u00e9"),
      bytes("e\u0301"),
      "a",
      "a-b/c",
      "a.b",
      "b/c",
      "b/d",
      "a\\b",
      "a:b",
    ];
    expect(findConflict(paths(...names.map((name) => `file ${name}`), "directory b", "symlink c"))).to.equal(undefined);
  });

  it("are compared in a second where looking up each ancestor of each path took many minutes", () => {
    const deep = Array.from({ length: 8_000 }, (_, index) => `file ${"d/".repeat(2_000)}${index}`);
    expect(findConflict(paths(...deep, "symlink d2"))).to.equal(undefined);
  });
});
