import { awsError } from "../service";

type Expects = "size" | "data" | "data end" | "trailer" | "nothing";

/**
 * Decodes the `aws-chunked` content encoding. The SDK uses it for bodies whose checksum is known only at the end:
 * chunks with their size in hexadecimal, an empty chunk, and the trailers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 *
 * @param trailers receives the trailers by lower-case name, once the last chunk has been read.
 * @throws AwsError IncompleteBody if the body ends early or is malformed
 */
export async function* decodeChunks(
  source: AsyncIterable<Buffer>,
  trailers: Record<string, string>,
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let expects: Expects = "size";
  let remaining = 0;

  function takeLine(): string | undefined {
    const end = rest.indexOf("\r\n");
    if (end < 0) return undefined;
    const line = rest.toString("latin1", 0, end);
    rest = rest.subarray(end + 2);
    return line;
  }

  function readLine(line: string): Expects {
    if (expects === "size") {
      // A signed chunk starts with `size;chunk-signature=…`.
      remaining = Number.parseInt(line, 16);
      if (Number.isNaN(remaining)) throw incomplete("a chunk's size is not hexadecimal");
      return remaining === 0 ? "trailer" : "data";
    }
    if (expects === "data end") {
      if (line !== "") throw incomplete("a chunk is longer than its size says");
      return "size";
    }
    if (line === "") return "nothing";
    const colon = line.indexOf(":");
    trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    return "trailer";
  }

  for await (const piece of source) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    while (rest.length > 0 && expects !== "nothing") {
      if (expects === "data") {
        const data = rest.subarray(0, remaining);
        rest = rest.subarray(data.length);
        remaining -= data.length;
        if (remaining === 0) expects = "data end";
        yield data;
      } else {
        const line = takeLine();
        if (line === undefined) break;
        expects = readLine(line);
      }
    }
  }
  if (expects !== "nothing") throw incomplete("it ends before its last chunk");
}

function incomplete(why: string) {
  return awsError("IncompleteBody", `The request body is not a whole aws-chunked body: ${why}.`);
}
