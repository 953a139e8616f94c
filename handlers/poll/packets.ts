import { failure } from "../shared/failure";

/** A packet of git's protocol: a line of text without its newline, or a marker between lines. */
export type Packet = { kind: "line"; text: string } | { kind: "flush" | "delimiter" | "end" };

// https://git-scm.com/docs/gitprotocol-common and gitprotocol-v2: the length is four hex digits, and includes them.
const HEADER = 4;
const LONGEST = 65_520;
const MARKS = ["flush", "delimiter", "end"] as const;

/** The line as a packet: `a\n` becomes `0006a\n`. */
export function packet(line: string): string {
  return `${(Buffer.byteLength(line) + HEADER).toString(16).padStart(HEADER, "0")}${line}`;
}

export const FLUSH = "0000";
export const DELIMITER = "0001";

/** @throws Failure with the byte at which the answer is invalid */
export function readPackets(answer: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < answer.length; ) {
    const length = lengthAt(answer, at);
    const mark = MARKS[length];
    if (mark !== undefined) {
      packets.push({ kind: mark });
      at += HEADER;
      continue;
    }
    if (at + length > answer.length) {
      throw malformed(at, `a packet of ${length} bytes begins, but only ${answer.length - at} bytes are left`);
    }
    packets.push({ kind: "line", text: answer.toString("utf8", at + HEADER, at + length).replace(/\n$/, "") });
    at += length;
  }
  return packets;
}

/** An answer's lines up to its first marker; `undefined` before it arrives. @throws Failure as {@link readPackets} */
export function readSection(answer: Buffer): string[] | undefined {
  const lines: string[] = [];
  for (let at = 0; at + HEADER <= answer.length; ) {
    const length = lengthAt(answer, at);
    if (MARKS[length] !== undefined) {
      return lines;
    }
    if (at + length > answer.length) {
      return undefined;
    }
    lines.push(answer.toString("utf8", at + HEADER, at + length).replace(/\n$/, ""));
    at += length;
  }
  return undefined;
}

function lengthAt(answer: Buffer, at: number): number {
  const digits = answer.toString("latin1", at, at + HEADER);
  const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
  // Three is the only length that is neither a marker nor long enough for the length itself.
  if (Number.isNaN(length) || length === HEADER - 1 || length > LONGEST) {
    throw malformed(at, `${JSON.stringify(digits)} is not a packet length`);
  }
  return length;
}

const malformed = (at: number, why: string) =>
  failure("SystemUnavailable", `its answer does not follow the git protocol: at byte ${at} ${why}`);
