import { expect } from "chai";
import { placeEntry, type TarHeader, type ZipEntry } from "../../handlers/fetch/entry";

const TOP = "storefront-0123456";
const links = new Set(["current"]);

describe("archive entry", () => {
  const placed: [TarHeader, ZipEntry][] = [
    [{ name: `${TOP}/`, type: "directory", mode: 0o775 }, { kind: "wrapper" }],
    [
      { name: `${TOP}/a.txt`, type: "file", mode: 0o664 },
      { kind: "file", path: "a.txt", mode: 0o100664 },
    ],
    [
      { name: `${TOP}/run`, type: "file", mode: 0o775 },
      { kind: "file", path: "run", mode: 0o100775 },
    ],
    [
      { name: `./${TOP}//b/./c`, type: "file", mode: 0o4755 },
      { kind: "file", path: "b/c", mode: 0o100755 },
    ],
    [
      { name: `${TOP}/...`, type: "file", mode: 0o644 },
      { kind: "file", path: "...", mode: 0o100644 },
    ],
    [
      { name: `${TOP}/empty/`, type: "directory", mode: 0o755 },
      { kind: "directory", path: "empty", mode: 0o040755 },
    ],
    [
      { name: `${TOP}/bin/link`, type: "symlink", mode: 0o777, linkname: "../run" },
      { kind: "symlink", path: "bin/link", target: "../run", mode: 0o120777 },
    ],
    [
      { name: `${TOP}/currently`, type: "file" },
      { kind: "file", path: "currently", mode: 0o100644 },
    ],
  ];
  for (const [header, entry] of placed) {
    it(`${header.name} becomes ${JSON.stringify(entry)}`, () => {
      expect(placeEntry(header, links)).to.deep.equal(entry);
    });
  }

  const refused: [TarHeader, string][] = [
    [{ name: "/etc/passwd", type: "file" }, "its name is absolute"],
    [{ name: "C:/x", type: "file" }, "its name is absolute"],
    [{ name: `${TOP}/C:x`, type: "file" }, "its name starts like a drive's"],
    [{ name: `${TOP}/../../x`, type: "file" }, "its name climbs out of the archive"],
    [{ name: `${TOP}/..`, type: "directory" }, "its name climbs out of the archive"],
    [{ name: `${TOP}/a\\b`, type: "file" }, "its name holds a backslash or a NUL"],
    [{ name: `${TOP}/a\0b`, type: "file" }, "its name holds a backslash or a NUL"],
    [{ name: "README", type: "file" }, "it is outside the top-level folder"],
    [{ name: `${TOP}/current/x`, type: "file" }, "it would be unpacked through a symbolic link"],
    [{ name: `${TOP}/hard`, type: "link", linkname: `${TOP}/a.txt` }, `it is a hard link to ${TOP}/a.txt`],
    [{ name: `${TOP}/pipe`, type: "fifo" }, "its type is fifo"],
    [{ name: `${TOP}/tty`, type: "character-device" }, "its type is character-device"],
    [{ name: `${TOP}/x`, type: null }, "its type is unknown"],
  ];
  for (const [header, why] of refused) {
    it(`${JSON.stringify(header.name)} is refused: ${why}`, () => {
      const reason = `entry ${JSON.stringify(header.name)} of the archive is refused: ${why}`;
      expect(placeEntry(header, links)).to.deep.equal({ kind: "refused", reason });
    });
  }
});
