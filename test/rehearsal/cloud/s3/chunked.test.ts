import { Readable } from "node:stream";
import { expect } from "chai";
import { decodeChunks } from "../../../../rehearsal/cloud/s3/chunked";

describe("decodeChunks", () => {
  async function decode(...pieces: string[]) {
    const trailers: Record<string, string> = {};
    const decoded: Buffer[] = [];
    const source = Readable.from(pieces.map((it) => Buffer.from(it)));
    for await (const piece of decodeChunks(source, trailers)) decoded.push(piece);
    return { body: Buffer.concat(decoded).toString(), trailers };
  }

  it("finds the same body and trailers wherever the stream is cut", async () => {
    const encoded = "4\r\nabcd\r\n3;chunk-signature=00\r\ne\r\n\r\n0\r\nX-Amz-Checksum-Crc32:AAAA\r\n\r\n";
    for (let cut = 0; cut <= encoded.length; cut++)
      expect(await decode(encoded.slice(0, cut), encoded.slice(cut))).to.deep.equal({
        body: "abcde\r\n",
        trailers: { "x-amz-checksum-crc32": "AAAA" },
      });
  });

  const broken: [string, string, string][] = [
    ["ends before its last chunk", "4\r\nabcd\r\n", "it ends before its last chunk"],
    ["ends within a chunk", "4\r\nab", "it ends before its last chunk"],
    ["has no size", "xyz\r\nabcd\r\n0\r\n\r\n", "a chunk's size is not hexadecimal"],
    ["is longer than it says", "2\r\nabcd\r\n0\r\n\r\n", "a chunk is longer than its size says"],
  ];
  for (const [what, encoded, why] of broken)
    it(`refuses a body that ${what}`, async () => {
      const failed = await decode(encoded).catch((error: Error) => error);
      expect(failed).to.be.an("error").with.property("name", "IncompleteBody");
      expect(failed).to.have.property("message").that.includes(why);
    });
});
